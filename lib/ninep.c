// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Requests. */
#include "lib/ninep.h"

#include "lib/string.h"

enum { TYPE_AT = 4 };

static void put(struct ninep_writer *out, const void *data, size_t bytes)
{
	if (out->full || bytes > out->size - out->len) {
		out->full = true;
		return;
	}
	memcpy(out->data + out->len, data, bytes);
	out->len += bytes;
}

void ninep_put8(struct ninep_writer *out, uint8_t value)
{
	put(out, &value, sizeof(value));
}

void ninep_put16(struct ninep_writer *out, uint16_t value)
{
	const uint8_t bytes[] = { (uint8_t)value, (uint8_t)(value >> 8) };

	put(out, bytes, sizeof(bytes));
}

void ninep_put32(struct ninep_writer *out, uint32_t value)
{
	ninep_put16(out, (uint16_t)value);
	ninep_put16(out, (uint16_t)(value >> 16));
}

void ninep_put64(struct ninep_writer *out, uint64_t value)
{
	ninep_put32(out, (uint32_t)value);
	ninep_put32(out, (uint32_t)(value >> 32));
}

void ninep_put_text(struct ninep_writer *out, struct span text)
{
	if (text.len > UINT16_MAX)
		out->full = true;
	ninep_put16(out, (uint16_t)text.len);
	put(out, text.data, text.len);
}

void ninep_begin(struct ninep_writer *out, void *data, size_t size, enum ninep_type type, uint16_t tag)
{
	*out = (struct ninep_writer){ .data = data, .size = size };
	ninep_put32(out, 0); /* ninep_end() knows it */
	ninep_put8(out, (uint8_t)type);
	ninep_put16(out, tag);
}

bool ninep_end(struct ninep_writer *out, uint32_t more)
{
	struct ninep_writer size = { .data = out->data, .size = TYPE_AT };

	if (out->full || more > UINT32_MAX - out->len)
		return false;
	ninep_put32(&size, (uint32_t)out->len + more);
	return true;
}

void ninep_put_version(struct ninep_writer *out, uint32_t message_max)
{
	ninep_put32(out, message_max);
	ninep_put_text(out, span_of(NINEP_VERSION_TEXT, sizeof(NINEP_VERSION_TEXT) - 1));
}

void ninep_put_attach(struct ninep_writer *out, uint32_t fid)
{
	const struct span none = { 0 };

	ninep_put32(out, fid);
	ninep_put32(out, NINEP_NO_FID); /* nobody is to vouch for us */
	ninep_put_text(out, none);
	ninep_put_text(out, none);
	ninep_put32(out, NINEP_NOBODY);
}

void ninep_put_walk(struct ninep_writer *out, uint32_t fid, uint32_t new_fid, const struct span *name)
{
	ninep_put32(out, fid);
	ninep_put32(out, new_fid);
	ninep_put16(out, name != NULL);
	if (name != NULL)
		ninep_put_text(out, *name);
}

void ninep_put_create(struct ninep_writer *out, uint32_t fid, struct span name, uint32_t flags, uint32_t mode)
{
	ninep_put32(out, fid);
	ninep_put_text(out, name);
	ninep_put32(out, flags);
	ninep_put32(out, mode);
	ninep_put32(out, NINEP_NOBODY);
}

void ninep_put_io(struct ninep_writer *out, uint32_t fid, uint64_t offset, uint32_t bytes)
{
	ninep_put32(out, fid);
	ninep_put64(out, offset);
	ninep_put32(out, bytes);
}

void ninep_put_mkdir(struct ninep_writer *out, uint32_t directory, struct span name, uint32_t mode)
{
	ninep_put32(out, directory);
	ninep_put_text(out, name);
	ninep_put32(out, mode);
	ninep_put32(out, NINEP_NOBODY);
}

void ninep_put_link(struct ninep_writer *out, uint32_t directory, uint32_t fid, struct span name)
{
	ninep_put32(out, directory);
	ninep_put32(out, fid);
	ninep_put_text(out, name);
}

void ninep_put_rename(struct ninep_writer *out, uint32_t from, struct span name, uint32_t to, struct span to_name)
{
	ninep_put32(out, from);
	ninep_put_text(out, name);
	ninep_put32(out, to);
	ninep_put_text(out, to_name);
}

void ninep_put_setattr(struct ninep_writer *out, uint32_t fid, const struct ninep_changes *changes)
{
	ninep_put32(out, fid);
	ninep_put32(out, changes->what);
	ninep_put32(out, changes->mode);
	ninep_put32(out, NINEP_NOBODY);
	ninep_put32(out, NINEP_NOBODY);
	ninep_put64(out, changes->size);
	ninep_put64(out, changes->accessed.seconds);
	ninep_put64(out, changes->accessed.nanoseconds);
	ninep_put64(out, changes->modified.seconds);
	ninep_put64(out, changes->modified.nanoseconds);
}
