// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/payload/trust.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_sign_ed25519.h>
#include <stddef.h>

#include "kernel/core/fiber.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "lib/bundle.h"
#include "lib/string.h"

enum { HASH_BYTES = 64, HASH_STEP_BYTES = 65536 };

void trust_init(void)
{
	const char *why = "";

	if (minisign_key_section_check(&trust_keys, &why) != STATUS_OK)
		panic("trust: the image's key section is broken: %s", why);
	log_print(LOG_TRUST, LOG_DEBUG, "%u trusted keys", trust_keys.count);
}

static bool signature_holds(const uint8_t *signature, const void *data, size_t len, const struct minisign_trusted_key *key)
{
	return crypto_sign_ed25519_verify_detached(signature, data, len, key->public_key.key) == 0;
}

static bool archive_is_signed(const struct minisign_signature *signature, struct span archive,
			      const struct minisign_trusted_key *key)
{
	uint8_t hash[HASH_BYTES];

	return crypto_generichash_blake2b(hash, sizeof(hash), archive.data, archive.len, NULL, 0) == 0 &&
	       signature_holds(signature->signature, hash, sizeof(hash), key);
}

/* The same where others want to run meanwhile. */
static bool file_is_signed(const struct minisign_signature *signature, struct span file, const struct minisign_trusted_key *key)
{
	crypto_generichash_blake2b_state state;
	uint8_t hash[HASH_BYTES];

	if (crypto_generichash_blake2b_init(&state, NULL, 0, sizeof(hash)) != 0)
		return false;
	for (size_t at = 0; at < file.len; at += HASH_STEP_BYTES) {
		size_t some = file.len - at < HASH_STEP_BYTES ? file.len - at : HASH_STEP_BYTES;

		if (crypto_generichash_blake2b_update(&state, file.data + at, some) != 0)
			return false;
		fiber_yield();
	}
	return crypto_generichash_blake2b_final(&state, hash, sizeof(hash)) == 0 &&
	       signature_holds(signature->signature, hash, sizeof(hash), key);
}

/* The global signature covers the first one and the trusted comment behind it. */
static bool comment_is_signed(const struct minisign_signature *signature, const struct minisign_trusted_key *key)
{
	uint8_t text[MINISIGN_SIGNATURE_BYTES + BUNDLE_SIGNATURE_MAX];
	size_t len = signature->trusted_comment.len;

	VERIFY(len <= BUNDLE_SIGNATURE_MAX);
	memcpy(text, signature->signature, MINISIGN_SIGNATURE_BYTES);
	memcpy(text + MINISIGN_SIGNATURE_BYTES, signature->trusted_comment.data, len);
	return signature_holds(signature->global, text, MINISIGN_SIGNATURE_BYTES + len, key);
}

/* Whose signature it is, and that data and comment are what was signed. */
static status_t signature_check(const struct minisign_signature *signature, struct span data,
				bool (*is_signed)(const struct minisign_signature *signature, struct span data,
						  const struct minisign_trusted_key *key),
				const char *altered, const char **why)
{
	const struct minisign_trusted_key *key = minisign_key_section_find(&trust_keys, signature->key_id);

	if (key == NULL)
		*why = trust_keys.count == 0 ? "this image trusts no key" : "signed by a key that this image does not trust";
	else if (!is_signed(signature, data, key))
		*why = altered;
	else if (!comment_is_signed(signature, key))
		*why = "the trusted comment was altered";
	else
		return STATUS_OK;
	return STATUS_EKEYREJECTED;
}

status_t trust_verify(struct span file, struct span *archive, const char **why)
{
	static const char untrusted_comment[] = BUNDLE_UNTRUSTED_COMMENT;
	struct bundle bundle;
	struct minisign_signature signature;

	if (bundle_open(file, &bundle, why) != STATUS_OK ||
	    minisign_signature_parse(bundle.signature, span_of(untrusted_comment, sizeof(untrusted_comment) - 1), &signature,
				     why) != STATUS_OK)
		return STATUS_EKEYREJECTED;
	*archive = bundle.archive;
	return signature_check(&signature, bundle.archive, archive_is_signed, "the signature does not match the archive", why);
}

status_t trust_verify_file(struct span file, struct span signature_text, const char **why)
{
	const uint8_t *end = memchr(signature_text.data, '\n', signature_text.len);
	struct minisign_signature signature;

	/* Of an untrusted comment all is allowed: it is the first line, whatever it says. */
	if (end == NULL || signature_text.len > BUNDLE_SIGNATURE_MAX) {
		*why = "the signature is no minisign signature";
		return STATUS_EKEYREJECTED;
	}
	if (minisign_signature_parse(signature_text, span_of(signature_text.data, (size_t)(end - signature_text.data)), &signature, why) != STATUS_OK)
		return STATUS_EKEYREJECTED;
	return signature_check(&signature, file, file_is_signed, "the signature does not match the file", why);
}
