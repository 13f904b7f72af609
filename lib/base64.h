// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Canonical, padded base64. Spec: RFC 4648 §4 "Base 64 Encoding", §3.5 "Canonical Encoding". */
#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

/*
 * Decodes all of `text`, which must be the one canonical encoding of exactly `out_len` bytes: no whitespace, padding where
 * RFC 4648 wants it and nowhere else, unused bits zero. So two texts never decode to the same bytes.
 *
 * Context: any.
 * Returns STATUS_OK; STATUS_EINVAL where the length or a character is wrong (`out` then holds nothing of meaning).
 */
MUST_CHECK status_t base64_decode_strict(struct span text, uint8_t *out, size_t out_len);

#endif
