// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* newc archives, made here entry by entry so that each can be wrong in one place. */
#include "lib/cpio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define ARCHIVE_MAX (1u << 20)
#define FILE_MODE 0100644u
#define DIRECTORY_MODE 0040755u
#define LINK_MODE 0120777u
#define MAGIC_BYTES 6u
#define MODIFIED 1700000000u

struct archive {
	uint8_t *data;
	size_t len;
};

static const char *cause;

static void archive_begin(struct archive *archive)
{
	archive->data = calloc(1, ARCHIVE_MAX);
	archive->len = 0;
}

static void archive_add_raw(struct archive *archive, uint32_t mode, const char *name, size_t name_bytes, const char *data,
			    size_t data_bytes)
{
	char *at = (char *)archive->data + archive->len;

	sprintf(at, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 0u, mode, 0u, 0u, 1u, MODIFIED, (unsigned)data_bytes,
		0u, 0u, 0u, 0u, (unsigned)name_bytes, 0u);
	memcpy(at + 110, name, name_bytes);
	archive->len = (archive->len + 110 + name_bytes + 3) & ~(size_t)3;
	memcpy(archive->data + archive->len, data, data_bytes);
	archive->len = (archive->len + data_bytes + 3) & ~(size_t)3;
}

static void archive_add(struct archive *archive, uint32_t mode, const char *name, const char *data)
{
	archive_add_raw(archive, mode, name, strlen(name) + 1, data, strlen(data));
}

static void archive_end(struct archive *archive)
{
	archive_add(archive, 0, "TRAILER!!!", "");
}

static void archive_make(struct archive *archive)
{
	archive_begin(archive);
	archive_add(archive, FILE_MODE, "manifest.toml", "name = \"x\"\n");
	archive_add(archive, DIRECTORY_MODE, "data", "");
	archive_add(archive, FILE_MODE, "data/empty", "");
	archive_add(archive, FILE_MODE, "x", "12345");
	archive_end(archive);
}

static struct span archive_span(const struct archive *archive)
{
	return span_of(archive->data, archive->len);
}

/* Checks an exact heap copy of `len` bytes, so that a read beyond the end is seen. */
static status_t check_copy(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	status_t status;

	memcpy(copy + 1, data, len);
	cause = NULL;
	status = cpio_check(span_of(copy + 1, len), &cause);
	free(copy);
	return status;
}

static status_t check_and_free(struct archive *archive)
{
	status_t status = check_copy(archive->data, archive->len);

	free(archive->data);
	return status;
}

/* What cpio_check says of an archive with one entry of this name. */
static status_t check_name(const char *name)
{
	struct archive archive;

	archive_begin(&archive);
	archive_add(&archive, FILE_MODE, name, "");
	archive_end(&archive);
	return check_and_free(&archive);
}

static void cpio_gives_entries_in_order(void)
{
	static const char *const names[] = { "manifest.toml", "data", "data/empty", "x" };
	struct archive archive;
	struct cpio_cursor cursor;
	struct cpio_entry entry;

	archive_make(&archive);
	CU_ASSERT_EQUAL(cpio_check(archive_span(&archive), &cause), STATUS_OK);
	cursor = cpio_begin(archive_span(&archive));
	for (size_t i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(cpio_next(&cursor, &entry, &cause), STATUS_OK);
		CU_ASSERT_EQUAL(entry.name.len, strlen(names[i]));
		CU_ASSERT_EQUAL(memcmp(entry.name.data, names[i], entry.name.len), 0);
		CU_ASSERT_EQUAL(entry.is_directory, i == 1);
		CU_ASSERT_EQUAL(entry.modified, MODIFIED);
	}
	CU_ASSERT_EQUAL(entry.data.len, 5);
	CU_ASSERT_EQUAL(cpio_next(&cursor, &entry, &cause), STATUS_ENODATA);
	CU_ASSERT_EQUAL(cursor.offset, archive.len);
	free(archive.data);
}

static void cpio_finds_files_by_their_whole_name(void)
{
	struct archive archive;
	struct span data;

	archive_make(&archive);
	CU_ASSERT_EQUAL(cpio_find(archive_span(&archive), span_of("x", 1), &data), STATUS_OK);
	CU_ASSERT_EQUAL(memcmp(data.data, "12345", 5), 0);
	CU_ASSERT_EQUAL(cpio_find(archive_span(&archive), span_of("data/empty", 10), &data), STATUS_OK);
	CU_ASSERT_EQUAL(data.len, 0);
	CU_ASSERT_EQUAL(cpio_find(archive_span(&archive), span_of("data", 4), &data), STATUS_ENOENT);
	CU_ASSERT_EQUAL(cpio_find(archive_span(&archive), span_of("dat", 3), &data), STATUS_ENOENT);
	CU_ASSERT_EQUAL(cpio_find(archive_span(&archive), span_of("TRAILER!!!", 10), &data), STATUS_ENOENT);
	archive.data[0] = 'x';
	CU_ASSERT_EQUAL(cpio_find(archive_span(&archive), span_of("x", 1), &data), STATUS_EBADMSG);
	free(archive.data);
}

static void cpio_takes_an_empty_archive_and_zero_padding(void)
{
	struct archive archive;

	archive_begin(&archive);
	archive_end(&archive);
	CU_ASSERT_EQUAL(check_copy(archive.data, archive.len), STATUS_OK);
	CU_ASSERT_EQUAL(check_copy(archive.data, 512), STATUS_OK);
	free(archive.data);
}

static void cpio_rejects_archives_cut_off_at_every_byte(void)
{
	struct archive archive;

	archive_make(&archive);
	for (size_t len = 0; len < archive.len; len++) {
		CU_ASSERT_EQUAL(check_copy(archive.data, len), STATUS_EBADMSG);
		CU_ASSERT_PTR_NOT_NULL(cause);
	}
	free(archive.data);
}

/* Under every flipped bit, the checker and the finder stay inside (ASan watches), and agree on what is malformed. */
static void cpio_survives_every_flipped_bit(void)
{
	struct archive archive;

	archive_make(&archive);
	for (size_t bit = 0; bit < archive.len * 8; bit++) {
		struct span data = span_of(NULL, 0);

		archive.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (check_copy(archive.data, archive.len) == STATUS_OK &&
		    cpio_find(archive_span(&archive), span_of("missing", 7), &data) != STATUS_ENOENT)
			CU_FAIL("checked archive is found to be malformed");
		archive.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(archive.data);
}

static void cpio_rejects_bytes_after_the_trailer(void)
{
	struct archive archive;

	archive_make(&archive);
	archive.data[archive.len + 3] = 1;
	CU_ASSERT_EQUAL(check_copy(archive.data, archive.len + 3), STATUS_OK);
	CU_ASSERT_EQUAL(check_copy(archive.data, archive.len + 4), STATUS_EBADMSG);
	CU_ASSERT_STRING_EQUAL(cause, "something follows the trailer");
	free(archive.data);
}

static void cpio_rejects_name_with_dotdot(void)
{
	CU_ASSERT_EQUAL(check_name(".."), STATUS_EBADMSG);
	CU_ASSERT_EQUAL(check_name("../x"), STATUS_EBADMSG);
	CU_ASSERT_EQUAL(check_name("a/../b"), STATUS_EBADMSG);
	CU_ASSERT_EQUAL(check_name("a/.."), STATUS_EBADMSG);
	CU_ASSERT_EQUAL(check_name("a/..b"), STATUS_OK);
	CU_ASSERT_EQUAL(check_name("..."), STATUS_OK);
}

static void cpio_rejects_names_that_are_not_clean(void)
{
	static const char *const names[] = { "", "/", "/x", "x/", "a//b", ".", "./x", "a/./b", "a/.", "a\nb", "\033x", "\x7f" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CU_ASSERT_EQUAL(check_name(names[i]), STATUS_EBADMSG);
		CU_ASSERT_STRING_EQUAL(cause, "name is not a clean relative path");
	}
}

static void cpio_rejects_names_of_wrong_length(void)
{
	struct archive archive;
	char name[CPIO_NAME_MAX + 2];

	memset(name, 'n', sizeof(name));
	name[CPIO_NAME_MAX] = '\0';
	CU_ASSERT_EQUAL(check_name(name), STATUS_OK);
	name[CPIO_NAME_MAX] = 'n';
	name[CPIO_NAME_MAX + 1] = '\0';
	CU_ASSERT_EQUAL(check_name(name), STATUS_EBADMSG);
	archive_begin(&archive);
	archive_add_raw(&archive, FILE_MODE, "", 0, "", 0);
	archive_end(&archive);
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
	archive_begin(&archive);
	archive_add_raw(&archive, FILE_MODE, "abc", 3, "", 0);
	archive_end(&archive);
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
	archive_begin(&archive);
	archive_add_raw(&archive, FILE_MODE, "a\0b", 4, "", 0);
	archive_end(&archive);
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
}

static void cpio_takes_names_with_zeros_behind_them(void)
{
	static char name[CPIO_NAME_MAX + 2 + CPIO_NAME_PAD_MAX + 1];
	struct archive archive;
	struct span data;

	archive_begin(&archive);
	archive_add_raw(&archive, FILE_MODE, "abc\0\0\0\0\0", 8, "content", 7);
	archive_end(&archive);
	CU_ASSERT_EQUAL(cpio_find(span_of(archive.data, archive.len), span_of("abc", 3), &data), STATUS_OK);
	CU_ASSERT(data.len == 7 && memcmp(data.data, "content", 7) == 0);
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_OK);
	archive_begin(&archive);
	archive_add_raw(&archive, FILE_MODE, "abc\0\0x\0", 7, "", 0);
	archive_end(&archive);
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
	memset(name, 'n', CPIO_NAME_MAX);
	archive_begin(&archive);
	archive_add_raw(&archive, FILE_MODE, name, CPIO_NAME_MAX + 1 + CPIO_NAME_PAD_MAX, "", 0);
	archive_end(&archive);
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_OK);
	archive_begin(&archive);
	archive_add_raw(&archive, FILE_MODE, name, CPIO_NAME_MAX + 2 + CPIO_NAME_PAD_MAX, "", 0);
	archive_end(&archive);
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
}

static void cpio_rejects_devices(void)
{
	static const uint32_t modes[] = { 0110777, 0020600, 0060600, 0010600, 0140755, 0000644 };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct archive archive;

		archive_begin(&archive);
		archive_add(&archive, modes[i], "x", "");
		archive_end(&archive);
		CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
		CU_ASSERT_STRING_EQUAL(cause, "entry is neither regular file nor directory nor link");
	}
}

static void cpio_knows_links_and_finds_no_file_in_them(void)
{
	struct archive archive;
	struct cpio_cursor cursor;
	struct cpio_entry entry;
	struct span data;

	archive_begin(&archive);
	archive_add(&archive, LINK_MODE, "bin/sh", "busybox");
	archive_end(&archive);
	CU_ASSERT_EQUAL(cpio_check(archive_span(&archive), &cause), STATUS_OK);
	cursor = cpio_begin(archive_span(&archive));
	CU_ASSERT_EQUAL(cpio_next(&cursor, &entry, &cause), STATUS_OK);
	CU_ASSERT(entry.is_link && !entry.is_directory && entry.data.len == 7 && memcmp(entry.data.data, "busybox", 7) == 0);
	CU_ASSERT_EQUAL(cpio_find(archive_span(&archive), entry.name, &data), STATUS_ENOENT);
	free(archive.data);
}

static void cpio_rejects_links_that_hold_no_path(void)
{
	static char path[CPIO_LINK_MAX + 1];
	static const struct {
		size_t bytes;
		status_t status;
	} cases[] = { { 0, STATUS_EBADMSG }, { 1, STATUS_OK }, { CPIO_LINK_MAX, STATUS_OK }, { CPIO_LINK_MAX + 1, STATUS_EBADMSG } };
	struct archive archive;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(path, 'p', sizeof(path));
		archive_begin(&archive);
		archive_add_raw(&archive, LINK_MODE, "l", 2, path, cases[i].bytes);
		archive_end(&archive);
		CU_ASSERT_EQUAL(check_and_free(&archive), cases[i].status);
	}
	path[3] = '\0';
	archive_begin(&archive);
	archive_add_raw(&archive, LINK_MODE, "l", 2, path, 8);
	archive_end(&archive);
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
	CU_ASSERT_STRING_EQUAL(cause, "link holds no path");
}

static void cpio_rejects_directory_or_trailer_with_content(void)
{
	struct archive archive;

	archive_begin(&archive);
	archive_add(&archive, DIRECTORY_MODE, "d", "x");
	archive_end(&archive);
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
	archive_begin(&archive);
	archive_add(&archive, 0, "TRAILER!!!", "x");
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
	CU_ASSERT_STRING_EQUAL(cause, "trailer has content");
}

static void cpio_rejects_sizes_that_overflow(void)
{
	static const char *const sizes[] = { "FFFFFFFF", "fffffffc", "80000000", "00100000" };
	struct archive archive;

	archive_make(&archive);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memcpy(archive.data + MAGIC_BYTES + 8 * 6, sizes[i], 8);
		CU_ASSERT_EQUAL(check_copy(archive.data, archive.len), STATUS_EBADMSG);
	}
	free(archive.data);
}

static void cpio_rejects_fields_that_are_not_hexadecimal(void)
{
	for (size_t field = 0; field < 13; field++) {
		struct archive archive;

		archive_make(&archive);
		archive.data[MAGIC_BYTES + 8 * field] = 'g';
		CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
		CU_ASSERT_STRING_EQUAL(cause, "header field is not hexadecimal");
	}
}

static void cpio_rejects_crc_and_old_formats(void)
{
	struct archive archive;

	archive_make(&archive);
	archive.data[5] = '2';
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
	archive_make(&archive);
	archive.data[MAGIC_BYTES + 8 * 12 + 7] = '1';
	CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
	CU_ASSERT_STRING_EQUAL(cause, "checksum field is not zero");
}

/* In every order, since those that ascend are judged without a search. */
static void cpio_rejects_names_that_occur_twice(void)
{
	static const char *const orders[][4] = {
		{ "a", "a", "b", "c" }, { "b", "a", "c", "b" }, { "m", "a", "b", "a" }, { "m", "b", "a", "b" },
		{ "m", "a", "c", "c" }, { "a", "b", "c", "a" }, { "m", "c", "a", "a" },
	};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct archive archive;

		archive_begin(&archive);
		for (size_t j = 0; j < 4; j++)
			archive_add(&archive, FILE_MODE, orders[i][j], "x");
		archive_end(&archive);
		CU_ASSERT_EQUAL(check_and_free(&archive), STATUS_EBADMSG);
		CU_ASSERT_STRING_EQUAL(cause, "name occurs twice");
	}
}

static void cpio_rejects_too_many_entries(void)
{
	for (unsigned entries = CPIO_ENTRY_MAX; entries <= CPIO_ENTRY_MAX + 1; entries++) {
		struct archive archive;
		char name[16];

		archive_begin(&archive);
		for (unsigned i = 0; i < entries; i++) {
			snprintf(name, sizeof(name), "%08u", i);
			archive_add(&archive, FILE_MODE, name, "");
		}
		archive_end(&archive);
		CU_ASSERT_EQUAL(check_and_free(&archive), entries > CPIO_ENTRY_MAX ? STATUS_EBADMSG : STATUS_OK);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(cpio_gives_entries_in_order),
	UNIT_CASE(cpio_finds_files_by_their_whole_name),
	UNIT_CASE(cpio_takes_an_empty_archive_and_zero_padding),
	UNIT_CASE(cpio_rejects_archives_cut_off_at_every_byte),
	UNIT_CASE(cpio_survives_every_flipped_bit),
	UNIT_CASE(cpio_rejects_bytes_after_the_trailer),
	UNIT_CASE(cpio_rejects_name_with_dotdot),
	UNIT_CASE(cpio_rejects_names_that_are_not_clean),
	UNIT_CASE(cpio_rejects_names_of_wrong_length),
	UNIT_CASE(cpio_takes_names_with_zeros_behind_them),
	UNIT_CASE(cpio_rejects_devices),
	UNIT_CASE(cpio_knows_links_and_finds_no_file_in_them),
	UNIT_CASE(cpio_rejects_links_that_hold_no_path),
	UNIT_CASE(cpio_rejects_directory_or_trailer_with_content),
	UNIT_CASE(cpio_rejects_sizes_that_overflow),
	UNIT_CASE(cpio_rejects_fields_that_are_not_hexadecimal),
	UNIT_CASE(cpio_rejects_crc_and_old_formats),
	UNIT_CASE(cpio_rejects_names_that_occur_twice),
	UNIT_CASE(cpio_rejects_too_many_entries),
};

UNIT_MAIN("lib/cpio", cases)
