// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The host's folder, by the operations of its file system. tests/qemu/share_tests.py makes what is in it, changes it when it is told to, and looks
 * at what is left.
 */
#include "tests/guest/share.h"

#include <assert.h>

#include "hal/contract/memory.h"
#include "hal/contract/timer.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/io/fs/ninep/ninep.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

enum {
	BUFFER_ORDER = 7,
	MANY = 5000, /* files in the folder `many` */
	LIST_STEP = 700,
};

static_assert(4096 << BUFFER_ORDER == SHARE_BUFFER_BYTES, "its pages");

struct fs *share;
uint8_t *share_buffer;
char share_why[128];

static struct fs_node *find_in(struct fs_node *directory, const char *name)
{
	struct fs_node *node;

	return share->ops->lookup(directory, span_text(name), &node) == STATUS_OK ? node : NULL;
}

struct fs_node *share_find(const char *name)
{
	return find_in(share->root, name);
}

status_t share_find_fails(const char *name)
{
	struct fs_node *node;
	status_t status = share->ops->lookup(share->root, span_text(name), &node);

	if (status == STATUS_OK)
		fs_node_put(node);
	return status;
}

bool share_content_is(struct fs_node *node, const char *expected)
{
	int64_t bytes = share->ops->read(node, 0, share_buffer, SHARE_BUFFER_BYTES);

	return bytes == (int64_t)strlen(expected) && memcmp(share_buffer, expected, (size_t)bytes) == 0;
}

static int64_t write_text(struct fs_node *node, uint64_t offset, const char *string, bool append)
{
	memcpy(share_buffer, string, strlen(string));
	return share->ops->write(node, offset, share_buffer, strlen(string), append);
}

bool share_mount(void)
{
	uint64_t deadline = hal_timer_now_ns() + SHARE_PATIENCE_NS;
	status_t status;

	if (share_buffer == NULL)
		share_buffer = hal_direct_va(page_alloc(BUFFER_ORDER));
	if (ninep_mount("host", &share, share_why, sizeof(share_why)) != STATUS_OK)
		return false;
	while ((status = share_find_fails("ready")) == STATUS_ENOENT && hal_timer_now_ns() < deadline)
		;
	return status == STATUS_OK;
}

static const char *a_share_is_mounted_by_its_name(void)
{
	struct fs *second;

	GUEST_CHECK(ninep_mount("elsewhere", &second, share_why, sizeof(share_why)) == STATUS_ENODEV && strlen(share_why) > 0);
	GUEST_CHECK(share_mount());
	GUEST_CHECK(ninep_mount("host", &second, share_why, sizeof(share_why)) == STATUS_EBUSY);
	GUEST_CHECK(share->root->type == FS_DIRECTORY);
	return NULL;
}

static const char *files_of_the_host_are_read(void)
{
	struct fs_node *file = share_find("hello.txt");
	struct fs_stat stat;

	GUEST_CHECK(file != NULL && file->type == FS_FILE);
	GUEST_CHECK(share->ops->stat(file, &stat) == STATUS_OK && stat.type == FS_FILE && stat.size == 14 && stat.permissions == 0640);
	GUEST_CHECK(stat.modified.seconds == 1000000000 && stat.links == 1);
	GUEST_CHECK(share_content_is(file, "from the host\n"));
	GUEST_CHECK(share->ops->read(file, 5, share_buffer, 3) == 3 && memcmp(share_buffer, "the", 3) == 0);
	GUEST_CHECK(share->ops->read(file, 14, share_buffer, 3) == 0 && share->ops->read(file, 1ul << 40, share_buffer, 3) == 0);
	fs_node_put(file);
	GUEST_CHECK(share_find_fails("nobody") == STATUS_ENOENT);
	return NULL;
}

/* A share_buffer on the stack is none that the device reaches. */
static const char *any_memory_is_read_into(void)
{
	struct fs_node *file = share_find("hello.txt");
	char some[15] = { 0 };

	GUEST_CHECK(file != NULL && share->ops->read(file, 0, some, 14) == 14 && memcmp(some, "from the host\n", 15) == 0);
	fs_node_put(file);
	return NULL;
}

static const char *files_are_made_and_written(void)
{
	struct fs_stat stat = { .size = 7 };
	struct fs_node *file, *again;

	GUEST_CHECK(share->ops->create(share->root, span_text("made"), FS_FILE, 0604, &file) == STATUS_OK && file->type == FS_FILE);
	GUEST_CHECK(share->ops->create(share->root, span_text("made"), FS_FILE, 0604, &again) == STATUS_EEXIST);
	GUEST_CHECK(write_text(file, 0, "one two", false) == 7 && share_content_is(file, "one two"));
	GUEST_CHECK(write_text(file, 0, " three", true) == 6 && write_text(file, 1, " four", true) == 5);
	GUEST_CHECK(share_content_is(file, "one two three four"));
	GUEST_CHECK(write_text(file, 20, "!", false) == 1 && share->ops->stat(file, &stat) == STATUS_OK && stat.size == 21);
	GUEST_CHECK(stat.permissions == 0604);
	stat.size = 7;
	GUEST_CHECK(share->ops->set(file, FS_SET_SIZE, &stat) == STATUS_OK && share_content_is(file, "one two"));
	stat.modified = (struct fs_time){ 1234567890, 5 };
	stat.permissions = 0600;
	GUEST_CHECK(share->ops->set(file, FS_SET_MODIFIED | FS_SET_PERMISSIONS, &stat) == STATUS_OK);
	stat = (struct fs_stat){ 0 };
	GUEST_CHECK(share->ops->stat(file, &stat) == STATUS_OK && stat.modified.seconds == 1234567890 && stat.permissions == 0600);
	GUEST_CHECK(share->ops->sync(file) == STATUS_OK && share->ops->sync(file) == STATUS_OK && share->ops->sync(share->root) == STATUS_OK);
	fs_node_put(file);
	again = share_find("made");
	GUEST_CHECK(again != NULL && write_text(again, 3, "-", false) == 1 && share_content_is(again, "one-two"));
	fs_node_put(again);
	return NULL;
}

/* UTF-8, spaces, and what is no text at all; the longest one. */
static const char *names_are_bytes(void)
{
	static const char *const names[] = { "gr\xc3\xbc\xc3\x9f" "e", " a  b ", "\xff\xfe\x80", "-rf", "a\nb", "...", "\\", "%s%n" };
	char longest[FS_NAME_MAX + 2];
	struct fs_node *node;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		node = share_find(names[i]);
		GUEST_CHECK(node != NULL && share_content_is(node, names[i]));
		fs_node_put(node);
	}
	memset(longest, 'n', sizeof(longest));
	GUEST_CHECK(share->ops->create(share->root, span_of(longest, FS_NAME_MAX), FS_FILE, 0600, &node) == STATUS_OK);
	fs_node_put(node);
	GUEST_CHECK(share->ops->remove(share->root, span_of(longest, FS_NAME_MAX), false) == STATUS_OK);
	GUEST_CHECK(share->ops->create(share->root, span_of(longest, FS_NAME_MAX + 1), FS_FILE, 0600, &node) == STATUS_ENAMETOOLONG);
	GUEST_CHECK(share->ops->create(share->root, span_text("guest \xf0\x9f\x90\x99 \xc0"), FS_DIRECTORY, 0700, &node) == STATUS_OK);
	fs_node_put(node);
	return NULL;
}

struct count {
	uint64_t cookie;
	unsigned seen, left;
	uint64_t sum;
};

/* Takes `left` entries of those that are numbers. */
static bool count_entry(void *ctx, const struct fs_entry *entry)
{
	struct count *count = ctx;
	uint64_t number = 0;

	if (count->left == 0)
		return false;
	for (size_t i = 0; i < entry->name.len; i++)
		number = number * 10 + (entry->name.data[i] - '0');
	count->left--;
	count->seen++;
	count->sum += number;
	count->cookie = entry->cookie;
	return true;
}

static const char *large_directories_are_listed(void)
{
	struct fs_node *many = share_find("many");
	struct count count = { .left = UINT32_MAX };
	uint64_t sum;

	GUEST_CHECK(many != NULL && many->type == FS_DIRECTORY);
	GUEST_CHECK(share->ops->list(many, 0, count_entry, &count) == STATUS_OK);
	GUEST_CHECK(count.seen == MANY && count.sum == (uint64_t)MANY * (MANY - 1) / 2);
	sum = count.sum;
	count = (struct count){ 0 };
	for (unsigned i = 0; i < MANY / LIST_STEP + 1; i++) {
		count.left = LIST_STEP;
		GUEST_CHECK(share->ops->list(many, count.cookie, count_entry, &count) == STATUS_OK);
	}
	GUEST_CHECK(count.seen == MANY && count.sum == sum);
	count.left = 1;
	GUEST_CHECK(share->ops->list(many, UINT64_MAX, count_entry, &count) == STATUS_OK && count.left == 1);
	fs_node_put(many);
	return NULL;
}

static bool has_entry(void *ctx, const struct fs_entry *entry)
{
	unsigned *types = ctx;

	if (entry->name.len == 4 && memcmp(entry->name.data, "many", 4) == 0)
		*types |= entry->type == FS_DIRECTORY;
	if (entry->name.len == 4 && memcmp(entry->name.data, "fifo", 4) == 0)
		*types |= (entry->type == FS_OTHER) << 1;
	if (entry->name.len == 6 && memcmp(entry->name.data, "escape", 6) == 0)
		*types |= (entry->type == FS_LINK) << 2;
	if (entry->name.len == 9 && memcmp(entry->name.data, "hello.txt", 9) == 0)
		*types |= (entry->type == FS_FILE && entry->id != 0) << 3;
	return true;
}

static const char *lists_tell_what_things_are(void)
{
	struct fs_node *node;
	struct fs_stat stat;
	unsigned types = 0;

	GUEST_CHECK(share->ops->list(share->root, 0, has_entry, &types) == STATUS_OK && types == 15);
	node = share_find("fifo");
	GUEST_CHECK(node != NULL && share->ops->stat(node, &stat) == STATUS_OK && stat.type == FS_OTHER);
	GUEST_CHECK(share->ops->read(node, 0, share_buffer, 1) < 0);
	fs_node_put(node);
	return NULL;
}

static const char *symbolic_links_are_links(void)
{
	struct fs_node *node = share_find("escape");
	struct fs_stat stat;

	GUEST_CHECK(node != NULL && node->type == FS_LINK);
	GUEST_CHECK(share->ops->read_link(node, (char *)share_buffer, 64) == 11 && memcmp(share_buffer, "/etc/passwd", 11) == 0);
	GUEST_CHECK(share->ops->read_link(node, (char *)share_buffer, 4) == 4);
	GUEST_CHECK(share->ops->stat(node, &stat) == STATUS_OK && stat.type == FS_LINK && stat.size == 11);
	GUEST_CHECK(share->ops->read(node, 0, share_buffer, 64) == STATUS_ELOOP); /* it is not followed by the host */
	GUEST_CHECK(share->ops->sync(node) == STATUS_OK);
	fs_node_put(node);
	memset(share_buffer, 'x', SHARE_BUFFER_BYTES);
	GUEST_CHECK(share->ops->symlink(share->root, span_text("long"), span_of(share_buffer, FS_PATH_MAX)) == STATUS_OK);
	GUEST_CHECK(share->ops->symlink(share->root, span_text("long"), span_of(share_buffer, 3)) == STATUS_EEXIST);
	GUEST_CHECK(share->ops->symlink(share->root, span_text("longer"), span_of(share_buffer, FS_PATH_MAX + 1)) == STATUS_ENAMETOOLONG);
	node = share_find("long");
	GUEST_CHECK(node != NULL && share->ops->read_link(node, (char *)share_buffer + 8192, 8192) == FS_PATH_MAX);
	GUEST_CHECK(memcmp(share_buffer, share_buffer + 8192, FS_PATH_MAX) == 0);
	fs_node_put(node);
	GUEST_CHECK(share->ops->remove(share->root, span_text("long"), false) == STATUS_OK);
	return NULL;
}

/* A link in the way is not followed, nor is "..": whatever a walk finds is in the share. */
static const char *nothing_outside_is_reached(void)
{
	struct fs_node *link = share_find("out");
	struct fs_node *node = NULL;

	GUEST_CHECK(link != NULL && link->type == FS_LINK);
	GUEST_CHECK(share->ops->lookup(link, span_text("passwd"), &node) != STATUS_OK);
	GUEST_CHECK(share->ops->create(link, span_text("made-outside"), FS_FILE, 0600, &node) != STATUS_OK);
	fs_node_put(link);
	if (share->ops->lookup(share->root, span_text(".."), &node) == STATUS_OK) {
		struct fs_stat root, parent;

		GUEST_CHECK(share->ops->stat(share->root, &root) == STATUS_OK && share->ops->stat(node, &parent) == STATUS_OK);
		GUEST_CHECK(root.id == parent.id);
		fs_node_put(node);
	}
	return NULL;
}

static const char *names_are_changed(void)
{
	struct fs_node *folder, *file, *other;

	GUEST_CHECK(share->ops->create(share->root, span_text("folder"), FS_DIRECTORY, 0755, &folder) == STATUS_OK && folder->type == FS_DIRECTORY);
	GUEST_CHECK(share->ops->create(share->root, span_text("folder"), FS_DIRECTORY, 0755, &other) == STATUS_EEXIST);
	GUEST_CHECK(share->ops->create(folder, span_text("a"), FS_FILE, 0600, &file) == STATUS_OK && write_text(file, 0, "A", false) == 1);
	GUEST_CHECK(share->ops->link(folder, span_text("b"), file) == STATUS_OK && share->ops->link(folder, span_text("b"), file) == STATUS_EEXIST);
	GUEST_CHECK(share->ops->rename(folder, span_text("b"), share->root, span_text("hello.txt"), true) == STATUS_EEXIST);
	GUEST_CHECK(share->ops->rename(folder, span_text("b"), share->root, span_text("moved"), true) == STATUS_OK);
	GUEST_CHECK(share->ops->remove(share->root, span_text("folder"), true) == STATUS_ENOTEMPTY);
	GUEST_CHECK(share->ops->remove(share->root, span_text("folder"), false) == STATUS_EISDIR);
	GUEST_CHECK(share->ops->remove(folder, span_text("a"), true) == STATUS_ENOTDIR);
	GUEST_CHECK(share->ops->rename(share->root, span_text("folder"), share->root, span_text("folder2"), false) == STATUS_OK);
	other = find_in(folder, "a"); /* which the node has followed */
	GUEST_CHECK(other != NULL && share_content_is(other, "A"));
	fs_node_put(other);
	GUEST_CHECK(share->ops->sync(file) == STATUS_OK);
	GUEST_CHECK(share->ops->remove(folder, span_text("a"), false) == STATUS_OK && share->ops->remove(folder, span_text("a"), false) == STATUS_ENOENT);
	GUEST_CHECK(share_content_is(file, "A"));
	fs_node_put(file);
	fs_node_put(folder);
	GUEST_CHECK(share->ops->remove(share->root, span_text("folder2"), true) == STATUS_OK && share_find_fails("folder2") == STATUS_ENOENT);
	return NULL;
}

static const char *what_is_held_stays_readable(void)
{
	struct fs_node *held, *replaced, *file;

	GUEST_CHECK(share->ops->create(share->root, span_text("first"), FS_FILE, 0600, &file) == STATUS_OK && write_text(file, 0, "first", false) == 5);
	fs_node_put(file);
	held = share_find("first");
	GUEST_CHECK(held != NULL && share->ops->remove(share->root, span_text("first"), false) == STATUS_OK);
	GUEST_CHECK(share_content_is(held, "first") && share_find_fails("first") == STATUS_ENOENT);
	GUEST_CHECK(write_text(held, 0, "F", false) == 1 && write_text(held, 0, "!", true) == 1 && share_content_is(held, "First!"));
	fs_node_put(held);
	GUEST_CHECK(share->ops->create(share->root, span_text("new"), FS_FILE, 0600, &file) == STATUS_OK && write_text(file, 0, "new", false) == 3);
	replaced = share_find("moved");
	GUEST_CHECK(replaced != NULL && share->ops->rename(share->root, span_text("new"), share->root, span_text("moved"), false) == STATUS_OK);
	GUEST_CHECK(share_content_is(replaced, "A") && share_content_is(file, "new"));
	fs_node_put(replaced);
	fs_node_put(file);
	return NULL;
}

/* Waits until the host has changed a file to so many bytes. */
static bool host_does(const char *what, struct fs_node *node, uint64_t bytes)
{
	uint64_t deadline = hal_timer_now_ns() + SHARE_PATIENCE_NS;
	struct fs_stat stat = { .size = UINT64_MAX };

	log_line("share: %s", what);
	while (share->ops->stat(node, &stat) == STATUS_OK && stat.size != bytes)
		if (hal_timer_now_ns() > deadline)
			return false;
	return stat.size == bytes;
}

/* Waits until what has a name is another file, or none. */
static struct fs_node *host_replaces(const char *what, const char *name, struct fs_node *old)
{
	uint64_t deadline = hal_timer_now_ns() + SHARE_PATIENCE_NS;
	struct fs_node *node = NULL;
	struct fs_stat before, stat;

	if (share->ops->stat(old, &before) != STATUS_OK)
		return NULL;
	log_line("share: %s", what);
	while (hal_timer_now_ns() < deadline && (node = share_find(name)) != NULL) {
		if (share->ops->stat(node, &stat) == STATUS_OK && stat.id != before.id)
			break;
		fs_node_put(node);
		node = NULL;
	}
	return node;
}

static const char *changes_of_the_host_are_seen(void)
{
	struct fs_node *file = share_find("changing");
	struct fs_node *again, *unopened;
	struct fs_stat stat;

	GUEST_CHECK(file != NULL && share_content_is(file, "old"));
	GUEST_CHECK(host_does("append", file, 10) && share_content_is(file, "old, newer"));
	GUEST_CHECK(host_does("truncate", file, 1) && share_content_is(file, "o"));
	unopened = share_find("changing");
	again = host_replaces("replace", "changing", file);
	GUEST_CHECK(share_content_is(file, "o"));
	GUEST_CHECK(again != NULL && share_content_is(again, "another file"));
	GUEST_CHECK(unopened != NULL && share->ops->stat(unopened, &stat) == STATUS_ESTALE);
	GUEST_CHECK(share->ops->read(unopened, 0, share_buffer, 1) == STATUS_ESTALE && share->ops->read(unopened, 0, share_buffer, 1) == STATUS_ESTALE);
	GUEST_CHECK(host_replaces("remove", "changing", again) == NULL && share_find_fails("changing") == STATUS_ENOENT);
	GUEST_CHECK(share_content_is(again, "another file"));
	fs_node_put(unopened);
	fs_node_put(again);
	fs_node_put(file);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "a_share_is_mounted_by_its_name", a_share_is_mounted_by_its_name },
	{ "files_of_the_host_are_read", files_of_the_host_are_read },
	{ "any_memory_is_read_into", any_memory_is_read_into },
	{ "files_are_made_and_written", files_are_made_and_written },
	{ "names_are_bytes", names_are_bytes },
	{ "large_directories_are_listed", large_directories_are_listed },
	{ "lists_tell_what_things_are", lists_tell_what_things_are },
	{ "symbolic_links_are_links", symbolic_links_are_links },
	{ "nothing_outside_is_reached", nothing_outside_is_reached },
	{ "names_are_changed", names_are_changed },
	{ "what_is_held_stays_readable", what_is_held_stays_readable },
	{ "changes_of_the_host_are_seen", changes_of_the_host_are_seen },
};

const struct guest_table share_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
