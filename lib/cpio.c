// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * newc cpio, strictly. One function takes an entry apart and checks all there is to check at that place; the rest iterates. Rejected:
 * keeping an index, which would need memory before anything is known to be worth it.
 *
 *	offset 0 of an entry        110               110 + namesize, rounded up to 4
 *	| magic, 13 x 8 hex digits | name NUL, zeros | data, zeros up to 4 | next entry
 */
#include "lib/cpio.h"

#include "lib/bits.h"
#include "lib/string.h"

#define CPIO_HEADER_BYTES 110u
#define CPIO_TRAILER "TRAILER!!!"
#define CPIO_TYPE_MASK 0170000u
#define CPIO_TYPE_FILE 0100000u
#define CPIO_TYPE_DIRECTORY 0040000u
#define CPIO_TYPE_LINK 0120000u

enum cpio_field {
	CPIO_INO,
	CPIO_MODE,
	CPIO_UID,
	CPIO_GID,
	CPIO_NLINK,
	CPIO_MTIME,
	CPIO_FILE_BYTES,
	CPIO_DEV_MAJOR,
	CPIO_DEV_MINOR,
	CPIO_RDEV_MAJOR,
	CPIO_RDEV_MINOR,
	CPIO_NAME_BYTES,
	CPIO_CHECKSUM,
	CPIO_FIELD_COUNT,
};

static status_t cpio_fail(const char **why, const char *cause)
{
	*why = cause;
	return STATUS_EBADMSG;
}

static bool cpio_equal(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Order of names: by bytes, a prefix first. */
static int cpio_compare(struct span a, struct span b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool cpio_read_hex(const uint8_t *digits, uint32_t *out)
{
	uint32_t value = 0;

	for (size_t i = 0; i < 8; i++) {
		uint8_t c = digits[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value << 4 | (uint32_t)(c - 'A' + 10);
		else
			return false;
	}
	*out = value;
	return true;
}

static bool cpio_is_zero(struct span archive, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (archive.data[i] != 0)
			return false;
	}
	return true;
}

/*
 * Takes `bytes` and their padding to a multiple of 4 from the archive at `*at`, moving it on. The padding must be there and zero.
 */
static bool cpio_take(struct span archive, size_t *at, uint64_t bytes, struct span *out)
{
	uint64_t end = *at + bytes;
	uint64_t padded = bits_align_up(end, 4);

	if (!span_sub(archive, *at, padded - *at, out) || !cpio_is_zero(archive, (size_t)end, (size_t)padded))
		return false;
	out->len = (size_t)bytes;
	*at = (size_t)padded;
	return true;
}

bool cpio_name_is_valid(struct span name)
{
	size_t part = 0; /* where the part begins that byte i belongs to */

	if (name.len == 0 || name.len > CPIO_NAME_MAX)
		return false;
	for (size_t i = 0; i <= name.len; i++) {
		if (i == name.len || name.data[i] == '/') {
			size_t len = i - part;

			if (len == 0 || (len == 1 && name.data[part] == '.') ||
			    (len == 2 && name.data[part] == '.' && name.data[part + 1] == '.'))
				return false;
			part = i + 1;
		} else if (name.data[i] < 0x20 || name.data[i] == 0x7f) {
			return false;
		}
	}
	return true;
}

/* Reads the header at the cursor, all 13 fields. */
static status_t cpio_read_header(const struct cpio_cursor *cursor, uint32_t fields[CPIO_FIELD_COUNT], const char **why)
{
	struct span header;

	if (!span_sub(cursor->archive, cursor->offset, CPIO_HEADER_BYTES, &header))
		return cpio_fail(why, "archive ends without a trailer");
	if (memcmp(header.data, "070701", 6) != 0)
		return cpio_fail(why, "entry does not begin with 070701");
	for (size_t i = 0; i < CPIO_FIELD_COUNT; i++) {
		if (!cpio_read_hex(header.data + 6 + 8 * i, &fields[i]))
			return cpio_fail(why, "header field is not hexadecimal");
	}
	if (fields[CPIO_CHECKSUM] != 0)
		return cpio_fail(why, "checksum field is not zero");
	return STATUS_OK;
}

/* Checks an entry that is not the trailer; `entry` has its name and data. */
static status_t cpio_judge_entry(struct cpio_entry *entry, const char **why)
{
	uint32_t type = entry->mode & CPIO_TYPE_MASK;

	if (!cpio_name_is_valid(entry->name))
		return cpio_fail(why, "name is not a clean relative path");
	if (type != CPIO_TYPE_FILE && type != CPIO_TYPE_DIRECTORY && type != CPIO_TYPE_LINK)
		return cpio_fail(why, "entry is neither regular file nor directory nor link");
	entry->is_directory = type == CPIO_TYPE_DIRECTORY;
	entry->is_link = type == CPIO_TYPE_LINK;
	if (entry->is_directory && entry->data.len != 0)
		return cpio_fail(why, "directory has content");
	if (entry->is_link && (entry->data.len == 0 || entry->data.len > CPIO_LINK_MAX || memchr(entry->data.data, 0, entry->data.len) != NULL))
		return cpio_fail(why, "link holds no path");
	return STATUS_OK;
}

struct cpio_cursor cpio_begin(struct span archive)
{
	return (struct cpio_cursor){ .archive = archive, .offset = 0 };
}

status_t cpio_next(struct cpio_cursor *cursor, struct cpio_entry *entry, const char **why)
{
	size_t at = cursor->offset + CPIO_HEADER_BYTES;
	uint32_t fields[CPIO_FIELD_COUNT];
	status_t status = cpio_read_header(cursor, fields, why);

	if (status != STATUS_OK)
		return status;
	if (fields[CPIO_NAME_BYTES] == 0 || fields[CPIO_NAME_BYTES] > CPIO_NAME_MAX + 1 + CPIO_NAME_PAD_MAX)
		return cpio_fail(why, "name length is out of range");
	if (!cpio_take(cursor->archive, &at, fields[CPIO_NAME_BYTES], &entry->name))
		return cpio_fail(why, "name is cut off or its padding is not zero");
	entry->name.len--;
	if (entry->name.data[entry->name.len] != '\0')
		return cpio_fail(why, "name is not ended by a zero byte");
	while (entry->name.len > 0 && entry->name.data[entry->name.len - 1] == '\0')
		entry->name.len--;
	if (!cpio_take(cursor->archive, &at, fields[CPIO_FILE_BYTES], &entry->data))
		return cpio_fail(why, "content is cut off or its padding is not zero");
	entry->mode = fields[CPIO_MODE];
	entry->modified = fields[CPIO_MTIME];
	if (cpio_equal(entry->name, span_of(CPIO_TRAILER, sizeof(CPIO_TRAILER) - 1))) {
		if (entry->data.len != 0)
			return cpio_fail(why, "trailer has content");
		cursor->offset = at;
		return STATUS_ENODATA;
	}
	status = cpio_judge_entry(entry, why);
	if (status == STATUS_OK)
		cursor->offset = at;
	return status;
}

/* Whether one of the first `count` entries, all well formed, has this name. */
static bool cpio_has_name(struct span archive, struct span name, size_t count)
{
	struct cpio_cursor cursor = cpio_begin(archive);
	struct cpio_entry entry;
	const char *why;

	for (size_t i = 0; i < count; i++) {
		if (cpio_next(&cursor, &entry, &why) != STATUS_OK)
			return false;
		if (cpio_equal(entry.name, name))
			return true;
	}
	return false;
}

status_t cpio_check(struct span archive, const char **why)
{
	struct cpio_cursor cursor = cpio_begin(archive);
	struct span first = span_of(NULL, 0);
	struct span greatest = first; /* of all names but the first: a greater one needs no search */
	struct cpio_entry entry;
	status_t status;

	for (size_t count = 0; (status = cpio_next(&cursor, &entry, why)) == STATUS_OK; count++) {
		bool ascends = count < 2 || cpio_compare(entry.name, greatest) > 0;

		if (count == CPIO_ENTRY_MAX)
			return cpio_fail(why, "archive has too many entries");
		if ((count > 0 && cpio_equal(entry.name, first)) ||
		    (!ascends && cpio_has_name(archive, entry.name, count)))
			return cpio_fail(why, "name occurs twice");
		if (count == 0)
			first = entry.name;
		else if (ascends)
			greatest = entry.name;
	}
	if (status != STATUS_ENODATA)
		return status;
	if (!cpio_is_zero(archive, cursor.offset, archive.len))
		return cpio_fail(why, "something follows the trailer");
	return STATUS_OK;
}

status_t cpio_find(struct span archive, struct span name, struct span *data)
{
	struct cpio_cursor cursor = cpio_begin(archive);
	struct cpio_entry entry;
	const char *why;
	status_t status;

	while ((status = cpio_next(&cursor, &entry, &why)) == STATUS_OK) {
		if (cpio_equal(entry.name, name)) {
			if (entry.is_directory || entry.is_link)
				return STATUS_ENOENT;
			*data = entry.data;
			return STATUS_OK;
		}
	}
	return status == STATUS_ENODATA ? STATUS_ENOENT : status;
}
