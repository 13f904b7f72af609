// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A signature text that is taken is exactly what its fields are written as: there is no second spelling. */
#include "lib/minisign.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

#define UNTRUSTED "untrusted comment: rumpk bundle signature"
#define TRUSTED "trusted comment: "

static char *append(char *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

/* Appends base64 of `len` bytes and an LF. */
static char *append_base64(char *at, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t group = (uint32_t)bytes[i] << 16 | (uint32_t)(i + 1 < len ? bytes[i + 1] : 0) << 8 |
				 (i + 2 < len ? bytes[i + 2] : 0);

		*at++ = digits[group >> 18];
		*at++ = digits[group >> 12 & 63];
		*at++ = i + 1 < len ? digits[group >> 6 & 63] : '=';
		*at++ = i + 2 < len ? digits[group & 63] : '=';
	}
	*at++ = '\n';
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	struct minisign_signature signature;
	struct minisign_public_key key;
	uint8_t blob[74] = { 'E', 'D' };
	const char *why = NULL;
	char *copy;
	char *at;

	if (minisign_public_key_parse(text, &key) == STATUS_OK)
		FUZZ_ASSERT(size == 56 && memcmp(key.algorithm, "Ed", 2) == 0);
	if (minisign_signature_parse(text, span_of(UNTRUSTED, strlen(UNTRUSTED)), &signature, &why) != STATUS_OK) {
		FUZZ_ASSERT(why != NULL);
		return 0;
	}
	FUZZ_ASSERT(fuzz_is_inside(signature.trusted_comment, text));
	memcpy(blob + 2, signature.key_id, sizeof(signature.key_id));
	memcpy(blob + 10, signature.signature, sizeof(signature.signature));
	copy = malloc(size + 512);
	at = append(copy, UNTRUSTED "\n", strlen(UNTRUSTED) + 1);
	at = append_base64(at, blob, sizeof(blob));
	at = append(at, TRUSTED, strlen(TRUSTED));
	at = append(at, signature.trusted_comment.data, signature.trusted_comment.len);
	*at++ = '\n';
	at = append_base64(at, signature.global, sizeof(signature.global));
	FUZZ_ASSERT((size_t)(at - copy) == size && memcmp(copy, data, size) == 0);
	free(copy);
	return 0;
}
