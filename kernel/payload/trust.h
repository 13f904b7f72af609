// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Whether a bundle may run: its minisign signature, by a key that this image trusts. Nothing of a bundle but header and
 * signature text is parsed before this says yes.
 *
 * Spec: minisign 0.11 signature format; RFC 8032 (Ed25519); RFC 7693 (BLAKE2b).
 */
#ifndef KERNEL_PAYLOAD_TRUST_H
#define KERNEL_PAYLOAD_TRUST_H

#include <stdbool.h>

#include "lib/minisign.h"
#include "lib/span.h"
#include "lib/status.h"

/* The keys that this image trusts: tools fill the section in the image file (tools/trust-key). */
extern const struct minisign_key_section trust_keys;

/* Checks the key section. A panic where it is malformed: the image was tampered with or filled wrongly. */
void trust_init(void);

/*
 * Proves `file` and tells where its archive is. STATUS_EKEYREJECTED where anything is not as it must be, `*why` saying which check failed.
 * Context: fiber; about 4 KiB of stack.
 */
MUST_CHECK status_t trust_verify(struct span file, struct span *archive, const char **why);

/*
 * The same for a file with its signature in another one, as `minisign -Sm` makes it. Yields now and then, for large files. Context: fiber;
 * about 4 KiB of stack.
 */
MUST_CHECK status_t trust_verify_file(struct span file, struct span signature_text, const char **why);

#endif
