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
	put(folder);
	CU_ASSERT_EQUAL(fs->ops->remove(fs->root, text("d"), true), STATUS_OK);
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
};
UNIT_MAIN("kernel/io/fs/ninep", cases)
