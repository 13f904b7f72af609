// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The header is checked field by field: what it may hold is written in bundle.h, and it may hold nothing else. */
#include "lib/bundle.h"

#include "lib/bits.h"
#include "lib/string.h"

static status_t bundle_fail(const char **why, const char *cause)
{
	*why = cause;
	return STATUS_EBADMSG;
}

status_t bundle_open(struct span file, struct bundle *out, const char **why)
{
	uint32_t signature_bytes;

	if (file.len < BUNDLE_HEADER_BYTES)
		return bundle_fail(why, "shorter than a bundle header");
	if (memcmp(file.data, BUNDLE_MAGIC, 8) != 0)
		return bundle_fail(why, "not a bundle: wrong magic");
	if (bits_le32(file.data + 8) != BUNDLE_VERSION) {
		*why = "bundle version is not supported";
		return STATUS_ENOTSUP;
	}
	if (bits_le32(file.data + 12) != BUNDLE_HEADER_BYTES)
		return bundle_fail(why, "header length is not 4096");
	if (bits_le64(file.data + 16) == 0)
		return bundle_fail(why, "archive is empty");
	if (bits_le64(file.data + 16) != file.len - BUNDLE_HEADER_BYTES)
		return bundle_fail(why, "archive length does not match the file");
	signature_bytes = bits_le32(file.data + 24);
	if (signature_bytes == 0 || signature_bytes > BUNDLE_SIGNATURE_MAX)
		return bundle_fail(why, "signature length is out of range");
	if (bits_le32(file.data + 28) != 0)
		return bundle_fail(why, "reserved field is not zero");
	for (size_t i = BUNDLE_SIGNATURE_OFFSET + signature_bytes; i < BUNDLE_HEADER_BYTES; i++) {
		if (file.data[i] != 0)
			return bundle_fail(why, "padding after the signature is not zero");
	}
	out->signature = span_of(file.data + BUNDLE_SIGNATURE_OFFSET, signature_bytes);
	out->archive = span_of(file.data + BUNDLE_HEADER_BYTES, file.len - BUNDLE_HEADER_BYTES);
	return STATUS_OK;
}
