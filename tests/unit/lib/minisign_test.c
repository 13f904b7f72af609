// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* minisign's texts, against what stock minisign 0.11 wrote. */
#include "lib/minisign.h"

#include <string.h>

#include "tests/unit/unit.h"

#define UNTRUSTED "untrusted comment: rumpk bundle signature"
#define SIGNATURE "RUTSKr4HGxEQJETC7VaeftHoUz05LKMfYrzfCa9uJG7gNnznr7ZLzy6ZGNPbcAwD5dy1eClecPuqdKGlMXQy1v0Z0K7EJjne9wA="
#define TRUSTED "trusted comment: rumpk 1 c-hello"
#define GLOBAL "T4bSA46SsrThodYDoBasUnWx6xV7u84OQFFxkm6PdbnUBeXZw4M5fG0hHUfld7pTiPZrXu7gENIg/neJJ4HeCg=="
#define TEXT UNTRUSTED "\n" SIGNATURE "\n" TRUSTED "\n" GLOBAL "\n"
#define PUBLIC_KEY "RWTSKr4HGxEQJAmtoI1b0HduesVi9roxLwkD8aMuOT29nVGsMzuwzHXm"

static const char *cause;

static status_t parse_bytes(const void *text, size_t len, struct minisign_signature *out)
{
	cause = NULL;
	return minisign_signature_parse(span_of(text, len), span_of(UNTRUSTED, strlen(UNTRUSTED)), out, &cause);
}

static status_t parse(const char *text)
{
	struct minisign_signature out;

	return parse_bytes(text, strlen(text), &out);
}

static void minisign_reads_what_stock_minisign_writes(void)
{
	struct minisign_public_key key;
	struct minisign_signature out;

	CU_ASSERT_EQUAL(parse_bytes(TEXT, strlen(TEXT), &out), STATUS_OK);
	CU_ASSERT_EQUAL(out.trusted_comment.len, strlen("rumpk 1 c-hello"));
	CU_ASSERT_EQUAL(memcmp(out.trusted_comment.data, "rumpk 1 c-hello", out.trusted_comment.len), 0);
	CU_ASSERT_EQUAL(minisign_public_key_parse(span_of(PUBLIC_KEY, strlen(PUBLIC_KEY)), &key), STATUS_OK);
	CU_ASSERT_EQUAL(memcmp(key.key_id, out.key_id, sizeof(key.key_id)), 0);
}

static void minisign_rejects_text_cut_off_at_every_byte(void)
{
	struct minisign_signature out;

	for (size_t len = 0; len < strlen(TEXT); len++) {
		CU_ASSERT_EQUAL(parse_bytes(TEXT, len, &out), STATUS_EINVAL);
		CU_ASSERT_PTR_NOT_NULL(cause);
	}
}

/* Whatever byte is changed: refused, or something that is signed, or the key or signature itself, changed with it. */
static void minisign_lets_no_changed_byte_go_unseen(void)
{
	struct minisign_signature right;
	char text[sizeof(TEXT)];

	CU_ASSERT_EQUAL(parse_bytes(TEXT, strlen(TEXT), &right), STATUS_OK);
	for (size_t i = 0; i < strlen(TEXT); i++) {
		for (unsigned change = 1; change < 256; change++) {
			struct minisign_signature out;

			memcpy(text, TEXT, sizeof(text));
			text[i] = (char)(text[i] ^ (int)change);
			if (parse_bytes(text, strlen(TEXT), &out) != STATUS_OK)
				continue;
			if (memcmp(out.key_id, right.key_id, sizeof(out.key_id)) == 0 &&
			    memcmp(out.signature, right.signature, sizeof(out.signature)) == 0 &&
			    memcmp(out.global, right.global, sizeof(out.global)) == 0 &&
			    out.trusted_comment.len == right.trusted_comment.len &&
			    memcmp(out.trusted_comment.data, right.trusted_comment.data, out.trusted_comment.len) == 0)
				CU_FAIL("a changed byte went unseen");
		}
	}
}

static void minisign_rejects_other_line_ends_and_extra_lines(void)
{
	CU_ASSERT_EQUAL(parse(TEXT "\n"), STATUS_EINVAL);
	CU_ASSERT_EQUAL(parse(TEXT "x"), STATUS_EINVAL);
	CU_ASSERT_EQUAL(parse("\n" TEXT), STATUS_EINVAL);
	CU_ASSERT_EQUAL(parse(UNTRUSTED "\r\n" SIGNATURE "\r\n" TRUSTED "\r\n" GLOBAL "\r\n"), STATUS_EINVAL);
	CU_ASSERT_EQUAL(parse(UNTRUSTED "\n" SIGNATURE "\n" TRUSTED "\r\n" GLOBAL "\n"), STATUS_EINVAL);
	CU_ASSERT_EQUAL(parse(UNTRUSTED "\n" SIGNATURE " \n" TRUSTED "\n" GLOBAL "\n"), STATUS_EINVAL);
}

static void minisign_rejects_another_untrusted_comment(void)
{
	CU_ASSERT_EQUAL(parse("untrusted comment: signature from minisign\n" SIGNATURE "\n" TRUSTED "\n" GLOBAL "\n"),
			STATUS_EINVAL);
	CU_ASSERT_STRING_EQUAL(cause, "untrusted comment is not the required one");
	CU_ASSERT_EQUAL(parse(UNTRUSTED " \n" SIGNATURE "\n" TRUSTED "\n" GLOBAL "\n"), STATUS_EINVAL);
}

static void minisign_rejects_legacy_algorithm(void)
{
	char text[] = TEXT;

	/* "ED" + key id begins RUQ..., "Ed" begins RWQ... */
	text[strlen(UNTRUSTED) + 2] = 'W';
	CU_ASSERT_EQUAL(parse(text), STATUS_ENOTSUP);
	CU_ASSERT_STRING_EQUAL(cause, "signature algorithm is not ED");
}

static void minisign_rejects_wrong_trusted_comment(void)
{
	CU_ASSERT_EQUAL(parse(UNTRUSTED "\n" SIGNATURE "\ntrusted: x\n" GLOBAL "\n"), STATUS_EINVAL);
	CU_ASSERT_EQUAL(parse(UNTRUSTED "\n" SIGNATURE "\n\n" GLOBAL "\n"), STATUS_EINVAL);
	CU_ASSERT_EQUAL(parse(UNTRUSTED "\n" SIGNATURE "\n" TRUSTED "\033[2J\n" GLOBAL "\n"), STATUS_EINVAL);
	CU_ASSERT_EQUAL(parse(UNTRUSTED "\n" SIGNATURE "\n" TRUSTED "\n" SIGNATURE "\n"), STATUS_EINVAL);
}

static void minisign_rejects_comments_that_are_too_long(void)
{
	static const char before[] = UNTRUSTED "\n" SIGNATURE "\ntrusted comment: ";
	static const char after[] = "\n" GLOBAL "\n";
	char text[sizeof(before) + MINISIGN_COMMENT_MAX + sizeof(after)];
	struct minisign_signature out;

	for (size_t extra = 0; extra < 2; extra++) {
		size_t len = MINISIGN_COMMENT_MAX + extra;

		memcpy(text, before, sizeof(before) - 1);
		memset(text + sizeof(before) - 1, 'x', len);
		memcpy(text + sizeof(before) - 1 + len, after, sizeof(after) - 1);
		CU_ASSERT_EQUAL(parse_bytes(text, sizeof(before) + len + sizeof(after) - 2, &out),
				extra == 0 ? STATUS_OK : STATUS_EINVAL);
	}
}

static void minisign_rejects_malformed_public_keys(void)
{
	struct minisign_public_key key;
	char text[] = PUBLIC_KEY;

	CU_ASSERT_EQUAL(minisign_public_key_parse(span_of(text, strlen(text) - 4), &key), STATUS_EINVAL);
	CU_ASSERT_EQUAL(minisign_public_key_parse(span_of(PUBLIC_KEY "\n", strlen(text) + 1), &key), STATUS_EINVAL);
	text[1] = 'U';
	CU_ASSERT_EQUAL(minisign_public_key_parse(span_of(text, strlen(text)), &key), STATUS_ENOTSUP);
	text[1] = '*';
	CU_ASSERT_EQUAL(minisign_public_key_parse(span_of(text, strlen(text)), &key), STATUS_EINVAL);
}

/* A section of two keys, the second for development. */
static struct minisign_key_section two_keys(void)
{
	struct minisign_key_section section = { .capacity = MINISIGN_KEY_SECTION_CAPACITY, .count = 2 };

	memcpy(section.magic, MINISIGN_KEY_SECTION_MAGIC, sizeof(section.magic));
	for (uint8_t i = 0; i < 2; i++) {
		memcpy(section.keys[i].public_key.algorithm, "Ed", 2);
		memset(section.keys[i].public_key.key_id, 0x10 + i, MINISIGN_KEY_ID_BYTES);
		memset(section.keys[i].public_key.key, 0x20 + i, MINISIGN_KEY_BYTES);
		section.keys[i].flags = i;
	}
	return section;
}

static void minisign_finds_keys_of_a_section_by_id(void)
{
	struct minisign_key_section section = two_keys();
	uint8_t id[MINISIGN_KEY_ID_BYTES];

	CU_ASSERT_EQUAL(minisign_key_section_check(&section, &cause), STATUS_OK);
	memset(id, 0x11, sizeof(id));
	CU_ASSERT_PTR_EQUAL(minisign_key_section_find(&section, id), &section.keys[1]);
	memset(id, 0, sizeof(id)); /* the id of an unused slot */
	CU_ASSERT_PTR_NULL(minisign_key_section_find(&section, id));
	section.count = 0;
	memset(section.keys, 0, sizeof(section.keys));
	CU_ASSERT_EQUAL(minisign_key_section_check(&section, &cause), STATUS_OK);
	CU_ASSERT_PTR_NULL(minisign_key_section_find(&section, id));
}

static void minisign_rejects_malformed_key_sections(void)
{
	struct minisign_key_section section;

	section = two_keys();
	section.magic[7] = 'X';
	CU_ASSERT_EQUAL(minisign_key_section_check(&section, &cause), STATUS_EINVAL);
	section = two_keys();
	section.capacity = 9;
	CU_ASSERT_EQUAL(minisign_key_section_check(&section, &cause), STATUS_EINVAL);
	section = two_keys();
	section.count = 9;
	CU_ASSERT_EQUAL(minisign_key_section_check(&section, &cause), STATUS_EINVAL);
	section = two_keys();
	section.count = 1; /* slot 1 is then in the way */
	CU_ASSERT_EQUAL(minisign_key_section_check(&section, &cause), STATUS_EINVAL);
	section = two_keys();
	section.count = 3; /* slot 2 has no algorithm */
	CU_ASSERT_EQUAL(minisign_key_section_check(&section, &cause), STATUS_EINVAL);
	section = two_keys();
	section.keys[0].flags = 2;
	CU_ASSERT_EQUAL(minisign_key_section_check(&section, &cause), STATUS_EINVAL);
	section = two_keys();
	section.keys[1].zero[4] = 1;
	CU_ASSERT_EQUAL(minisign_key_section_check(&section, &cause), STATUS_EINVAL);
	section = two_keys();
	memset(section.keys[1].public_key.key_id, 0x10, MINISIGN_KEY_ID_BYTES);
	CU_ASSERT_EQUAL(minisign_key_section_check(&section, &cause), STATUS_EINVAL);
	CU_ASSERT_STRING_EQUAL(cause, "key id occurs twice");
}

static const struct unit_case cases[] = {
	UNIT_CASE(minisign_reads_what_stock_minisign_writes),
	UNIT_CASE(minisign_rejects_text_cut_off_at_every_byte),
	UNIT_CASE(minisign_lets_no_changed_byte_go_unseen),
	UNIT_CASE(minisign_rejects_other_line_ends_and_extra_lines),
	UNIT_CASE(minisign_rejects_another_untrusted_comment),
	UNIT_CASE(minisign_rejects_legacy_algorithm),
	UNIT_CASE(minisign_rejects_wrong_trusted_comment),
	UNIT_CASE(minisign_rejects_comments_that_are_too_long),
	UNIT_CASE(minisign_rejects_malformed_public_keys),
	UNIT_CASE(minisign_finds_keys_of_a_section_by_id),
	UNIT_CASE(minisign_rejects_malformed_key_sections),
};

UNIT_MAIN("lib/minisign", cases)
