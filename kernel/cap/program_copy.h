// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A program of a file system, copied whole before it is proven by the signature beside it: NAME.minisig. So what is proven is what runs, whatever becomes
 * of the file. For native programs and Linux ones.
 */
#ifndef KERNEL_CAP_PROGRAM_COPY_H
#define KERNEL_CAP_PROGRAM_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/io/fs/fs.h"
#include "lib/span.h"
#include "lib/status.h"

struct budget;

enum { PROGRAM_SIGNATURE_ROOM = 4096 };

/* `pages` one after the other, charged; the bytes of the file in them begin at a page boundary. */
struct program_copy {
	struct span file;
	uint64_t pages;
};

/* Whether a node can be a program: STATUS_ENOENT (NULL), STATUS_EISDIR, STATUS_ENOTSUP. */
MUST_CHECK status_t program_file_check(const struct fs_node *node);

/* Reads a file of at most `most` bytes. STATUS_EFBIG, also where it grows meanwhile; STATUS_ENOMEM, and what the file system says. Context: as its operation. */
MUST_CHECK status_t program_copy_read(struct fs_node *file, struct budget *budget, size_t most, struct program_copy *out);

/* Gives it back. Context: fiber or scheduler. */
void program_copy_free(const struct program_copy *copy, struct budget *budget);

/*
 * Reads the signature of the file `name` of a directory into `to`, which has room for `*bytes`; says how many there are. STATUS_ENOENT: there is
 * none; STATUS_ENAMETOOLONG, as program_file_check(), and what the file system says. Context: as its operation.
 */
MUST_CHECK status_t program_signature_read(struct fs_node *directory, struct span name, uint8_t *to, size_t *bytes);

/* Whether the signature is of this content, by a key that the image trusts; else STATUS_EKEYREJECTED, and the console says why. Context: fiber; yields. */
MUST_CHECK status_t program_prove(struct span content, struct span signature, struct span path);

/* The line that says why a program is refused. */
void program_refused(struct span path, const char *why);

#endif
