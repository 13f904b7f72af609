// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Files with their signatures, signed here: what holds, what does not by a single bit anywhere, and why it is refused. */
#include "tests/unit/machine.h"

#include "kernel/payload/trust.h"

/* The image's keys: here they change. */
#define trust_keys keys_memory
static struct minisign_key_section keys_memory;

#include "kernel/payload/trust.c"
#include <sodium.h>

enum { FILE_BYTES = 3 * HASH_STEP_BYTES + 17 };

struct log_filter log_filter_now;
static uint8_t secret[crypto_sign_SECRETKEYBYTES], file_bytes[FILE_BYTES];
static char text[1024];
static unsigned yields;
static const char *why;

void fiber_yield(void)
{
	yields++;
}

void panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	(void)component;
	(void)level;
	(void)fmt;
}

/* Signs the first `len` bytes of the file; the text is as minisign writes it. */
static void sign(size_t len)
{
	static const char comment[] = "a comment";
	uint8_t raw[74] = "ED", hash[64], global[64], both[64 + sizeof(comment) - 1];
	char lines[2][128];

	memcpy(raw + 2, keys_memory.keys[0].public_key.key_id, 8);
	crypto_generichash_blake2b(hash, 64, file_bytes, len, NULL, 0);
	crypto_sign_ed25519_detached(raw + 10, NULL, hash, 64, secret);
	memcpy(both, raw + 10, 64);
	memcpy(both + 64, comment, sizeof(comment) - 1);
	crypto_sign_ed25519_detached(global, NULL, both, sizeof(both), secret);
	sodium_bin2base64(lines[0], sizeof(lines[0]), raw, sizeof(raw), sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(lines[1], sizeof(lines[1]), global, sizeof(global), sodium_base64_VARIANT_ORIGINAL);
	snprintf(text, sizeof(text), "untrusted comment: whatever\n%s\ntrusted comment: %s\n%s\n", lines[0], comment, lines[1]);
}

static void begin(void)
{
	struct minisign_trusted_key *key = &keys_memory.keys[0];

	memset(&keys_memory, 0, sizeof(keys_memory));
	memcpy(keys_memory.magic, MINISIGN_KEY_SECTION_MAGIC, 8);
	keys_memory.capacity = MINISIGN_KEY_SECTION_CAPACITY;
	keys_memory.count = 1;
	memcpy(key->public_key.algorithm, "Ed", 2);
	memcpy(key->public_key.key_id, "12345678", 8);
	crypto_sign_ed25519_keypair(key->public_key.key, secret);
	for (size_t i = 0; i < FILE_BYTES; i++)
		file_bytes[i] = (uint8_t)(i * 3 + i / 255);
	why = "";
	trust_init();
}

static status_t verify(size_t len)
{
	return trust_verify_file(span_of(file_bytes, len), span_of(text, strlen(text)), &why);
}

static void what_is_signed_holds_whatever_its_length(void)
{
	static const size_t lengths[] = { 0, 1, HASH_STEP_BYTES - 1, HASH_STEP_BYTES, HASH_STEP_BYTES + 1, FILE_BYTES };

	begin();
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		sign(lengths[i]);
		yields = 0;
		CU_ASSERT_EQUAL(verify(lengths[i]), STATUS_OK);
		CU_ASSERT_EQUAL(yields, (lengths[i] + HASH_STEP_BYTES - 1) / HASH_STEP_BYTES);
	}
}

static void what_was_altered_does_not(void)
{
	begin();
	sign(FILE_BYTES);
	for (size_t at = 0; at < FILE_BYTES; at += FILE_BYTES / 7) {
		file_bytes[at] ^= 1;
		CU_ASSERT_EQUAL(verify(FILE_BYTES), STATUS_EKEYREJECTED);
		CU_ASSERT_STRING_EQUAL(why, "the signature does not match the file");
		file_bytes[at] ^= 1;
	}
	CU_ASSERT_EQUAL(verify(FILE_BYTES - 1), STATUS_EKEYREJECTED);
	*strstr(text, "a comment") = 'A';
	CU_ASSERT_EQUAL(verify(FILE_BYTES), STATUS_EKEYREJECTED);
	CU_ASSERT_STRING_EQUAL(why, "the trusted comment was altered");
	sign(FILE_BYTES);
	text[0] = 'U'; /* of an untrusted comment all is allowed */
	CU_ASSERT_EQUAL(verify(FILE_BYTES), STATUS_OK);
}

static void who_signed_must_be_trusted(void)
{
	begin();
	sign(100);
	keys_memory.keys[0].public_key.key_id[7] ^= 1;
	CU_ASSERT_EQUAL(verify(100), STATUS_EKEYREJECTED);
	CU_ASSERT_STRING_EQUAL(why, "signed by a key that this image does not trust");
	memset(&keys_memory.keys[0], 0, sizeof(keys_memory.keys[0]));
	keys_memory.count = 0;
	CU_ASSERT_EQUAL(verify(100), STATUS_EKEYREJECTED);
	CU_ASSERT_STRING_EQUAL(why, "this image trusts no key");
}

static void what_is_no_signature_is_refused(void)
{
	begin();
	strcpy(text, "one line without its end");
	CU_ASSERT_EQUAL(verify(100), STATUS_EKEYREJECTED);
	CU_ASSERT_STRING_EQUAL(why, "the signature is no minisign signature");
	strcpy(text, "one line\nand another\n");
	CU_ASSERT_EQUAL(verify(100), STATUS_EKEYREJECTED);
	CU_ASSERT_NOT_EQUAL(why[0], '\0');
	CU_ASSERT_EQUAL(trust_verify_file(span_of(file_bytes, 9), span_of(memset(file_bytes, '\n', FILE_BYTES), BUNDLE_SIGNATURE_MAX + 1), &why), STATUS_EKEYREJECTED);
	CU_ASSERT_STRING_EQUAL(why, "the signature is no minisign signature");
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_is_signed_holds_whatever_its_length),
	UNIT_CASE(what_was_altered_does_not),
	UNIT_CASE(who_signed_must_be_trusted),
	UNIT_CASE(what_is_no_signature_is_refused),
};

UNIT_MAIN("kernel/payload/trust", cases)
