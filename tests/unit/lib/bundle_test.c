// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The header of a bundle has no byte that may be anything else. */
#include "lib/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define SIGNATURE "line 1\nline 2\n"
#define SIGNATURE_BYTES (sizeof(SIGNATURE) - 1)
#define ARCHIVE_BYTES 16u
#define FILE_BYTES (BUNDLE_HEADER_BYTES + ARCHIVE_BYTES)

static const char *cause;

static void put_le(uint8_t *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void make(uint8_t file[FILE_BYTES])
{
	memset(file, 0, FILE_BYTES);
	memcpy(file, BUNDLE_MAGIC, 8);
	put_le(file + 8, 1, 4);
	put_le(file + 12, BUNDLE_HEADER_BYTES, 4);
	put_le(file + 16, ARCHIVE_BYTES, 8);
	put_le(file + 24, SIGNATURE_BYTES, 4);
	memcpy(file + 32, SIGNATURE, SIGNATURE_BYTES);
	memset(file + BUNDLE_HEADER_BYTES, 'a', ARCHIVE_BYTES);
}

static status_t open_bytes(const uint8_t *file, size_t len)
{
	struct bundle bundle;

	cause = NULL;
	return bundle_open(span_of(file, len), &bundle, &cause);
}

static void bundle_finds_signature_and_archive(void)
{
	uint8_t file[FILE_BYTES];
	struct bundle bundle;

	make(file);
	CU_ASSERT_EQUAL(bundle_open(span_of(file, sizeof(file)), &bundle, &cause), STATUS_OK);
	CU_ASSERT_PTR_EQUAL(bundle.signature.data, file + 32);
	CU_ASSERT_EQUAL(bundle.signature.len, SIGNATURE_BYTES);
	CU_ASSERT_PTR_EQUAL(bundle.archive.data, file + 4096);
	CU_ASSERT_EQUAL(bundle.archive.len, ARCHIVE_BYTES);
}

/* An exact heap copy each time, so that a read beyond the end is seen. */
static void bundle_rejects_files_cut_off_at_every_byte(void)
{
	uint8_t file[FILE_BYTES];

	make(file);
	for (size_t len = 0; len < sizeof(file); len++) {
		uint8_t *copy = malloc(len + 1);

		memcpy(copy + 1, file, len);
		CU_ASSERT_EQUAL(open_bytes(copy + 1, len), STATUS_EBADMSG);
		CU_ASSERT_PTR_NOT_NULL(cause);
		free(copy);
	}
}

static void bundle_rejects_bytes_after_the_archive(void)
{
	uint8_t file[FILE_BYTES + 1];

	make(file);
	file[FILE_BYTES] = 0;
	CU_ASSERT_EQUAL(open_bytes(file, sizeof(file)), STATUS_EBADMSG);
}

/* Signature text and archive are the signature's to prove; every other bit of the header is refused here. */
static void bundle_rejects_every_flipped_bit_of_the_header(void)
{
	uint8_t file[FILE_BYTES];

	make(file);
	for (size_t bit = 0; bit < BUNDLE_HEADER_BYTES * 8; bit++) {
		size_t at = bit / 8;

		if (at >= 32 && at < 32 + SIGNATURE_BYTES)
			continue;
		file[at] = (uint8_t)(file[at] ^ 1u << bit % 8);
		if (at >= 24 && at < 28) {
			/* A shorter text leaves its rest in the padding, a longer one takes zero bytes in: the text is not the same. */
			struct bundle bundle;

			if (bundle_open(span_of(file, sizeof(file)), &bundle, &cause) == STATUS_OK)
				CU_ASSERT(bundle.signature.len > SIGNATURE_BYTES);
		} else {
			CU_ASSERT_NOT_EQUAL(open_bytes(file, sizeof(file)), STATUS_OK);
			CU_ASSERT_PTR_NOT_NULL(cause);
		}
		file[at] = (uint8_t)(file[at] ^ 1u << bit % 8);
	}
}

static void bundle_rejects_archive_lengths_that_overflow(void)
{
	static const uint64_t lengths[] = { 0, 1, ARCHIVE_BYTES + 1, UINT64_MAX, UINT64_MAX - 4095, 1ull << 63, 1ull << 32 };
	uint8_t file[FILE_BYTES];

	make(file);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		put_le(file + 16, lengths[i], 8);
		CU_ASSERT_EQUAL(open_bytes(file, sizeof(file)), STATUS_EBADMSG);
	}
	put_le(file + 16, 0, 8);
	CU_ASSERT_EQUAL(open_bytes(file, BUNDLE_HEADER_BYTES), STATUS_EBADMSG);
	CU_ASSERT_STRING_EQUAL(cause, "archive is empty");
}

static void bundle_rejects_signature_lengths_out_of_range(void)
{
	static const uint32_t lengths[] = { 0, BUNDLE_SIGNATURE_MAX + 1, 0x80000000u, UINT32_MAX };
	uint8_t file[FILE_BYTES];

	make(file);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		put_le(file + 24, lengths[i], 4);
		CU_ASSERT_EQUAL(open_bytes(file, sizeof(file)), STATUS_EBADMSG);
		CU_ASSERT_STRING_EQUAL(cause, "signature length is out of range");
	}
	put_le(file + 24, BUNDLE_SIGNATURE_MAX, 4);
	CU_ASSERT_EQUAL(open_bytes(file, sizeof(file)), STATUS_OK);
}

static void bundle_rejects_other_versions(void)
{
	uint8_t file[FILE_BYTES];

	make(file);
	put_le(file + 8, 2, 4);
	CU_ASSERT_EQUAL(open_bytes(file, sizeof(file)), STATUS_ENOTSUP);
}

static const struct unit_case cases[] = {
	UNIT_CASE(bundle_finds_signature_and_archive),
	UNIT_CASE(bundle_rejects_files_cut_off_at_every_byte),
	UNIT_CASE(bundle_rejects_bytes_after_the_archive),
	UNIT_CASE(bundle_rejects_every_flipped_bit_of_the_header),
	UNIT_CASE(bundle_rejects_archive_lengths_that_overflow),
	UNIT_CASE(bundle_rejects_signature_lengths_out_of_range),
	UNIT_CASE(bundle_rejects_other_versions),
};

UNIT_MAIN("lib/bundle", cases)
