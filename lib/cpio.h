// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Strict reader of newc cpio archives (magic 070701): regular files, directories and symbolic links with clean relative names. Linear in
 * the archive; reads in place, copies nothing.
 *
 * Spec: Linux Documentation/driver-api/early-userspace/buffer-format.rst "initramfs buffer format"; cpio(5) "New ASCII Format".
 * What newc allows and this refuses: see cpio_check.
 */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

#define CPIO_NAME_MAX 255   /* bytes of a name, without its NUL */
#define CPIO_NAME_PAD_MAX 4096 /* NULs behind a name, besides its own: they move the content to where it is wanted */
#define CPIO_LINK_MAX 1023  /* bytes of what a symbolic link holds */
#define CPIO_ENTRY_MAX 4096 /* entries of an archive, without the trailer */

/* A file, a directory or a symbolic link. Both spans lie in the archive. */
struct cpio_entry {
	struct span name; /* without its NUL, which follows in the archive */
	struct span data; /* empty for a directory; of a link, the path that it holds */
	uint32_t mode;    /* as in the archive: type and permissions */
	uint32_t modified; /* seconds since 1970 */
	bool is_directory;
	bool is_link;
};

/* Where an iteration stands. Made by cpio_begin. */
struct cpio_cursor {
	struct span archive;
	size_t offset; /* of the next header */
};

/* An iteration from the first entry. Context: any. */
struct cpio_cursor cpio_begin(struct span archive);

/*
 * The next entry. Safe on an archive that was not checked: what it returns lies within it.
 *
 * Context: any. `*entry` borrows from the archive.
 * Returns STATUS_OK; STATUS_ENODATA at the trailer (the cursor then stands behind it); STATUS_EBADMSG where the archive is malformed at this place,
 * with `*why` a static string. After an error the cursor stays where it is.
 */
MUST_CHECK status_t cpio_next(struct cpio_cursor *cursor, struct cpio_entry *entry, const char **why);

/*
 * Whether a whole archive is well formed: each header (digits, sizes, alignment, zero padding), names (relative, no empty, "."
 * or ".." part, no control characters, at most CPIO_NAME_MAX long, with at most CPIO_NAME_PAD_MAX NULs more), no name twice, only regular files, directories
 * and symbolic links (which hold 1 to CPIO_LINK_MAX bytes, none 0; whoever follows one keeps it inside), at most CPIO_ENTRY_MAX of them, a trailer, and nothing but zero bytes behind it.
 *
 * Cost: linear where names ascend (the first entry apart), else quadratic in the number of entries.
 * Context: any.
 * Returns STATUS_OK, or STATUS_EBADMSG with `*why` a static string.
 */
MUST_CHECK status_t cpio_check(struct span archive, const char **why);

/*
 * The content of the regular file `name`.
 *
 * Context: any. `*data` borrows from the archive.
 * Returns STATUS_OK; STATUS_ENOENT where there is none of that name or it is no regular file; STATUS_EBADMSG where the archive is malformed before it.
 */
MUST_CHECK status_t cpio_find(struct span archive, struct span name, struct span *data);

/* Whether a name may stand in an archive, see cpio_check. Context: any. */
bool cpio_name_is_valid(struct span name);

#endif
