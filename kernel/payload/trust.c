// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/payload/trust.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_sign_ed25519.h>
#include <stddef.h>

#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "lib/bundle.h"
#include "lib/string.h"

enum { HASH_BYTES = 64 };

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

status_t trust_verify(struct span file, struct span *archive, const char **why)
{
	static const char untrusted_comment[] = BUNDLE_UNTRUSTED_COMMENT;
	struct bundle bundle;
	struct minisign_signature signature;

	if (bundle_open(file, &bundle, why) != STATUS_OK ||
	    minisign_signature_parse(bundle.signature, span_of(untrusted_comment, sizeof(untrusted_comment) - 1), &signature,
				     why) != STATUS_OK)
		return STATUS_EKEYREJECTED;

	const struct minisign_trusted_key *key = minisign_key_section_find(&trust_keys, signature.key_id);

	if (key == NULL) {
		*why = trust_keys.count == 0 ? "this image trusts no key" : "signed by a key that this image does not trust";
		return STATUS_EKEYREJECTED;
	}
	if (!archive_is_signed(&signature, bundle.archive, key)) {
		*why = "the signature does not match the archive";
		return STATUS_EKEYREJECTED;
	}
	if (!comment_is_signed(&signature, key)) {
		*why = "the trusted comment was altered";
		return STATUS_EKEYREJECTED;
	}
	*archive = bundle.archive;
	return STATUS_OK;
}
