// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Replies. Each byte is read once: the server may go on writing where it lies. */
#include "lib/bits.h"
#include "lib/ninep.h"
#include "lib/string.h"

/* What is left of a message. Reading behind its end gives 0, and `cut`. */
struct reader {
	struct span rest;
	bool cut;
};

static const uint8_t *take(struct reader *in, size_t bytes)
{
	static const uint8_t zeros[8];
	const uint8_t *at = in->rest.data;

	if (in->cut || bytes > in->rest.len) {
		in->cut = true;
		return zeros;
	}
	in->rest = span_of(at + bytes, in->rest.len - bytes);
	return at;
}

static uint8_t take8(struct reader *in)
{
	return *(const volatile uint8_t *)take(in, 1);
}

static uint16_t take16(struct reader *in)
{
	uint8_t low = take8(in);

	return (uint16_t)(low | take8(in) << 8);
}

static uint32_t take32(struct reader *in)
{
	uint32_t low = take16(in);

	return low | (uint32_t)take16(in) << 16;
}

static uint64_t take64(struct reader *in)
{
	uint64_t low = take32(in);

	return low | (uint64_t)take32(in) << 32;
}

static struct span take_text(struct reader *in)
{
	size_t bytes = take16(in);
	const uint8_t *at;

	if (bytes > in->rest.len)
		in->cut = true;
	at = in->rest.data;
	if (in->cut)
		return (struct span){ 0 };
	in->rest = span_of(at + bytes, in->rest.len - bytes);
	return span_of(at, bytes);
}

static struct ninep_qid take_qid(struct reader *in)
{
	struct ninep_qid qid = { .type = take8(in) };

	qid.version = take32(in);
	qid.path = take64(in);
	return qid;
}

static struct ninep_time take_time(struct reader *in)
{
	struct ninep_time time = { .seconds = take64(in) };

	time.nanoseconds = take64(in);
	return time;
}

static const char *read_version(struct reader *in, const struct ninep_asked *asked, struct ninep_reply *out)
{
	struct span version;

	out->bytes = take32(in);
	version = take_text(in);
	if (version.len != sizeof(NINEP_VERSION_TEXT) - 1 || memcmp(version.data, NINEP_VERSION_TEXT, version.len) != 0)
		return "does not speak 9P2000.L";
	return out->bytes < NINEP_MESSAGE_MIN || out->bytes > asked->bytes ? "wants messages of another size" : NULL;
}

static const char *read_walk(struct reader *in, const struct ninep_asked *asked, struct ninep_reply *out)
{
	if (take16(in) != asked->names)
		return "walks another way";
	if (asked->names > 0)
		out->qid = take_qid(in);
	return NULL;
}

static const char *read_attributes(struct reader *in, struct ninep_reply *out)
{
	struct ninep_attributes *to = &out->attributes;
	uint64_t valid = take64(in);
	uint32_t type;

	out->qid = take_qid(in);
	to->mode = take32(in);
	to->user = take32(in);
	to->group = take32(in);
	to->links = take64(in);
	(void)take64(in); /* rdev */
	to->size = take64(in);
	(void)take64(in); /* blksize */
	to->block_count = take64(in);
	to->accessed = take_time(in);
	to->modified = take_time(in);
	to->changed = take_time(in);
	for (unsigned i = 0; i < 4; i++) /* btime, gen, data_version: nobody fills them in */
		(void)take64(in);
	if (!in->cut && (valid & NINEP_GETATTR_BASIC) != NINEP_GETATTR_BASIC)
		return "keeps attributes to itself";
	type = to->mode & NINEP_MODE_TYPE;
	if (!in->cut && ((type == NINEP_MODE_DIRECTORY) != !!(out->qid.type & NINEP_QID_DIRECTORY) ||
			 (type == NINEP_MODE_LINK) != !!(out->qid.type & NINEP_QID_LINK)))
		return "says two things of what a file is";
	return NULL;
}

static const char *read_space(struct reader *in, struct ninep_reply *out)
{
	(void)take32(in); /* type */
	out->space.block_bytes = take32(in);
	out->space.blocks = take64(in);
	out->space.free_blocks = take64(in);
	out->space.usable_blocks = take64(in);
	out->space.files = take64(in);
	out->space.free_files = take64(in);
	(void)take64(in); /* fsid */
	(void)take32(in); /* namelen */
	return NULL;
}

/* Data that follows, or that was taken. */
static const char *read_count(struct reader *in, const struct ninep_asked *asked, struct ninep_reply *out)
{
	out->bytes = take32(in);
	return out->bytes > asked->bytes ? "moves more than it was asked to" : NULL;
}

static const char *read_target(struct reader *in, struct ninep_reply *out)
{
	out->target = take_text(in);
	return !in->cut && out->target.len > NINEP_TARGET_MAX ? "gives a link that is too long" : NULL;
}

/* What the type says follows the head. */
static const char *read_body(struct reader *in, const struct ninep_asked *asked, struct ninep_reply *out)
{
	switch (asked->type) {
	case NINEP_VERSION:
		return read_version(in, asked, out);
	case NINEP_WALK:
		return read_walk(in, asked, out);
	case NINEP_LOPEN:
	case NINEP_LCREATE:
		out->qid = take_qid(in);
		(void)take32(in); /* iounit: a wish */
		return NULL;
	case NINEP_ATTACH:
	case NINEP_SYMLINK:
	case NINEP_MKDIR:
		out->qid = take_qid(in);
		return NULL;
	case NINEP_GETATTR:
		return read_attributes(in, out);
	case NINEP_STATFS:
		return read_space(in, out);
	case NINEP_READ:
	case NINEP_READDIR:
	case NINEP_WRITE:
		return read_count(in, asked, out);
	case NINEP_READLINK:
		return read_target(in, out);
	default: /* that it was done is all there is to say */
		return NULL;
	}
}

status_t ninep_reply_read(struct span head, uint32_t bytes, const struct ninep_asked *asked, struct ninep_reply *out, const char **why)
{
	struct reader in = { .rest = head };
	uint32_t size = take32(&in);
	uint8_t type = take8(&in);
	uint16_t tag = take16(&in);
	bool has_data = asked->type == NINEP_READ || asked->type == NINEP_READDIR;
	uint32_t number;

	*out = (struct ninep_reply){ 0 };
	*why = NULL;
	if (in.cut || size != bytes || head.len > bytes)
		*why = "gives a reply of another length than it says";
	else if (tag != asked->tag)
		*why = "gives a reply to another request";
	else if (type == NINEP_LERROR + 1) {
		number = take32(&in);
		if (!in.cut && bytes == NINEP_DATA_HEAD_BYTES)
			return ninep_error(number);
		*why = "gives a reply that is cut off";
	} else if (type != asked->type + 1)
		*why = "gives a reply to a request of another type";
	else
		*why = read_body(&in, asked, out);
	if (*why == NULL && (in.cut || in.rest.len > 0 || bytes - head.len != (has_data ? out->bytes : 0)))
		*why = "gives a reply that is cut off, or too long";
	return *why == NULL ? STATUS_OK : STATUS_EPROTO;
}

status_t ninep_error(uint32_t number)
{
	static const struct {
		uint8_t number;
		int8_t status;
	} others[] = {
		{ 6, STATUS_ENOTSUP },   /* ENXIO: a fifo, a device */
		{ 23, STATUS_ENOMEM },   /* ENFILE */
		{ 24, STATUS_ENOMEM },   /* EMFILE */
		{ 26, STATUS_EBUSY },    /* ETXTBSY */
		{ 122, STATUS_ENOSPC },  /* EDQUOT */
	};
	static const int8_t same[] = {
		STATUS_EPERM,  STATUS_ENOENT, STATUS_EIO,    STATUS_EACCES,  STATUS_ENOMEM,	STATUS_EBUSY,  STATUS_EEXIST,
		STATUS_EXDEV,  STATUS_ENOTDIR, STATUS_EISDIR, STATUS_EINVAL, STATUS_EFBIG,	STATUS_ENOSPC, STATUS_EROFS,
		STATUS_EMLINK, STATUS_ENAMETOOLONG, STATUS_ENOTEMPTY, STATUS_ELOOP, STATUS_EOVERFLOW, STATUS_ENOTSUP, STATUS_ESTALE,
	};

	for (unsigned i = 0; i < ARRAY_LEN(same); i++)
		if (number == (uint32_t)-same[i])
			return same[i];
	for (unsigned i = 0; i < ARRAY_LEN(others); i++)
		if (number == others[i].number)
			return others[i].status;
	return STATUS_EIO;
}

status_t ninep_entry_next(struct span *rest, struct ninep_entry *out)
{
	struct reader in = { .rest = *rest };
	struct span name;

	out->qid = take_qid(&in);
	out->offset = take64(&in);
	out->type = take8(&in);
	name = take_text(&in);
	if (in.cut || out->offset == 0 || name.len == 0 || name.len > NINEP_NAME_MAX)
		return STATUS_EPROTO;
	memcpy(out->name, name.data, name.len);
	out->name_len = (uint8_t)name.len;
	for (size_t i = 0; i < name.len; i++)
		if (out->name[i] == '\0' || out->name[i] == '/')
			return STATUS_EPROTO;
	*rest = in.rest;
	return STATUS_OK;
}

bool ninep_entry_is_dots(const struct ninep_entry *entry)
{
	return entry->name[0] == '.' && (entry->name_len == 1 || (entry->name_len == 2 && entry->name[1] == '.'));
}
