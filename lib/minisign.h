// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The file formats of minisign: signature text, raw public key, and the section of trusted keys in the kernel image. Only
 * formats: the cryptography is the caller's, so that this part is pure and needs no library.
 *
 * Spec: minisign 0.11, "Signature format", "Public key format" (https://jedisct1.github.io/minisign/).
 */
#ifndef LIB_MINISIGN_H
#define LIB_MINISIGN_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

#define MINISIGN_KEY_ID_BYTES 8
#define MINISIGN_KEY_BYTES 32
#define MINISIGN_SIGNATURE_BYTES 64
#define MINISIGN_PUBLIC_KEY_BYTES 42 /* what the base64 line of a .pub file decodes to */
#define MINISIGN_COMMENT_MAX 8192    /* bytes of a trusted comment, minisign's own limit */

/* A parsed signature. `key_id`, `signature` and `global` are copies, `trusted_comment` lies in the text. */
struct minisign_signature {
	uint8_t key_id[MINISIGN_KEY_ID_BYTES];
	uint8_t signature[MINISIGN_SIGNATURE_BYTES]; /* Ed25519 over BLAKE2b-512 of the data */
	struct span trusted_comment;                 /* without its "trusted comment: " */
	uint8_t global[MINISIGN_SIGNATURE_BYTES];    /* Ed25519 over signature || trusted_comment */
};

/* minisign's raw public key, byte for byte. */
struct minisign_public_key {
	uint8_t algorithm[2]; /* "Ed" */
	uint8_t key_id[MINISIGN_KEY_ID_BYTES];
	uint8_t key[MINISIGN_KEY_BYTES];
};

static_assert(sizeof(struct minisign_public_key) == MINISIGN_PUBLIC_KEY_BYTES, "raw public key");

#define MINISIGN_TRUSTED_KEY_DEVELOPMENT 0x01u

/* One slot of the key section: the raw key, then flags. An unused slot is all zero. */
struct minisign_trusted_key {
	struct minisign_public_key public_key;
	uint8_t flags; /* MINISIGN_TRUSTED_KEY_* */
	uint8_t zero[5];
};

static_assert(sizeof(struct minisign_trusted_key) == 48, "trusted key slot");
static_assert(offsetof(struct minisign_trusted_key, flags) == 42, "trusted key flags");

#define MINISIGN_KEY_SECTION_MAGIC "RUMPKKEY"
#define MINISIGN_KEY_SECTION_CAPACITY 8

/* The section of the kernel image that holds the trusted keys: tools fill it, found by its magic. Little-endian. */
struct minisign_key_section {
	uint8_t magic[8]; /* MINISIGN_KEY_SECTION_MAGIC, no NUL */
	uint32_t capacity; /* MINISIGN_KEY_SECTION_CAPACITY */
	uint32_t count;    /* slots in use, from slot 0 */
	struct minisign_trusted_key keys[MINISIGN_KEY_SECTION_CAPACITY];
};

static_assert(offsetof(struct minisign_key_section, keys) == 16, "key section header");
static_assert(sizeof(struct minisign_key_section) == 400, "key section");

/*
 * Parses the text of a prehashed minisign signature: exactly four lines, each ended by one LF, with nothing after them.
 *
 *	untrusted comment: ...        equal to `required_untrusted_comment`, byte for byte (given without the LF)
 *	base64 of "ED" key-id signature
 *	trusted comment: ...          printable: no control characters
 *	base64 of the global signature
 *
 * Both base64 lines are canonical, so that no byte of the text can change without a refusal here or a failed signature.
 *
 * Context: any. `out->trusted_comment` borrows from `text`; the rest is copied.
 * Returns STATUS_OK; STATUS_ENOTSUP for another algorithm than "ED"; STATUS_EINVAL for everything else. On error `*why` is a static
 * string, short enough for one log line.
 */
MUST_CHECK status_t minisign_signature_parse(struct span text, struct span required_untrusted_comment,
					     struct minisign_signature *out, const char **why);

/*
 * Parses a public key: its base64 line alone, without the LF.
 *
 * Context: any.
 * Returns STATUS_OK; STATUS_ENOTSUP where the algorithm is not "Ed"; STATUS_EINVAL where the base64 is not canonical or not 42 bytes.
 */
MUST_CHECK status_t minisign_public_key_parse(struct span text, struct minisign_public_key *out);

/*
 * Checks that a key section is well formed: magic, capacity, count, each used slot with "Ed", known flags and zero padding, no
 * key id twice, unused slots all zero. A section of no keys is well formed.
 *
 * Context: any.
 * Returns STATUS_OK, or STATUS_EINVAL with `*why` set to a static string.
 */
MUST_CHECK status_t minisign_key_section_check(const struct minisign_key_section *section, const char **why);

/* The trusted key with this id, or NULL. The section must have been checked. Context: any. */
const struct minisign_trusted_key *minisign_key_section_find(const struct minisign_key_section *section,
							     const uint8_t key_id[MINISIGN_KEY_ID_BYTES]);

#endif
