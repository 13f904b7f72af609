// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Requests byte by byte; replies as they should be, and each of the ways in which a server can lie. */
#include "lib/ninep.h"

#include <string.h>

#include "lib/bits.h"
#include "tests/unit/unit.h"

static uint8_t memory[NINEP_REQUEST_BYTES];

static void begin(struct ninep_writer *out, enum ninep_type type)
{
	ninep_begin(out, memory, sizeof(memory), type, 0x1234);
}

static void expect(struct ninep_writer *out, uint32_t more, const char *bytes, size_t len)
{
	CU_ASSERT(ninep_end(out, more));
	CU_ASSERT_EQUAL(out->len, len);
	CU_ASSERT_EQUAL(memcmp(memory, bytes, len), 0);
}
#define EXPECT(out, more, text) expect(out, more, text, sizeof(text) - 1)

static void requests_are_written_as_the_protocol_has_them(void)
{
	const struct span name = span_of("ab", 2);
	struct ninep_writer out;

	ninep_begin(&out, memory, sizeof(memory), NINEP_VERSION, NINEP_NO_TAG);
	ninep_put_version(&out, 0x80000);
	EXPECT(&out, 0, "\x15\0\0\0\x64\xff\xff\0\0\x08\0\x08\0" "9P2000.L");
	begin(&out, NINEP_ATTACH);
	ninep_put_attach(&out, 7);
	EXPECT(&out, 0, "\x17\0\0\0\x68\x34\x12\7\0\0\0\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff");
	begin(&out, NINEP_WALK);
	ninep_put_walk(&out, 1, 2, &name);
	EXPECT(&out, 0, "\x15\0\0\0\x6e\x34\x12\1\0\0\0\2\0\0\0\1\0\2\0ab");
	begin(&out, NINEP_WALK);
	ninep_put_walk(&out, 1, 2, NULL);
	EXPECT(&out, 0, "\x11\0\0\0\x6e\x34\x12\1\0\0\0\2\0\0\0\0\0");
	begin(&out, NINEP_LCREATE);
	ninep_put_create(&out, 3, name, NINEP_O_RDWR | NINEP_O_CREATE, 0644);
	EXPECT(&out, 0, "\x1b\0\0\0\x0e\x34\x12\3\0\0\0\2\0ab\x42\0\0\0\xa4\1\0\0\xff\xff\xff\xff");
	begin(&out, NINEP_WRITE);
	ninep_put_io(&out, 3, 0x1122334455667788, 9);
	EXPECT(&out, 9, "\x20\0\0\0\x76\x34\x12\3\0\0\0\x88\x77\x66\x55\x44\x33\x22\x11\x09\0\0\0");
	begin(&out, NINEP_MKDIR);
	ninep_put_mkdir(&out, 4, name, 0755);
	EXPECT(&out, 0, "\x17\0\0\0\x48\x34\x12\4\0\0\0\2\0ab\xed\1\0\0\xff\xff\xff\xff");
	begin(&out, NINEP_LINK);
	ninep_put_link(&out, 4, 5, name);
	EXPECT(&out, 0, "\x13\0\0\0\x46\x34\x12\4\0\0\0\5\0\0\0\2\0ab");
	begin(&out, NINEP_RENAMEAT);
	ninep_put_rename(&out, 4, name, 5, span_of("c", 1));
	EXPECT(&out, 0, "\x16\0\0\0\x4a\x34\x12\4\0\0\0\2\0ab\5\0\0\0\1\0c");
	begin(&out, NINEP_SETATTR);
	ninep_put_setattr(&out, 4, &(struct ninep_changes){ .what = NINEP_SET_SIZE, .mode = 1, .size = 2, .accessed = { 3, 4 }, .modified = { 5, 6 } });
	EXPECT(&out, 0, "\x43\0\0\0\x1a\x34\x12\4\0\0\0\x08\0\0\0\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\2\0\0\0\0\0\0\0"
		"\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0");
}

static void requests_that_do_not_fit_are_refused(void)
{
	static char name[0x10000];
	struct ninep_writer out;

	for (size_t size = 0; size < 21; size++) {
		ninep_begin(&out, memory, size, NINEP_WALK, 1);
		ninep_put_walk(&out, 1, 2, &(struct span){ (const uint8_t *)"ab", 2 });
		CU_ASSERT(!ninep_end(&out, 0));
		CU_ASSERT(out.len <= size);
	}
	begin(&out, NINEP_WALK);
	ninep_put_text(&out, span_of(name, sizeof(name)));
	CU_ASSERT(!ninep_end(&out, 0));
	begin(&out, NINEP_WRITE);
	CU_ASSERT(!ninep_end(&out, UINT32_MAX - 6));
	CU_ASSERT(ninep_end(&out, UINT32_MAX - 7));
}

static void every_request_of_the_longest_names_fits(void)
{
	static char name[NINEP_NAME_MAX];
	const struct span longest = span_of(name, sizeof(name));
	struct ninep_writer out;

	begin(&out, NINEP_RENAMEAT);
	ninep_put_rename(&out, 1, longest, 2, longest);
	CU_ASSERT(ninep_end(&out, 0));
	begin(&out, NINEP_SYMLINK);
	ninep_put32(&out, 1);
	ninep_put_text(&out, longest);
	ninep_put16(&out, 1);
	ninep_put32(&out, NINEP_NOBODY);
	CU_ASSERT(ninep_end(&out, NINEP_TARGET_MAX));
}

/* --- replies ----------------------------------------------------------------------------------------------------------- */

static struct ninep_reply reply;
static const char *why;

/* A reply of `text` after its head, read as one to `asked`; `head` bytes of it lie together. */
static status_t answer_parts(const struct ninep_asked *asked, uint8_t type, const void *text, size_t len, size_t head)
{
	static uint8_t bytes[512];
	struct ninep_writer out;

	ninep_begin(&out, bytes, sizeof(bytes), type, asked->tag);
	for (size_t i = 0; i < len; i++)
		ninep_put8(&out, ((const uint8_t *)text)[i]);
	CU_ASSERT_FATAL(ninep_end(&out, 0));
	return ninep_reply_read(span_of(bytes, head < out.len ? head : out.len), (uint32_t)out.len, asked, &reply, &why);
}

static status_t answer(const struct ninep_asked *asked, const void *text, size_t len)
{
	return answer_parts(asked, (uint8_t)(asked->type + 1), text, len, SIZE_MAX);
}
#define ANSWER(asked, text) answer(asked, text, sizeof(text) - 1)

#define QID "\x80\1\0\0\0\2\0\0\0\0\0\0\0"

static const struct ninep_asked version = { .type = NINEP_VERSION, .tag = NINEP_NO_TAG, .bytes = 8192 };
static const struct ninep_asked attach = { .type = NINEP_ATTACH, .tag = 3 };
static const struct ninep_asked walk = { .type = NINEP_WALK, .tag = 3, .names = 1 };
static const struct ninep_asked clone = { .type = NINEP_WALK, .tag = 3 };
static const struct ninep_asked lopen = { .type = NINEP_LOPEN, .tag = 3 };
static const struct ninep_asked reading = { .type = NINEP_READ, .tag = 3, .bytes = 100 };
static const struct ninep_asked writing = { .type = NINEP_WRITE, .tag = 3, .bytes = 100 };
static const struct ninep_asked target = { .type = NINEP_READLINK, .tag = 3 };
static const struct ninep_asked clunk = { .type = NINEP_CLUNK, .tag = 3 };
static const struct ninep_asked getattr = { .type = NINEP_GETATTR, .tag = 3 };
static const struct ninep_asked statfs = { .type = NINEP_STATFS, .tag = 3 };

static void replies_are_read(void)
{
	CU_ASSERT_EQUAL(ANSWER(&version, "\0\x10\0\0\x08\0" "9P2000.L"), STATUS_OK);
	CU_ASSERT_EQUAL(reply.bytes, 4096);
	CU_ASSERT_EQUAL(ANSWER(&attach, QID), STATUS_OK);
	CU_ASSERT(reply.qid.type == NINEP_QID_DIRECTORY && reply.qid.version == 1 && reply.qid.path == 2);
	CU_ASSERT_EQUAL(ANSWER(&walk, "\1\0" QID), STATUS_OK);
	CU_ASSERT_EQUAL(reply.qid.path, 2);
	CU_ASSERT_EQUAL(ANSWER(&clone, "\0\0"), STATUS_OK);
	CU_ASSERT_EQUAL(ANSWER(&lopen, QID "\0\0\0\0"), STATUS_OK);
	CU_ASSERT_EQUAL(reply.qid.path, 2);
	CU_ASSERT_EQUAL(answer_parts(&reading, NINEP_READ + 1, "\3\0\0\0abc", 7, NINEP_DATA_HEAD_BYTES), STATUS_OK);
	CU_ASSERT_EQUAL(reply.bytes, 3);
	CU_ASSERT_EQUAL(ANSWER(&writing, "\x64\0\0\0"), STATUS_OK);
	CU_ASSERT_EQUAL(reply.bytes, 100);
	CU_ASSERT_EQUAL(ANSWER(&target, "\3\0a/b"), STATUS_OK);
	CU_ASSERT(reply.target.len == 3 && memcmp(reply.target.data, "a/b", 3) == 0);
	CU_ASSERT_EQUAL(ANSWER(&clunk, ""), STATUS_OK);
}

/* What a file is, as it is in a reply: valid, qid, mode, user, group, links, rdev, size, block size, blocks, times. */
static size_t attributes(uint8_t *at, uint64_t valid, uint8_t qid_type, uint32_t mode)
{
	struct ninep_writer out;

	ninep_begin(&out, at, NINEP_REPLY_BYTES, NINEP_GETATTR, 3);
	out.len = 0;
	ninep_put64(&out, valid);
	ninep_put8(&out, qid_type);
	ninep_put32(&out, 1);
	ninep_put64(&out, 2);
	ninep_put32(&out, mode);
	ninep_put32(&out, 1000);
	ninep_put32(&out, 1001);
	for (uint64_t i = 1; i <= 5; i++)
		ninep_put64(&out, i);
	for (uint64_t i = 1; i <= 10; i++)
		ninep_put64(&out, 100 * i);
	CU_ASSERT(!out.full);
	return out.len;
}

static void attributes_are_read(void)
{
	uint8_t bytes[NINEP_REPLY_BYTES];
	size_t len = attributes(bytes, NINEP_GETATTR_BASIC, 0, NINEP_MODE_FILE | 0644);
	const struct ninep_attributes *got = &reply.attributes;

	CU_ASSERT_EQUAL(len + NINEP_HEAD_BYTES, NINEP_REPLY_BYTES);
	CU_ASSERT_EQUAL(answer(&getattr, bytes, len), STATUS_OK);
	CU_ASSERT(got->mode == (NINEP_MODE_FILE | 0644) && got->user == 1000 && got->group == 1001);
	CU_ASSERT(got->links == 1 && got->size == 3 && got->block_count == 5);
	CU_ASSERT(got->accessed.seconds == 100 && got->accessed.nanoseconds == 200);
	CU_ASSERT(got->modified.seconds == 300 && got->changed.nanoseconds == 600);
	for (size_t cut = 0; cut < len; cut++)
		CU_ASSERT_EQUAL(answer(&getattr, bytes, cut), STATUS_EPROTO);
	len = attributes(bytes, NINEP_GETATTR_BASIC & ~1u, 0, NINEP_MODE_FILE);
	CU_ASSERT_EQUAL(answer(&getattr, bytes, len), STATUS_EPROTO);
}

static void a_qid_that_lies_about_what_a_file_is_is_found(void)
{
	static const struct {
		uint8_t type;
		uint32_t mode;
		status_t status;
	} rows[] = {
		{ 0, NINEP_MODE_FILE, STATUS_OK },
		{ 0, 0010000, STATUS_OK }, /* a fifo */
		{ NINEP_QID_DIRECTORY, NINEP_MODE_DIRECTORY, STATUS_OK },
		{ NINEP_QID_LINK, NINEP_MODE_LINK, STATUS_OK },
		{ NINEP_QID_DIRECTORY, NINEP_MODE_FILE, STATUS_EPROTO },
		{ 0, NINEP_MODE_DIRECTORY, STATUS_EPROTO },
		{ NINEP_QID_LINK, NINEP_MODE_FILE, STATUS_EPROTO },
		{ 0, NINEP_MODE_LINK, STATUS_EPROTO },
		{ NINEP_QID_DIRECTORY | NINEP_QID_LINK, NINEP_MODE_LINK, STATUS_EPROTO },
	};
	uint8_t bytes[NINEP_REPLY_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = attributes(bytes, NINEP_GETATTR_BASIC, rows[i].type, rows[i].mode);

		CU_ASSERT_EQUAL(answer(&getattr, bytes, len), rows[i].status);
	}
}

static void space_is_read(void)
{
	CU_ASSERT_EQUAL(ANSWER(&statfs, "\1\0\0\0\0\x10\0\0" "\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0"
				       "\6\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\xff\0\0\0"), STATUS_OK);
	CU_ASSERT(reply.space.block_bytes == 4096 && reply.space.blocks == 2 && reply.space.free_blocks == 3);
	CU_ASSERT(reply.space.usable_blocks == 4 && reply.space.files == 5 && reply.space.free_files == 6);
}

static void what_the_host_fails_with_is_told_in_our_terms(void)
{
	CU_ASSERT_EQUAL(answer_parts(&attach, NINEP_LERROR + 1, "\2\0\0\0", 4, SIZE_MAX), STATUS_ENOENT);
	CU_ASSERT_EQUAL(answer_parts(&reading, NINEP_LERROR + 1, "\x15\0\0\0", 4, NINEP_DATA_HEAD_BYTES), STATUS_EISDIR);
	CU_ASSERT_PTR_NULL(why);
	CU_ASSERT_EQUAL(ninep_error(122), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(ninep_error(26), STATUS_EBUSY);
	CU_ASSERT_EQUAL(ninep_error(6), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(ninep_error(116), STATUS_ESTALE);
	/* What would mean something else here, or nothing. */
	CU_ASSERT_EQUAL(ninep_error(0), STATUS_EIO);
	CU_ASSERT_EQUAL(ninep_error(71), STATUS_EIO);
	CU_ASSERT_EQUAL(ninep_error(11), STATUS_EIO);
	CU_ASSERT_EQUAL(ninep_error(256 + 2), STATUS_EIO);
	CU_ASSERT_EQUAL(ninep_error(UINT32_MAX), STATUS_EIO);
	CU_ASSERT_EQUAL(ninep_error((uint32_t)STATUS_ENOENT), STATUS_EIO);
}

static void replies_of_another_length_are_refused(void)
{
	static const uint8_t good[] = "\x14\0\0\0\x69\3\0" QID;

	CU_ASSERT_EQUAL(ninep_reply_read(span_of(good, 20), 20, &attach, &reply, &why), STATUS_OK);
	for (uint32_t len = 0; len < 20; len++) {
		CU_ASSERT_EQUAL(ninep_reply_read(span_of(good, len), len, &attach, &reply, &why), STATUS_EPROTO);
		CU_ASSERT_PTR_NOT_NULL(why);
		CU_ASSERT_EQUAL(ninep_reply_read(span_of(good, len), 20, &attach, &reply, &why), STATUS_EPROTO);
	}
	CU_ASSERT_EQUAL(ninep_reply_read(span_of(good, 20), 19, &attach, &reply, &why), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ninep_reply_read(span_of(good, 20), 21, &attach, &reply, &why), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ANSWER(&attach, QID "x"), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ANSWER(&clunk, "x"), STATUS_EPROTO);
	CU_ASSERT_EQUAL(answer_parts(&attach, NINEP_LERROR + 1, "\2\0\0", 3, SIZE_MAX), STATUS_EPROTO);
	CU_ASSERT_EQUAL(answer_parts(&attach, NINEP_LERROR + 1, "\2\0\0\0\0", 5, SIZE_MAX), STATUS_EPROTO);
}

static void replies_to_something_else_are_refused(void)
{
	const struct ninep_asked other = { .type = NINEP_ATTACH, .tag = 4 };
	static const uint8_t good[] = "\x14\0\0\0\x69\3\0" QID;

	CU_ASSERT_EQUAL(ninep_reply_read(span_of(good, 20), 20, &other, &reply, &why), STATUS_EPROTO);
	for (unsigned type = 0; type < 256; type++)
		if (type != NINEP_ATTACH + 1 && type != NINEP_LERROR + 1)
			CU_ASSERT_EQUAL(answer_parts(&attach, (uint8_t)type, QID, 13, SIZE_MAX), STATUS_EPROTO);
}

static void counts_are_judged(void)
{
	CU_ASSERT_EQUAL(ANSWER(&writing, "\x65\0\0\0"), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ANSWER(&writing, "\xff\xff\xff\xff"), STATUS_EPROTO);
	CU_ASSERT_EQUAL(answer_parts(&reading, NINEP_READ + 1, "\3\0\0\0ab", 6, NINEP_DATA_HEAD_BYTES), STATUS_EPROTO);
	CU_ASSERT_EQUAL(answer_parts(&reading, NINEP_READ + 1, "\1\0\0\0ab", 6, NINEP_DATA_HEAD_BYTES), STATUS_EPROTO);
	CU_ASSERT_EQUAL(answer_parts(&reading, NINEP_READ + 1, "\xff\xff\xff\xff", 4, NINEP_DATA_HEAD_BYTES), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ANSWER(&walk, "\2\0" QID QID), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ANSWER(&walk, "\0\0"), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ANSWER(&clone, "\1\0" QID), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ANSWER(&target, "\4\0a/b"), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ANSWER(&target, "\2\0a/b"), STATUS_EPROTO);
}

static void versions_that_are_not_spoken_are_refused(void)
{
	CU_ASSERT_EQUAL(ANSWER(&version, "\0\x10\0\0\7\0unknown"), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ANSWER(&version, "\0\x10\0\0\x08\0" "9P2000.u"), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ANSWER(&version, "\1\x20\0\0\x08\0" "9P2000.L"), STATUS_EPROTO); /* larger than offered */
	CU_ASSERT_EQUAL(ANSWER(&version, "\xff\x0f\0\0\x08\0" "9P2000.L"), STATUS_EPROTO);
	CU_ASSERT_EQUAL(ANSWER(&version, "\0\0\0\0\x08\0" "9P2000.L"), STATUS_EPROTO);
}

static void a_target_that_is_too_long_is_refused(void)
{
	static uint8_t bytes[NINEP_READLINK_BYTES];
	struct ninep_writer out;

	for (unsigned more = 0; more < 2; more++) {
		ninep_begin(&out, bytes, sizeof(bytes), NINEP_READLINK + 1, 3);
		ninep_put16(&out, (uint16_t)(NINEP_TARGET_MAX + more));
		out.len += NINEP_TARGET_MAX + more;
		CU_ASSERT(ninep_end(&out, 0));
		CU_ASSERT_EQUAL(ninep_reply_read(span_of(bytes, out.len), (uint32_t)out.len, &target, &reply, &why),
				more == 0 ? STATUS_OK : STATUS_EPROTO);
	}
}

/* --- entries ----------------------------------------------------------------------------------------------------------- */

#define ENTRY(offset, type, length, name) QID offset "\0\0\0\0\0\0\0" type length "\0" name

static status_t next(const char *text, size_t len, struct ninep_entry *entry)
{
	struct span rest = span_of(text, len);
	status_t status = ninep_entry_next(&rest, entry);

	CU_ASSERT(status == STATUS_OK ? rest.len == 0 : rest.len == len);
	return status;
}
#define NEXT(text) next(text, sizeof(text) - 1, &entry)

static void entries_are_read(void)
{
	struct ninep_entry entry;

	CU_ASSERT_EQUAL(NEXT(ENTRY("\5", "\4", "\3", "a b")), STATUS_OK);
	CU_ASSERT(entry.qid.path == 2 && entry.offset == 5 && entry.type == NINEP_ENTRY_DIRECTORY);
	CU_ASSERT(entry.name_len == 3 && memcmp(entry.name, "a b", 3) == 0 && !ninep_entry_is_dots(&entry));
	CU_ASSERT_EQUAL(NEXT(ENTRY("\5", "\4", "\1", ".")), STATUS_OK);
	CU_ASSERT(ninep_entry_is_dots(&entry));
	CU_ASSERT_EQUAL(NEXT(ENTRY("\5", "\4", "\2", "..")), STATUS_OK);
	CU_ASSERT(ninep_entry_is_dots(&entry));
	CU_ASSERT_EQUAL(NEXT(ENTRY("\5", "\4", "\3", "...")), STATUS_OK);
	CU_ASSERT(!ninep_entry_is_dots(&entry));
	CU_ASSERT_EQUAL(NEXT(ENTRY("\5", "\4", "\2", ".a")), STATUS_OK);
	CU_ASSERT(!ninep_entry_is_dots(&entry));
}

static void entries_that_are_none_are_refused(void)
{
	static const char good[] = ENTRY("\5", "\4", "\3", "abc");
	static char longest[24 + 256];
	struct ninep_entry entry;

	for (size_t len = 0; len < sizeof(good) - 1; len++)
		CU_ASSERT_EQUAL(next(good, len, &entry), STATUS_EPROTO);
	CU_ASSERT_EQUAL(NEXT(ENTRY("\0", "\4", "\3", "abc")), STATUS_EPROTO); /* a list that begins again */
	CU_ASSERT_EQUAL(NEXT(ENTRY("\5", "\4", "\0", "")), STATUS_EPROTO);
	CU_ASSERT_EQUAL(NEXT(ENTRY("\5", "\4", "\3", "a/b")), STATUS_EPROTO);
	CU_ASSERT_EQUAL(NEXT(ENTRY("\5", "\4", "\3", "a\0b")), STATUS_EPROTO);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + 22, "\xff\0", 2);
	CU_ASSERT_EQUAL(next(longest, 24 + 255, &entry), STATUS_OK);
	CU_ASSERT_EQUAL(entry.name_len, 255);
	memcpy(longest + 22, "\0\1", 2);
	CU_ASSERT_EQUAL(next(longest, 24 + 256, &entry), STATUS_EPROTO);
}

static const struct unit_case cases[] = {
	UNIT_CASE(requests_are_written_as_the_protocol_has_them),
	UNIT_CASE(requests_that_do_not_fit_are_refused),
	UNIT_CASE(every_request_of_the_longest_names_fits),
	UNIT_CASE(replies_are_read),
	UNIT_CASE(attributes_are_read),
	UNIT_CASE(a_qid_that_lies_about_what_a_file_is_is_found),
	UNIT_CASE(space_is_read),
	UNIT_CASE(what_the_host_fails_with_is_told_in_our_terms),
	UNIT_CASE(replies_of_another_length_are_refused),
	UNIT_CASE(replies_to_something_else_are_refused),
	UNIT_CASE(counts_are_judged),
	UNIT_CASE(versions_that_are_not_spoken_are_refused),
	UNIT_CASE(a_target_that_is_too_long_is_refused),
	UNIT_CASE(entries_are_read),
	UNIT_CASE(entries_that_are_none_are_refused),
};
UNIT_MAIN("lib/ninep", cases)
