// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The header of a bundle (.rpk): the one thing of a bundle that is read before its signature holds, and therefore small and
 * without freedom. All integers little-endian:
 *
 *	   0  u8[8] magic "RUMPKRPK"
 *	   8  u32   version, 1
 *	  12  u32   header_bytes, 4096
 *	  16  u64   archive_bytes, not 0
 *	  24  u32   signature_bytes, 1..4064
 *	  28  u32   reserved, 0
 *	  32  signature text, signature_bytes long; then zero up to header_bytes
 *	4096  the archive, archive_bytes long, to the end of the file
 *
 * The header is a page, so that the archive is page aligned where the file is.
 */
#ifndef LIB_BUNDLE_H
#define LIB_BUNDLE_H

#include "lib/span.h"
#include "lib/status.h"

#define BUNDLE_MAGIC "RUMPKRPK"
#define BUNDLE_VERSION 1u
#define BUNDLE_HEADER_BYTES 4096u
#define BUNDLE_SIGNATURE_OFFSET 32u
#define BUNDLE_SIGNATURE_MAX (BUNDLE_HEADER_BYTES - BUNDLE_SIGNATURE_OFFSET)
#define BUNDLE_UNTRUSTED_COMMENT "untrusted comment: rumpk bundle signature"

/* Both spans lie in the file given to bundle_open. */
struct bundle {
	struct span signature; /* minisign signature text */
	struct span archive;   /* newc cpio, to be parsed only after the signature holds */
};

/*
 * Finds signature and archive in a bundle. Every byte of the header is checked to be the only one it may be, the lengths to fill
 * the file exactly; neither signature nor archive is looked at.
 *
 * Context: any. `out` borrows from `file`.
 * Returns STATUS_OK; STATUS_ENOTSUP for another version; STATUS_EBADMSG for everything else. On error `*why` is a static string.
 */
MUST_CHECK status_t bundle_open(struct span file, struct bundle *out, const char **why);

#endif
