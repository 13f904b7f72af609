// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Base64 has one spelling for each value; everything else is refused. */
#include "lib/base64.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static status_t decode(const char *text, uint8_t *out, size_t out_len)
{
	return base64_decode_strict(span_of(text, strlen(text)), out, out_len);
}

/* RFC 4648 §10 "Test Vectors". */
static void base64_decodes_rfc4648_vectors(void)
{
	static const struct {
		const char *text;
		const char *bytes;
	} vectors[] = {
		{ "", "" },	      { "Zg==", "f" },	       { "Zm8=", "fo" },	  { "Zm9v", "foo" },
		{ "Zm9vYg==", "foob" }, { "Zm9vYmE=", "fooba" }, { "Zm9vYmFy", "foobar" },
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t out[8];
		size_t len = strlen(vectors[i].bytes);

		CU_ASSERT_EQUAL(decode(vectors[i].text, out, len), STATUS_OK);
		CU_ASSERT_EQUAL(memcmp(out, vectors[i].bytes, len), 0);
	}
}

static void base64_knows_all_64_digits(void)
{
	static const char text[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t out[48];
	uint32_t bits = 0;

	CU_ASSERT_EQUAL(decode(text, out, sizeof(out)), STATUS_OK);
	for (unsigned i = 0; i < 64; i++) {
		bits = (uint32_t)(out[i * 6 / 8] << 8 | (i * 6 / 8 + 1 < 48 ? out[i * 6 / 8 + 1] : 0));
		CU_ASSERT_EQUAL(bits >> (10 - i * 6 % 8) & 63, i);
	}
}

static void base64_rejects_wrong_length(void)
{
	uint8_t out[8];

	CU_ASSERT_EQUAL(decode("Zm9v", out, 2), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("Zm9v", out, 4), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("Zm9", out, 3), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("Zm9vY", out, 3), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("", out, 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("Zg==", out, 0), STATUS_EINVAL);
}

static void base64_rejects_missing_or_extra_padding(void)
{
	uint8_t out[8];

	CU_ASSERT_EQUAL(decode("Zg==", out, 2), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("Zm8=", out, 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("Zm8=", out, 3), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("Zg=A", out, 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("====", out, 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("Zg==Zg==", out, 4), STATUS_EINVAL);
}

static void base64_rejects_unused_bits_that_are_set(void)
{
	uint8_t out[8];

	CU_ASSERT_EQUAL(decode("Zh==", out, 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("Zv==", out, 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(decode("Zm9=", out, 2), STATUS_EINVAL);
}

static void base64_rejects_every_other_character(void)
{
	for (unsigned c = 0; c < 256; c++) {
		uint8_t text[4] = { 'Z', 'm', (uint8_t)c, 'v' };
		uint8_t out[3];
		bool digit = c != 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", (int)c);

		CU_ASSERT_EQUAL(base64_decode_strict(span_of(text, 4), out, 3), digit ? STATUS_OK : STATUS_EINVAL);
	}
}

/* No two texts decode alike: any single changed character either is refused or changes the bytes. */
static void base64_has_one_text_for_each_value(void)
{
	static const char text[] = "Zm9vYmE=";
	uint8_t right[5];

	CU_ASSERT_EQUAL(decode(text, right, 5), STATUS_OK);
	for (size_t i = 0; i < 8; i++) {
		for (unsigned c = 0; c < 256; c++) {
			uint8_t changed[8];
			uint8_t out[5];

			memcpy(changed, text, 8);
			changed[i] = (uint8_t)c;
			if (c != (uint8_t)text[i] && base64_decode_strict(span_of(changed, 8), out, 5) == STATUS_OK)
				CU_ASSERT_NOT_EQUAL(memcmp(out, right, 5), 0);
		}
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(base64_decodes_rfc4648_vectors),
	UNIT_CASE(base64_knows_all_64_digits),
	UNIT_CASE(base64_rejects_wrong_length),
	UNIT_CASE(base64_rejects_missing_or_extra_padding),
	UNIT_CASE(base64_rejects_unused_bits_that_are_set),
	UNIT_CASE(base64_rejects_every_other_character),
	UNIT_CASE(base64_has_one_text_for_each_value),
};

UNIT_MAIN("lib/base64", cases)
