// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The 9p file system against servers that break the rules. */
#include "lib/ninep.h"
#include "tests/unit/kernel/io/fs/ninep_fixture.h"
#include "tests/unit/random.h"

enum { ROUNDS = 4000 };

struct lie {
	uint8_t type; /* of the request whose reply is spoilt */
	void (*tell)(uint8_t *reply, size_t *bytes, size_t room);
};

static void lie_tag(uint8_t *reply, size_t *bytes, size_t room)
{
	(void)bytes;
	(void)room;
	reply[5] ^= 1;
}

static void lie_type(uint8_t *reply, size_t *bytes, size_t room)
{
	(void)bytes;
	(void)room;
	reply[4] += 2;
}

static void lie_short(uint8_t *reply, size_t *bytes, size_t room)
{
	(void)reply;
	(void)room;
	*bytes -= 1;
}

static void lie_empty(uint8_t *reply, size_t *bytes, size_t room)
{
	(void)reply;
	(void)room;
	*bytes = 0;
}

static void lie_full(uint8_t *reply, size_t *bytes, size_t room)
{
	(void)reply;
	*bytes = room;
}

static void lie_size(uint8_t *reply, size_t *bytes, size_t room)
{
	(void)bytes;
	(void)room;
	reply[3] = 0x7f;
}

static void lie_count(uint8_t *reply, size_t *bytes, size_t room)
{
	(void)bytes;
	(void)room;
	memset(reply + NINEP_HEAD_BYTES, 0xff, 4);
}

static void spoil(void *ctx, uint8_t type, uint8_t *reply, size_t *bytes, size_t room)
{
	const struct lie *lie = ctx;

	if (type == lie->type && reply[4] == type + 1)
		lie->tell(reply, bytes, room);
}

/* Everything that there is to do, and whatever comes of it. */
static void do_everything(void)
{
	struct fs_node *node = NULL, *folder = NULL;
	struct fs_space space;
	struct fs_stat stat = { 0 };
	unsigned left = 10;

	(void)fs->ops->space(fs, &space);
	if (fs->ops->create(fs->root, text("f"), FS_DIRECTORY, 0700, &folder) == STATUS_OK) {
		(void)fs->ops->list(folder, 0, count_entry, &left);
		(void)fs->ops->sync(folder);
	}
	if (fs->ops->create(fs->root, text("a"), FS_FILE, 0600, &node) == STATUS_OK) {
		(void)fs->ops->write(node, 0, buffer, 100, false);
		(void)fs->ops->write(node, 0, buffer, 100, true);
		(void)fs->ops->read(node, 0, buffer, BUFFER_BYTES);
		(void)fs->ops->stat(node, &stat);
		(void)fs->ops->set(node, FS_SET_SIZE, &stat);
		(void)fs->ops->sync(node);
		(void)fs->ops->link(fs->root, text("k"), node);
		fs_node_put(node);
	}
	(void)fs->ops->symlink(fs->root, text("s"), text("target"));
	if (fs->ops->lookup(fs->root, text("s"), &node) == STATUS_OK) {
		if (node->type == FS_LINK)
			(void)fs->ops->read_link(node, (char *)buffer, BUFFER_BYTES);
		fs_node_put(node);
	}
	left = 10;
	(void)fs->ops->list(fs->root, 0, count_entry, &left);
	(void)fs->ops->rename(fs->root, text("a"), folder != NULL ? folder : fs->root, text("b"), true);
	if (fs->ops->lookup(fs->root, text("k"), &node) == STATUS_OK) {
		(void)fs->ops->remove(fs->root, text("k"), false);
		(void)fs->ops->read(node, 0, buffer, 10);
		fs_node_put(node);
	}
	if (folder != NULL)
		fs_node_put(folder);
	server_settle();
}

static void lies_of_length_type_and_tag_end_the_channel(void)
{
	static const uint8_t types[] = { NINEP_STATFS, NINEP_LOPEN, NINEP_LCREATE, NINEP_SYMLINK, NINEP_READLINK, NINEP_GETATTR, NINEP_SETATTR,
					 NINEP_READDIR, NINEP_FSYNC, NINEP_LINK, NINEP_MKDIR, NINEP_RENAMEAT, NINEP_UNLINKAT, NINEP_WALK,
					 NINEP_READ, NINEP_WRITE, NINEP_CLUNK };
	static void (*const lies[])(uint8_t *reply, size_t *bytes, size_t room) = { lie_tag, lie_type, lie_short, lie_empty, lie_full, lie_size };

	for (unsigned i = 0; i < sizeof(types); i++) {
		for (unsigned j = 0; j < sizeof(lies) / sizeof(lies[0]); j++) {
			struct lie lie = { .type = types[i], .tell = lies[j] };
			struct fs_stat stat;

			mount();
			server.spoil = spoil;
			server.ctx = &lie;
			do_everything();
			CU_ASSERT_EQUAL(server.breaks, 1);
			CU_ASSERT_EQUAL(fs->ops->stat(fs->root, &stat), STATUS_EIO); /* from then on all fails */
			unmount_broken();
		}
	}
}

static void counts_that_are_too_large_end_the_channel(void)
{
	static const uint8_t types[] = { NINEP_READ, NINEP_WRITE, NINEP_READDIR, NINEP_WALK, NINEP_READLINK };

	for (unsigned i = 0; i < sizeof(types); i++) {
		struct lie lie = { .type = types[i], .tell = lie_count };

		mount();
		server.spoil = spoil;
		server.ctx = &lie;
		do_everything();
		CU_ASSERT_EQUAL(server.breaks, 1);
		unmount_broken();
	}
}

static void a_mount_that_is_lied_to_fails_and_leaks_nothing(void)
{
	static const uint8_t types[] = { NINEP_VERSION, NINEP_ATTACH, NINEP_SETATTR };
	static void (*const lies[])(uint8_t *reply, size_t *bytes, size_t room) = { lie_tag, lie_type, lie_short, lie_empty, lie_full, lie_size };

	for (unsigned i = 0; i < sizeof(types); i++) {
		for (unsigned j = 0; j < sizeof(lies) / sizeof(lies[0]); j++) {
			struct lie lie = { .type = types[i], .tell = lies[j] };

			server_reset();
			server.spoil = spoil;
			server.ctx = &lie;
			CU_ASSERT_EQUAL(ninep_mount("host", &fs, why, sizeof(why)), STATUS_EIO);
			CU_ASSERT_EQUAL(server.breaks, 1);
			expect_nothing();
		}
	}
}

/* What is wrong with the first entry, "."; of the last kind there are nothing but dots. */
static void spoil_entries(void *ctx, uint8_t type, uint8_t *reply, size_t *bytes, size_t room)
{
	const unsigned *which = ctx;
	uint8_t *entry = reply + NINEP_DATA_HEAD_BYTES;

	(void)room;
	if (type != NINEP_READDIR || reply[4] != NINEP_READDIR + 1)
		return;
	if (*which == 0)
		entry[24] = '/';
	else if (*which == 1)
		entry[22] = 0;
	else if (*which == 2)
		memset(entry + 13, 0, 8);
	if (*which == 3) {
		memcpy(reply, "\x24\0\0\0", 4);
		memcpy(reply + NINEP_HEAD_BYTES, "\x19\0\0\0", 4);
		memcpy(entry, "\x80\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\4\1\0.", 25);
		*bytes = NINEP_DATA_HEAD_BYTES + 25;
	}
}

static void spoil_write(void *ctx, uint8_t type, uint8_t *reply, size_t *bytes, size_t room)
{
	(void)ctx;
	(void)bytes;
	(void)room;
	if (type == NINEP_WRITE)
		memset(reply + NINEP_HEAD_BYTES, 0, 4);
}

/* Entries of a folder: a name with a '/', one that is empty, an offset of 0; and a list that never gets anywhere. */
static void entries_that_lie_are_errors(void)
{
	for (unsigned which = 0; which < 4; which++) {
		unsigned left = 1000;

		mount();
		put(create("abc", "A"));
		server.ctx = &which;
		server.spoil = NULL;
		CU_ASSERT_EQUAL(fs->ops->list(fs->root, 0, count_entry, &left), STATUS_OK);
		server.spoil = spoil_entries;
		CU_ASSERT_EQUAL(fs->ops->list(fs->root, 0, count_entry, &left), STATUS_EIO);
		server.spoil = NULL;
		left = 1000;
		CU_ASSERT_EQUAL(fs->ops->list(fs->root, 0, count_entry, &left), STATUS_OK); /* the channel goes on */
		unmount();
	}
}

/* A write of nothing would be tried for ever. */
static void writes_of_nothing_are_errors(void)
{
	struct fs_node *node;

	mount();
	node = create("a", "A");
	server.spoil = spoil_write;
	CU_ASSERT_EQUAL(fs->ops->write(node, 0, buffer, 10, false), STATUS_EIO);
	server.spoil = NULL;
	put(node);
	unmount();
}

static struct random dice;
static unsigned rarely;

/* Some bytes, mostly of what comes first; or the length. */
static void spoil_sometimes(void *ctx, uint8_t type, uint8_t *reply, size_t *bytes, size_t room)
{
	size_t first = *bytes < 24 ? *bytes : 24;

	(void)ctx;
	(void)type;
	if (random_below(&dice, rarely) != 0)
		return;
	reply[random_below(&dice, first)] = (uint8_t)random_next(&dice);
	reply[random_below(&dice, *bytes)] = (uint8_t)random_next(&dice);
	if (random_below(&dice, 16) == 0)
		*bytes = random_below(&dice, room + 1);
}

static void servers_that_lie_at_random_break_nothing_here(void)
{
	dice = random_start(1);
	for (unsigned i = 0; i < ROUNDS; i++) {
		server_reset();
		server.spoil = spoil_sometimes;
		rarely = 4 + i % 60;
		if (ninep_mount("host", &fs, why, sizeof(why)) != STATUS_OK) {
			expect_nothing();
			continue;
		}
		do_everything();
		unmount_broken();
	}
}

static uint64_t said_nanoseconds;

static void answer_nanoseconds(void *ctx, uint8_t type, uint8_t *reply, size_t *bytes, size_t room)
{
	(void)ctx;
	(void)bytes;
	(void)room;
	for (unsigned i = 0; type == NINEP_GETATTR && i < 3; i++) /* of three times */
		memcpy(reply + NINEP_HEAD_BYTES + 8 + 13 + 12 + 4 * 8 + 8 + 16 * i + 8, &said_nanoseconds, 8);
}

static void a_second_has_a_billion_nanoseconds(void)
{
	static const uint64_t said[] = { 0, 5, 999999998, 999999999, 1000000000, 0x100000000, UINT64_MAX };
	struct fs_stat stat;

	mount();
	server.spoil = answer_nanoseconds;
	for (unsigned i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		uint32_t due = said[i] < 999999999 ? (uint32_t)said[i] : 999999999;

		said_nanoseconds = said[i];
		CU_ASSERT_EQUAL(fs->ops->stat(fs->root, &stat), STATUS_OK);
		CU_ASSERT(stat.accessed.nanoseconds == due && stat.modified.nanoseconds == due && stat.changed.nanoseconds == due);
	}
	server.spoil = NULL;
	unmount();
}

static uint32_t walk_error;

static void fail_walks(void *ctx, uint8_t type, uint8_t *reply, size_t *bytes, size_t room)
{
	const uint32_t len = NINEP_HEAD_BYTES + 4;

	(void)ctx;
	(void)room;
	if (type != NINEP_WALK || walk_error == 0)
		return;
	memcpy(reply, &len, 4);
	reply[4] = NINEP_LERROR + 1;
	memcpy(reply + NINEP_HEAD_BYTES, &walk_error, 4);
	*bytes = len;
}

/* A name that is gone with its directory needs no syncing; what else goes wrong there is told. */
static void a_directory_that_is_gone_has_nothing_to_sync(void)
{
	static const struct {
		uint32_t error;
		status_t status;
	} rows[] = { { 2, STATUS_OK }, { 116, STATUS_OK }, { 5, STATUS_EIO }, { 13, STATUS_EACCES }, { 12, STATUS_ENOMEM } };
	struct fs_node *node;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mount();
		node = create("a", "A");
		server.spoil = fail_walks;
		walk_error = rows[i].error;
		CU_ASSERT_EQUAL(fs->ops->sync(node), rows[i].status);
		walk_error = 0;
		put(node);
		unmount_broken(); /* the server has walked, and has a fid that nobody knows of */
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(lies_of_length_type_and_tag_end_the_channel),
	UNIT_CASE(counts_that_are_too_large_end_the_channel),
	UNIT_CASE(a_mount_that_is_lied_to_fails_and_leaks_nothing),
	UNIT_CASE(entries_that_lie_are_errors),
	UNIT_CASE(writes_of_nothing_are_errors),
	UNIT_CASE(servers_that_lie_at_random_break_nothing_here),
	UNIT_CASE(a_second_has_a_billion_nanoseconds),
	UNIT_CASE(a_directory_that_is_gone_has_nothing_to_sync),
};
UNIT_MAIN("kernel/io/fs/ninep, lies", cases)
