// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Of an archive that passes the check, each entry is clean, lies inside, and is the one that its name finds. */
#include "lib/cpio.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

/* Iterates over an archive; `checked` tells whether it passed. Returns the number of entries. */
static size_t walk(struct span archive, bool checked)
{
	struct cpio_cursor cursor = cpio_begin(archive);
	struct cpio_entry entry;
	const char *why = NULL;
	size_t count = 0;
	status_t status;

	while ((status = cpio_next(&cursor, &entry, &why)) == STATUS_OK) {
		struct span data;

		FUZZ_ASSERT(fuzz_is_inside(entry.name, archive) && fuzz_is_inside(entry.data, archive));
		FUZZ_ASSERT(cpio_name_is_valid(entry.name));
		FUZZ_ASSERT(entry.name.data[entry.name.len] == '\0' && strlen((const char *)entry.name.data) == entry.name.len);
		FUZZ_ASSERT(cursor.offset <= archive.len && cursor.offset % 4 == 0);
		count++;
		if (!checked || count > 64)
			continue;
		FUZZ_ASSERT(cpio_find(archive, entry.name, &data) == (entry.is_directory || entry.is_link ? STATUS_ENOENT : STATUS_OK));
		FUZZ_ASSERT(entry.is_directory || entry.is_link || data.data == entry.data.data);
		FUZZ_ASSERT(!entry.is_link || (entry.data.len > 0 && entry.data.len <= CPIO_LINK_MAX));
	}
	FUZZ_ASSERT(status == STATUS_ENODATA || (!checked && status == STATUS_EBADMSG && why != NULL));
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span archive = span_of(data, size);
	const char *why = NULL;
	bool checked = cpio_check(archive, &why) == STATUS_OK;

	FUZZ_ASSERT(checked || why != NULL);
	FUZZ_ASSERT(walk(archive, checked) <= CPIO_ENTRY_MAX || !checked);
	return 0;
}
