// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The 9p file system against a server that keeps the rules. */
#include "hal/contract/ninep.h"
#include "lib/ninep.h"
#include "tests/unit/kernel/io/fs/ninep_fixture.h"

static void files_are_made_written_and_read(void)
{
	struct fs_stat stat = { .size = 3 };
	struct fs_node *node, *again;

	mount();
	node = create("a", "hello");
	CU_ASSERT(holds(node, "hello"));
	CU_ASSERT_EQUAL(fs->ops->write(node, 99, "!!", 2, true), 2);
	CU_ASSERT(holds(node, "hello!!"));
	CU_ASSERT_EQUAL(fs->ops->read(node, 1, buffer + 8, 3), 3); /* which the device does not reach */
	CU_ASSERT_EQUAL(memcmp(buffer + 8, "ell", 3), 0);
	CU_ASSERT_EQUAL(fs->ops->set(node, FS_SET_SIZE, &stat), STATUS_OK);
	CU_ASSERT(fs->ops->stat(node, &stat) == STATUS_OK && stat.size == 3 && stat.type == FS_FILE && stat.permissions == 0644);
	CU_ASSERT_EQUAL(fs->ops->sync(node), STATUS_OK);
	again = find("a");
	CU_ASSERT_FATAL(again != NULL);
	CU_ASSERT(holds(again, "hel"));
	CU_ASSERT_EQUAL(fs->ops->write(again, 0, "H", 1, false), 1);
	CU_ASSERT(holds(node, "Hel"));
	put(again);
	put(node);
	CU_ASSERT_PTR_NULL(find("b"));
	unmount();
}

/* What says no to one of both ways, or to both. */
static void files_are_opened_for_what_they_allow(void)
{
	struct fs_stat stat = { .permissions = 0400 };
	struct fs_node *node;

	mount();
	put(create("a", "hello"));
	node = find("a");
	CU_ASSERT_EQUAL(fs->ops->set(node, FS_SET_PERMISSIONS, &stat), STATUS_OK);
	CU_ASSERT_EQUAL(fs->ops->write(node, 0, "x", 1, false), STATUS_EACCES);
	CU_ASSERT_EQUAL(fs->ops->write(node, 0, "x", 1, true), STATUS_EACCES);
	CU_ASSERT(holds(node, "hello"));
	CU_ASSERT_EQUAL(fs->ops->write(node, 0, "x", 1, false), STATUS_EACCES);
	put(node);
	node = find("a");
	stat.permissions = 0200;
	CU_ASSERT_EQUAL(fs->ops->set(node, FS_SET_PERMISSIONS, &stat), STATUS_OK);
	CU_ASSERT_EQUAL(fs->ops->read(node, 0, buffer, 1), STATUS_EACCES);
	CU_ASSERT_EQUAL(fs->ops->sync(node), STATUS_OK);
	CU_ASSERT_EQUAL(fs->ops->write(node, 0, "J", 1, false), 1);
	CU_ASSERT_EQUAL(fs->ops->read(node, 0, buffer, 1), STATUS_EACCES);
	stat.permissions = 0600;
	CU_ASSERT_EQUAL(fs->ops->set(node, FS_SET_PERMISSIONS, &stat), STATUS_OK);
	CU_ASSERT(holds(node, "Jello"));
	put(node);
	unmount();
}

static void names_are_made_changed_and_removed(void)
{
	struct fs_node *folder, *node, *link;
	struct fs_stat above, root;
	unsigned left = 100;

	mount();
	CU_ASSERT_EQUAL_FATAL(fs->ops->create(fs->root, text("d"), FS_DIRECTORY, 0700, &folder), STATUS_OK);
	CU_ASSERT_EQUAL(fs->ops->create(fs->root, text("d"), FS_DIRECTORY, 0700, &node), STATUS_EEXIST);
	put(create("a", "A"));
	put(create("b", "B"));
	CU_ASSERT_EQUAL(fs->ops->create(fs->root, text("a"), FS_FILE, 0700, &node), STATUS_EEXIST);
	CU_ASSERT_EQUAL(fs->ops->symlink(fs->root, text("l"), text("../x")), STATUS_OK);
	link = find("l");
	CU_ASSERT_FATAL(link != NULL && link->type == FS_LINK);
	CU_ASSERT(fs->ops->read_link(link, (char *)buffer, 3) == 3 && memcmp(buffer, "../", 3) == 0);
	CU_ASSERT_EQUAL(fs->ops->read(link, 0, buffer, 1), STATUS_ELOOP);
	CU_ASSERT_EQUAL(fs->ops->sync(link), STATUS_OK);
	put(link);
	CU_ASSERT_EQUAL(fs->ops->list(fs->root, 0, count_entry, &left), STATUS_OK);
	CU_ASSERT_EQUAL(left, 96);
	CU_ASSERT_EQUAL(fs->ops->rename(fs->root, text("a"), folder, text("c"), true), STATUS_OK);
	CU_ASSERT_EQUAL(fs->ops->rename(fs->root, text("b"), folder, text("c"), true), STATUS_EEXIST);
	CU_ASSERT_EQUAL(fs->ops->remove(folder, text("c"), true), STATUS_ENOTDIR);
	CU_ASSERT_EQUAL(fs->ops->remove(fs->root, text("d"), false), STATUS_EISDIR);
	fs->ops->lookup(folder, text("c"), &node);
	CU_ASSERT_EQUAL(fs->ops->rename(fs->root, text("b"), folder, text("c"), false), STATUS_OK);
	CU_ASSERT(holds(node, "A")); /* it was opened before its name went */
	put(node);
	CU_ASSERT_EQUAL(fs->ops->sync(folder), STATUS_OK);
	CU_ASSERT_EQUAL(fs->ops->remove(folder, text("c"), false), STATUS_OK);
	CU_ASSERT_EQUAL(fs->ops->parent(fs->root, &node), STATUS_ENOENT);
	CU_ASSERT_EQUAL_FATAL(fs->ops->parent(folder, &node), STATUS_OK);
	CU_ASSERT(fs->ops->stat(node, &above) == STATUS_OK && fs->ops->stat(fs->root, &root) == STATUS_OK && above.id == root.id);
	put(node);
	CU_ASSERT_EQUAL(fs->ops->remove(fs->root, text("d"), true), STATUS_OK);
	CU_ASSERT_EQUAL(fs->ops->parent(folder, &node), STATUS_ENOENT);
	put(folder);
	unmount();
}

static void what_the_host_replaces_is_stale(void)
{
	struct fs_node *opened, *unopened;
	struct fs_stat stat;

	mount();
	server_replace("a", "old");
	opened = find("a");
	unopened = find("a");
	CU_ASSERT(holds(opened, "old"));
	server_replace("a", "new");
	CU_ASSERT(holds(opened, "old"));
	CU_ASSERT_EQUAL(fs->ops->stat(unopened, &stat), STATUS_ESTALE);
	CU_ASSERT_EQUAL(fs->ops->read(unopened, 0, buffer, 1), STATUS_ESTALE);
	CU_ASSERT_EQUAL(fs->ops->set(unopened, FS_SET_SIZE, &stat), STATUS_ESTALE);
	CU_ASSERT_EQUAL(fs->ops->sync(unopened), STATUS_ESTALE);
	put(opened);
	put(unopened);
	unmount();
}

static void what_the_host_fails_with_is_passed_on_and_leaks_nothing(void)
{
	static const uint32_t errors[] = { 2, 5, 12, 13, 28, 30, 116, 0xffffffff };
	struct fs_space space;
	struct fs_stat stat = { 0 };

	mount();
	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct fs_node *node = create("a", "A");
		struct fs_node *made;

		server.fail_with = errors[i];
		CU_ASSERT(fs->ops->lookup(fs->root, text("a"), &made) < 0);
		CU_ASSERT(fs->ops->create(fs->root, text("x"), FS_FILE, 0600, &made) < 0);
		CU_ASSERT(fs->ops->create(fs->root, text("x"), FS_DIRECTORY, 0600, &made) < 0);
		CU_ASSERT(fs->ops->stat(node, &stat) < 0 && fs->ops->set(node, FS_SET_SIZE, &stat) < 0);
		CU_ASSERT(fs->ops->read(node, 0, buffer, 1) < 0 && fs->ops->write(node, 0, buffer, 1, false) < 0);
		CU_ASSERT(fs->ops->write(node, 0, buffer, 1, true) < 0 && fs->ops->sync(node) < 0);
		CU_ASSERT(fs->ops->remove(fs->root, text("a"), false) < 0 && fs->ops->space(fs, &space) < 0);
		CU_ASSERT(fs->ops->rename(fs->root, text("a"), fs->root, text("b"), false) < 0);
		CU_ASSERT(fs->ops->symlink(fs->root, text("s"), text("t")) < 0 && fs->ops->link(fs->root, text("s"), node) < 0);
		server.fail_with = 0;
		put(node);
		CU_ASSERT_EQUAL(fs->ops->remove(fs->root, text("a"), false), STATUS_OK);
	}
	unmount();
}

static void a_server_that_cannot_be_mounted_is_told(void)
{
	server_reset();
	CU_ASSERT_EQUAL(ninep_mount("other", &fs, why, sizeof(why)), STATUS_ENODEV);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "--share"));
	mount();
	CU_ASSERT(!fs->read_only);
	unmount();
	server_reset();
	server.hollow = true; /* one of several, some of which cannot be had */
	CU_ASSERT_EQUAL(ninep_mount("x", &fs, why, sizeof(why)), STATUS_ENODEV);
	CU_ASSERT_EQUAL_FATAL(ninep_mount("h", &fs, why, sizeof(why)), STATUS_OK);
	unmount();
	server_reset();
	server.read_only = true;
	CU_ASSERT_EQUAL_FATAL(ninep_mount("host", &fs, why, sizeof(why)), STATUS_OK);
	CU_ASSERT(fs->read_only);
	unmount();
}

/* The largest message is NINEP_MESSAGE_MIN. */
static void answer_small(void *ctx, uint8_t type, uint8_t *reply, size_t *bytes, size_t room)
{
	const uint32_t most = NINEP_MESSAGE_MIN;

	(void)ctx;
	(void)bytes;
	(void)room;
	if (type == NINEP_VERSION)
		memcpy(reply + NINEP_HEAD_BYTES, &most, sizeof(most));
}

static void answer_wrong(void *ctx, uint8_t type, uint8_t *reply, size_t *bytes, size_t room)
{
	(void)bytes;
	(void)room;
	if (type == *(uint8_t *)ctx)
		reply[5] ^= 1;
}

static void a_panic_leaves_a_file_whatever_was_under_way(void)
{
	const struct span name = text("post-mortem");
	struct fs_node *node;

	memset(buffer, 'x', sizeof(buffer));
	for (unsigned round = 0; round < 2; round++) {
		mount();
		if (round == 1)
			server_replace("post-mortem", "of an earlier panic");
		server.spoil = round == 1 ? answer_small : NULL;
		node = create("open", "and written to");
		memset(buffer, 'x', sizeof(buffer));
		CU_ASSERT_EQUAL(ninep_put_at_panic(fs, name, span_of(buffer, 8000)), STATUS_OK);
		CU_ASSERT(server_holds("post-mortem", buffer, 8000));
		CU_ASSERT(server_holds("open", "and written to", 14));
		fs_node_put(node);
		unmount_broken();
	}
}

static void a_server_that_never_answers_is_given_up_at_the_end(void)
{
	struct fs_node *node;
	struct fs_stat stat;

	mount();
	node = create("a", "A");
	server.gives_up = fs;
	CU_ASSERT_EQUAL(fs->ops->read(node, 0, buffer, 1), STATUS_EIO);
	CU_ASSERT_EQUAL(server.breaks, 1);
	CU_ASSERT_EQUAL(fs->ops->stat(node, &stat), STATUS_EIO);
	fs_node_put(node);
	unmount_broken();
}

static void a_panic_waits_for_no_server_and_believes_none(void)
{
	static uint8_t types[] = { NINEP_VERSION, NINEP_ATTACH, NINEP_WALK, NINEP_LCREATE, NINEP_WRITE, NINEP_FSYNC };
	const struct span name = text("post-mortem");

	mount();
	for (unsigned i = 0; i < sizeof(types); i++) {
		server.spoil = answer_wrong;
		server.ctx = &types[i];
		CU_ASSERT_EQUAL(ninep_put_at_panic(fs, name, span_of(buffer, 100)), STATUS_EIO);
	}
	server.spoil = NULL;
	server.fail_with = 28;
	CU_ASSERT_EQUAL(ninep_put_at_panic(fs, name, span_of(buffer, 100)), STATUS_ENOSPC);
	server.fail_with = 0;
	server.mute = true;
	server.now_ns = 0;
	CU_ASSERT_EQUAL(ninep_put_at_panic(fs, name, span_of(buffer, 100)), STATUS_ETIMEDOUT);
	CU_ASSERT(server.now_ns < 2 * NINEP_AT_PANIC_NS);
	CU_ASSERT_EQUAL(hal_ninep_start_at_panic(hal_ninep_at(0)), STATUS_OK); /* forgets the request that was not answered */
	unmount_broken();
}

static uint8_t heard[8][64]; /* the last requests of the type that is listened for */
static unsigned heard_count;
static uint8_t heard_type;

static void hear(const uint8_t *request, size_t bytes)
{
	if (request[4] == heard_type)
		memcpy(heard[heard_count++ % 8], request, bytes < 64 ? bytes : 64);
}

static void listen_for(uint8_t type)
{
	heard_type = type;
	heard_count = 0;
	server.heard = hear;
}

static uint64_t field(unsigned which, unsigned at, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, heard[which] + NINEP_HEAD_BYTES + at, bytes);
	return value;
}

static void a_change_says_what_is_to_be_changed_and_no_more(void)
{
	const struct fs_stat values = { .permissions = 0640, .size = 77, .accessed = { 5, 6 }, .modified = { 7, 8 } };
	struct fs_node *node;

	mount();
	node = create("a", "A");
	for (uint32_t what = 0; what < 16; what++) {
		uint32_t due = (what & FS_SET_PERMISSIONS ? NINEP_SET_MODE : 0) | (what & FS_SET_SIZE ? NINEP_SET_SIZE : 0) |
			       (what & FS_SET_ACCESSED ? NINEP_SET_ACCESSED | NINEP_SET_ACCESSED_TO : 0) |
			       (what & FS_SET_MODIFIED ? NINEP_SET_MODIFIED | NINEP_SET_MODIFIED_TO : 0);

		listen_for(NINEP_SETATTR);
		CU_ASSERT(fs->ops->set(node, what, &values) == STATUS_OK && heard_count == 1 && field(0, 4, 4) == due);
		CU_ASSERT(field(0, 8, 4) == 0640 && field(0, 20, 8) == 77 && field(0, 28, 8) == 5 && field(0, 36, 8) == 6 && field(0, 44, 8) == 7);
	}
	put(node);
	unmount();
}

/* 24 bytes of a message are not data. */
static void data_fills_messages_to_the_end(void)
{
	unsigned left = 100;
	struct fs_node *node;

	server_reset();
	server.spoil = answer_small;
	CU_ASSERT_EQUAL_FATAL(ninep_mount("host", &fs, why, sizeof(why)), STATUS_OK);
	node = create("a", "A");
	listen_for(NINEP_WRITE);
	CU_ASSERT_EQUAL(fs->ops->write(node, 0, buffer, 8160, false), 8160);
	CU_ASSERT(heard_count >= 2 && field(0, 4, 8) == 0 && field(0, 12, 4) == NINEP_MESSAGE_MIN - 24 && field(1, 4, 8) == NINEP_MESSAGE_MIN - 24);
	listen_for(NINEP_READ);
	CU_ASSERT_EQUAL(fs->ops->read(node, 16, buffer, 8000), 8000);
	CU_ASSERT(heard_count >= 2 && field(0, 4, 8) == 16 && field(0, 12, 4) == NINEP_MESSAGE_MIN - 24);
	listen_for(NINEP_READDIR);
	CU_ASSERT_EQUAL(fs->ops->list(fs->root, 0, count_entry, &left), STATUS_OK);
	CU_ASSERT_EQUAL(field(0, 12, 4), NINEP_MESSAGE_MIN - 24);
	put(node);
	unmount();
}

static void without_memory_it_is_told_and_nothing_is_kept(void)
{
	unsigned left = 100;
	struct fs_node *node;

	server_reset();
	server.no_pages = true;
	CU_ASSERT(ninep_mount("host", &fs, why, sizeof(why)) == STATUS_ENOMEM && strstr(why, "no memory") != NULL);
	server.no_pages = false;
	server.no_start = true;
	CU_ASSERT(ninep_mount("host", &fs, why, sizeof(why)) == STATUS_EIO && strstr(why, "cannot be started") != NULL);
	expect_nothing();
	mount();
	node = create("a", "A");
	server.no_pages = true;
	CU_ASSERT_EQUAL(fs->ops->list(fs->root, 0, count_entry, &left), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(fs->ops->read(node, 0, buffer + 8, 1), STATUS_ENOMEM); /* which the device does not reach */
	CU_ASSERT(fs->ops->write(node, 0, buffer + 8, 1, false) == STATUS_ENOMEM && server_holds("a", "A", 1));
	CU_ASSERT(holds(node, "A"));
	server.no_pages = false;
	server.no_large_pages = true; /* then in smaller parts */
	listen_for(NINEP_READDIR);
	CU_ASSERT(fs->ops->list(fs->root, 0, count_entry, &left) == STATUS_OK && left == 99 && field(0, 12, 4) == 4096);
	server.no_large_pages = false;
	put(node);
	unmount();
}

/* What nobody holds needs no care when it loses its name: one request, and no look at it. */
static void what_nobody_holds_is_removed_at_once(void)
{
	unsigned before;
	struct fs_node *node;

	mount();
	server_replace("a", "A");
	before = server.requests;
	CU_ASSERT(fs->ops->remove(fs->root, text("a"), false) == STATUS_OK && server.requests == before + 1);
	server_replace("a", "A");
	node = find("a");
	before = server.requests;
	CU_ASSERT(fs->ops->remove(fs->root, text("a"), false) == STATUS_OK && server.requests > before + 1);
	CU_ASSERT(holds(node, "A"));
	put(node);
	unmount();
}

/* A device that has not ended its reset keeps what it was given for a while: it is looked at twice, and then not on and on. */
static void what_a_reset_device_keeps_is_waited_for(void)
{
	for (unsigned keeps = 3; keeps <= 100; keeps += 97) { /* three looks: by who gives up, and by what the interrupt left to be done */
		struct fs_node *node;

		mount();
		node = create("a", "A");
		server.sleeps = 0;
		server.keeps = keeps;
		server.gives_up = fs;
		CU_ASSERT_EQUAL(fs->ops->read(node, 0, buffer, 1), STATUS_EIO);
		CU_ASSERT(server.keeps == 0 && server.breaks == 1);
		CU_ASSERT(keeps == 3 ? server.sleeps == 1 : server.sleeps > 10);
		fs_node_put(node);
		unmount_broken();
	}
}

static uint32_t written;

static void answer_written(void *ctx, uint8_t type, uint8_t *reply, size_t *bytes, size_t room)
{
	(void)ctx;
	(void)bytes;
	(void)room;
	if (type == NINEP_WRITE)
		memcpy(reply + NINEP_HEAD_BYTES, &written, 4);
}

/* A server that takes little is given the rest; one that takes nothing has failed. */
static void a_panic_goes_on_where_the_server_stopped(void)
{
	const struct span name = text("post-mortem");

	mount();
	memset(buffer, 'y', 50);
	server.spoil = answer_written;
	listen_for(NINEP_WRITE);
	written = 1;
	CU_ASSERT_EQUAL(ninep_put_at_panic(fs, name, span_of(buffer, 50)), STATUS_OK);
	CU_ASSERT(heard_count == 50 && server_holds("post-mortem", buffer, 50));
	written = 0;
	CU_ASSERT_EQUAL(ninep_put_at_panic(fs, name, span_of(buffer, 50)), STATUS_EIO);
	server.spoil = NULL;
	unmount_broken();
}

static void who_looks_itself_gets_what_who_sleeps_gets(void)
{
	in_war = true;
	files_are_made_written_and_read();
	names_are_made_changed_and_removed();
	what_the_host_fails_with_is_passed_on_and_leaks_nothing();
	in_war = false;
}

static const struct unit_case cases[] = {
	UNIT_CASE(files_are_made_written_and_read),
	UNIT_CASE(files_are_opened_for_what_they_allow),
	UNIT_CASE(names_are_made_changed_and_removed),
	UNIT_CASE(what_the_host_replaces_is_stale),
	UNIT_CASE(what_the_host_fails_with_is_passed_on_and_leaks_nothing),
	UNIT_CASE(who_looks_itself_gets_what_who_sleeps_gets),
	UNIT_CASE(a_server_that_cannot_be_mounted_is_told),
	UNIT_CASE(a_panic_leaves_a_file_whatever_was_under_way),
	UNIT_CASE(a_server_that_never_answers_is_given_up_at_the_end),
	UNIT_CASE(a_panic_waits_for_no_server_and_believes_none),
	UNIT_CASE(a_change_says_what_is_to_be_changed_and_no_more),
	UNIT_CASE(data_fills_messages_to_the_end),
	UNIT_CASE(without_memory_it_is_told_and_nothing_is_kept),
	UNIT_CASE(what_nobody_holds_is_removed_at_once),
	UNIT_CASE(what_a_reset_device_keeps_is_waited_for),
	UNIT_CASE(a_panic_goes_on_where_the_server_stopped),
};
UNIT_MAIN("kernel/io/fs/ninep", cases)
