// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A header that is taken is the only one there is for its signature and archive. */
#include "lib/bundle.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void put_le(uint8_t *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t header[BUNDLE_HEADER_BYTES] = { 0 };
	struct span file = span_of(data, size);
	const char *why = NULL;
	struct bundle bundle;

	if (bundle_open(file, &bundle, &why) != STATUS_OK) {
		FUZZ_ASSERT(why != NULL);
		return 0;
	}
	FUZZ_ASSERT(fuzz_is_inside(bundle.signature, file));
	FUZZ_ASSERT(fuzz_is_inside(bundle.archive, file));
	FUZZ_ASSERT(bundle.archive.len > 0 && bundle.archive.data + bundle.archive.len == data + size);
	memcpy(header, BUNDLE_MAGIC, 8);
	put_le(header + 8, BUNDLE_VERSION, 4);
	put_le(header + 12, BUNDLE_HEADER_BYTES, 4);
	put_le(header + 16, bundle.archive.len, 8);
	put_le(header + 24, bundle.signature.len, 4);
	memcpy(header + BUNDLE_SIGNATURE_OFFSET, bundle.signature.data, bundle.signature.len);
	FUZZ_ASSERT(memcmp(header, data, sizeof(header)) == 0);
	return 0;
}
