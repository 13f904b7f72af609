// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * minisign's formats. The text of a signature is taken apart line by line; nothing is trimmed, skipped or defaulted, so that
 * each byte of it either is fixed by the format or ends up in something that is signed.
 */
#include "lib/minisign.h"

#include "lib/base64.h"
#include "lib/string.h"

#define MINISIGN_TRUSTED_PREFIX "trusted comment: "
#define MINISIGN_BLOB_BYTES (2 + MINISIGN_KEY_ID_BYTES + MINISIGN_SIGNATURE_BYTES)

static status_t minisign_fail(const char **why, const char *cause)
{
	*why = cause;
	return STATUS_EINVAL;
}

/* Takes a line and its LF off the front of `*rest`; false where there is no LF. */
static bool minisign_next_line(struct span *rest, struct span *line)
{
	for (size_t i = 0; i < rest->len; i++) {
		if (rest->data[i] == '\n') {
			*line = span_of(rest->data, i);
			*rest = span_of(rest->data + i + 1, rest->len - i - 1);
			return true;
		}
	}
	return false;
}

static bool minisign_comment_is_valid(struct span comment)
{
	if (comment.len > MINISIGN_COMMENT_MAX)
		return false;
	for (size_t i = 0; i < comment.len; i++) {
		if ((comment.data[i] < 0x20 && comment.data[i] != '\t') || comment.data[i] == 0x7f)
			return false;
	}
	return true;
}

status_t minisign_signature_parse(struct span text, struct span required_untrusted_comment,
				  struct minisign_signature *out, const char **why)
{
	const size_t prefix_bytes = sizeof(MINISIGN_TRUSTED_PREFIX) - 1;
	uint8_t blob[MINISIGN_BLOB_BYTES];
	struct span lines[4];

	for (size_t i = 0; i < 4; i++) {
		if (!minisign_next_line(&text, &lines[i]))
			return minisign_fail(why, "signature text has fewer than four lines");
	}
	if (text.len != 0)
		return minisign_fail(why, "signature text goes on after four lines");
	if (lines[0].len != required_untrusted_comment.len ||
	    memcmp(lines[0].data, required_untrusted_comment.data, lines[0].len) != 0)
		return minisign_fail(why, "untrusted comment is not the required one");
	if (base64_decode_strict(lines[1], blob, sizeof(blob)) != STATUS_OK)
		return minisign_fail(why, "signature is not canonical base64 of 74 bytes");
	if (blob[0] != 'E' || blob[1] != 'D') {
		*why = "signature algorithm is not ED";
		return STATUS_ENOTSUP;
	}
	if (lines[2].len < prefix_bytes || memcmp(lines[2].data, MINISIGN_TRUSTED_PREFIX, prefix_bytes) != 0)
		return minisign_fail(why, "third line is not a trusted comment");
	out->trusted_comment = span_of(lines[2].data + prefix_bytes, lines[2].len - prefix_bytes);
	if (!minisign_comment_is_valid(out->trusted_comment))
		return minisign_fail(why, "trusted comment is too long or not printable");
	if (base64_decode_strict(lines[3], out->global, sizeof(out->global)) != STATUS_OK)
		return minisign_fail(why, "global signature is not canonical base64 of 64 bytes");
	memcpy(out->key_id, blob + 2, sizeof(out->key_id));
	memcpy(out->signature, blob + 2 + sizeof(out->key_id), sizeof(out->signature));
	return STATUS_OK;
}

status_t minisign_public_key_parse(struct span text, struct minisign_public_key *out)
{
	uint8_t raw[MINISIGN_PUBLIC_KEY_BYTES];

	if (base64_decode_strict(text, raw, sizeof(raw)) != STATUS_OK)
		return STATUS_EINVAL;
	if (raw[0] != 'E' || raw[1] != 'd')
		return STATUS_ENOTSUP;
	memcpy(out, raw, sizeof(raw));
	return STATUS_OK;
}

static bool minisign_is_zero(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= p[i];
	return any == 0;
}

/* The first of the first `count` keys with this id, or NULL. */
static const struct minisign_trusted_key *minisign_key_lookup(const struct minisign_key_section *section, uint32_t count,
							      const uint8_t *key_id)
{
	for (uint32_t i = 0; i < count; i++) {
		if (memcmp(section->keys[i].public_key.key_id, key_id, MINISIGN_KEY_ID_BYTES) == 0)
			return &section->keys[i];
	}
	return NULL;
}

status_t minisign_key_section_check(const struct minisign_key_section *section, const char **why)
{
	if (memcmp(section->magic, MINISIGN_KEY_SECTION_MAGIC, sizeof(section->magic)) != 0)
		return minisign_fail(why, "key section has no magic");
	if (section->capacity != MINISIGN_KEY_SECTION_CAPACITY)
		return minisign_fail(why, "key section has another capacity");
	if (section->count > MINISIGN_KEY_SECTION_CAPACITY)
		return minisign_fail(why, "key section counts more keys than it has slots");
	if (!minisign_is_zero(&section->keys[section->count], (MINISIGN_KEY_SECTION_CAPACITY - section->count) * sizeof(section->keys[0])))
		return minisign_fail(why, "unused key slot is not zero");
	for (uint32_t i = 0; i < section->count; i++) {
		const struct minisign_trusted_key *key = &section->keys[i];

		if (key->public_key.algorithm[0] != 'E' || key->public_key.algorithm[1] != 'd')
			return minisign_fail(why, "key algorithm is not Ed");
		if ((key->flags & ~MINISIGN_TRUSTED_KEY_DEVELOPMENT) != 0)
			return minisign_fail(why, "key has unknown flags");
		if (!minisign_is_zero(key->zero, sizeof(key->zero)))
			return minisign_fail(why, "key padding is not zero");
		if (minisign_key_lookup(section, i, key->public_key.key_id) != NULL)
			return minisign_fail(why, "key id occurs twice");
	}
	return STATUS_OK;
}

const struct minisign_trusted_key *minisign_key_section_find(const struct minisign_key_section *section,
							     const uint8_t key_id[MINISIGN_KEY_ID_BYTES])
{
	return minisign_key_lookup(section, section->count, key_id);
}
