// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Opening, listing and reading links: what may be opened how, entries that have just room and no more, and what each refusal leaves. */
#include "tests/unit/kernel/cap/fs_calls.h"

#define simple names_simple /* both have these */
#define PERMISSIONS_MASK NAMES_PERMISSIONS_MASK
#include "kernel/cap/dir_names.c"
#undef simple
#undef PERMISSIONS_MASK
#include "kernel/cap/dir_object.c"
#include "lib/bits.h"

enum { ALL = CAPOS_DIR_RIGHT_READ | CAPOS_DIR_RIGHT_WRITE | CAPOS_DIR_RIGHT_CREATE };

static struct fs_node child, other;
static bool exists;
static unsigned created, cut, removed, renamed;
static status_t creates, lists;
static const char *link_text;
static unsigned entries;
static _Alignas(8) uint8_t memory[4096];

static bool is_called(struct span name, const char *text)
{
	return name.len == strlen(text) && memcmp(name.data, text, name.len) == 0;
}

static status_t op_lookup(struct fs_node *directory, struct span name, struct fs_node **out)
{
	CU_ASSERT_PTR_EQUAL(directory, &the_root);
	if (other.fs != NULL && is_called(name, "b")) {
		other.holds++;
		*out = &other;
		return STATUS_OK;
	}
	if (!exists || !is_called(name, "a"))
		return STATUS_ENOENT;
	child.holds++;
	*out = &child;
	return STATUS_OK;
}

static void op_release(struct fs_node *node)
{
	CU_FAIL("more holds are given back than there were");
	(void)node;
}

static status_t op_create(struct fs_node *directory, struct span name, enum fs_type type, uint16_t permissions, struct fs_node **out)
{
	CU_ASSERT(directory == &the_root && name.len == 1 && permissions == 0640);
	created++;
	if (creates == STATUS_OK) {
		child.type = type;
		child.holds++;
		*out = &child;
	}
	return creates;
}

static status_t op_set(struct fs_node *node, uint32_t what, const struct fs_stat *values)
{
	CU_ASSERT(node == &child && what == FS_SET_SIZE && values->size == 0);
	cut++;
	return STATUS_OK;
}

/* Nobody but the test holds what loses its name. */
static status_t op_remove(struct fs_node *directory, struct span name, bool is_directory)
{
	CU_ASSERT(directory == &the_root && is_called(name, "a") && is_directory == (child.type == FS_DIRECTORY));
	CU_ASSERT_EQUAL(child.holds, 1);
	removed++;
	return STATUS_OK;
}

static status_t op_rename(struct fs_node *from, struct span name, struct fs_node *to, struct span to_name, bool exclusive)
{
	CU_ASSERT(from == &the_root && to == &the_root && is_called(name, "a") && is_called(to_name, "b") && !exclusive);
	CU_ASSERT_EQUAL(other.holds, 1);
	renamed++;
	return STATUS_OK;
}

static int64_t op_read_link(struct fs_node *link, char *data, size_t bytes)
{
	CU_ASSERT_PTR_EQUAL(link, &child);
	memcpy(data, link_text, strlen(link_text) < bytes ? strlen(link_text) : bytes);
	return (int64_t)strlen(link_text);
}

/* Entries whose names are "n", "nn", ... */
static status_t op_list(struct fs_node *directory, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	static const uint8_t text[] = "nnnnnnnnnnnnnnnnnnnn";

	CU_ASSERT_PTR_EQUAL(directory, &the_root);
	for (uint64_t i = cookie + 1; i <= entries; i++)
		if (!each(ctx, &(struct fs_entry){ .name = span_of(text, i), .id = 100 + i, .type = FS_DIRECTORY, .cookie = i }))
			return STATUS_OK;
	return lists;
}

static void begin(enum fs_type type)
{
	the_ops = (struct fs_ops){
		.lookup = op_lookup, .release = op_release, .create = op_create, .set = op_set, .read_link = op_read_link, .list = op_list,
		.remove = op_remove, .rename = op_rename,
	};
	the_root.type = FS_DIRECTORY;
	fs_begin(&the_root, 0, memory, sizeof(memory));
	child = (struct fs_node){ .fs = &the_fs, .type = type, .holds = 1 };
	world.call.rights = ALL;
	exists = true;
	other = (struct fs_node){ 0 };
	created = cut = removed = renamed = 0;
	creates = lists = STATUS_OK;
	memset(memory, 0xee, sizeof(memory));
}

static int64_t open_with(uint32_t flags, uint32_t rights)
{
	const struct capos_dir_open params = {
		.path = (uint64_t)"a", .path_bytes = 1, .flags = flags, .rights = rights, .permissions = 0640,
	};
	int64_t result = dir_open(&world.call, &params);

	if (result == STATUS_OK) {
		CU_ASSERT(world.granted == &given_one.object && given_one.node == &child && child.holds == 2);
		CU_ASSERT_EQUAL(given_one.append, (flags & CAPOS_DIR_APPEND) != 0);
		child.holds--;
	}
	CU_ASSERT_EQUAL(child.holds, 1);
	return result;
}

static void what_is_opened_must_be_what_it_is_opened_as(void)
{
	static const struct {
		enum fs_type type;
		uint32_t flags;
		status_t status;
	} rows[] = {
		{ FS_FILE, 0, STATUS_OK },
		{ FS_FILE, CAPOS_DIR_TRUNCATE, STATUS_OK },
		{ FS_FILE, CAPOS_DIR_CREATE, STATUS_OK },
		{ FS_FILE, CAPOS_DIR_APPEND, STATUS_OK },
		{ FS_FILE, CAPOS_DIR_DIRECTORY, STATUS_ENOTDIR },
		{ FS_FILE, CAPOS_DIR_CREATE | CAPOS_DIR_EXCLUSIVE, STATUS_EEXIST },
		{ FS_DIRECTORY, 0, STATUS_OK },
		{ FS_DIRECTORY, CAPOS_DIR_DIRECTORY, STATUS_OK },
		{ FS_DIRECTORY, CAPOS_DIR_TRUNCATE, STATUS_EISDIR },
		{ FS_DIRECTORY, CAPOS_DIR_CREATE, STATUS_EISDIR },
		{ FS_DIRECTORY, CAPOS_DIR_APPEND, STATUS_EISDIR },
		{ FS_LINK, CAPOS_DIR_NO_FOLLOW, STATUS_ELOOP },
		{ FS_PIPE, 0, STATUS_ENOTSUP },
		{ FS_OTHER, 0, STATUS_ENOTSUP },
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		begin(rows[i].type);
		CU_ASSERT_EQUAL(open_with(rows[i].flags, ALL), rows[i].status);
		CU_ASSERT_EQUAL(abandoned, rows[i].status != STATUS_OK);
		CU_ASSERT_EQUAL(cut, rows[i].status == STATUS_OK && (rows[i].flags & CAPOS_DIR_TRUNCATE));
		CU_ASSERT_EQUAL(created, 0);
		fs_end();
	}
}

static void what_is_not_there_is_made_where_that_is_asked_for(void)
{
	begin(FS_FILE);
	exists = false;
	CU_ASSERT_EQUAL(open_with(0, ALL), STATUS_ENOENT);
	CU_ASSERT_EQUAL(open_with(CAPOS_DIR_CREATE, ALL), STATUS_OK);
	CU_ASSERT_EQUAL(open_with(CAPOS_DIR_CREATE | CAPOS_DIR_EXCLUSIVE, ALL), STATUS_OK);
	CU_ASSERT_EQUAL(created, 2);
	creates = STATUS_EEXIST; /* somebody else has just made it: looked for again, but not for ever */
	CU_ASSERT_EQUAL(open_with(CAPOS_DIR_CREATE, ALL), STATUS_EAGAIN);
	CU_ASSERT_EQUAL(created, 10);
	CU_ASSERT_EQUAL(open_with(CAPOS_DIR_CREATE | CAPOS_DIR_EXCLUSIVE, ALL), STATUS_EEXIST);
	CU_ASSERT_EQUAL(created, 11);
	the_ops.create = NULL;
	CU_ASSERT_EQUAL(open_with(CAPOS_DIR_CREATE, ALL), STATUS_ENOTSUP);
	the_fs.read_only = true;
	CU_ASSERT_EQUAL(open_with(CAPOS_DIR_CREATE, ALL), STATUS_EROFS);
	fs_end();
}

static void rights_are_those_of_the_directory_at_most(void)
{
	begin(FS_FILE);
	world.call.rights = CAPOS_DIR_RIGHT_READ;
	CU_ASSERT_EQUAL(open_with(0, CAPOS_DIR_RIGHTS_ALL), STATUS_OK);
	CU_ASSERT_EQUAL(world.granted_rights, CAPOS_DIR_RIGHT_READ);
	CU_ASSERT_EQUAL(open_with(0, ALL), STATUS_EACCES);
	CU_ASSERT_EQUAL(open_with(CAPOS_DIR_CREATE, CAPOS_DIR_RIGHTS_ALL), STATUS_EACCES);
	CU_ASSERT_EQUAL(open_with(CAPOS_DIR_TRUNCATE, CAPOS_DIR_RIGHTS_ALL), STATUS_EACCES);
	CU_ASSERT_EQUAL(open_with(0x8000, ALL), STATUS_EINVAL);
	CU_ASSERT_EQUAL(open_with(CAPOS_DIR_EXCLUSIVE, CAPOS_DIR_RIGHTS_ALL), STATUS_EINVAL);
	CU_ASSERT_EQUAL(open_with(CAPOS_DIR_DIRECTORY | CAPOS_DIR_CREATE, CAPOS_DIR_RIGHTS_ALL), STATUS_EINVAL);
	world.call.rights = ALL;
	the_fs.read_only = true;
	CU_ASSERT_EQUAL(open_with(0, CAPOS_DIR_RIGHTS_ALL), STATUS_OK);
	CU_ASSERT_EQUAL(world.granted_rights, CAPOS_DIR_RIGHT_READ);
	CU_ASSERT_EQUAL(open_with(0, CAPOS_DIR_RIGHT_WRITE), STATUS_EROFS);
	CU_ASSERT_EQUAL(open_with(0, CAPOS_DIR_RIGHT_READ), STATUS_OK);
	world.allocations_left = 1; /* the request's, and nothing for what is opened */
	CU_ASSERT_EQUAL(open_with(0, CAPOS_DIR_RIGHT_READ), STATUS_ENOMEM);
	world.allocations_left = 0;
	CU_ASSERT_EQUAL(open_with(0, CAPOS_DIR_RIGHT_READ), STATUS_ENOMEM);
	fs_end();
}

static int64_t list_from(uint64_t cookie, uint32_t room)
{
	world.submission.result_len = room;
	return dir_list(&world.call, &(struct capos_dir_list){ .cookie = cookie });
}

static void entries_are_listed_as_far_as_there_is_room(void)
{
	const size_t fixed = offsetof(struct capos_dir_entry, name);
	const size_t first = (fixed + 1 + 1 + 7) & ~7ul, second = (fixed + 2 + 1 + 7) & ~7ul;
	struct capos_dir_entry head;

	begin(FS_FILE);
	CU_ASSERT_EQUAL(list_from(0, 100), 0); /* an empty one */
	entries = 2;
	CU_ASSERT_EQUAL(list_from(0, (uint32_t)(first + second)), (int64_t)(first + second));
	memcpy(&head, memory, fixed);
	CU_ASSERT(head.id == 101 && head.cookie == 1 && head.record_bytes == first && head.type == CAPOS_DIR_TYPE_DIRECTORY && head.name_bytes == 1);
	CU_ASSERT(memory[fixed] == 'n' && memory[fixed + 1] == 0 && memory[first - 1] == 0);
	memcpy(&head, memory + first, fixed);
	CU_ASSERT(head.id == 102 && head.name_bytes == 2 && memory[first + second] == 0xee);
	CU_ASSERT_EQUAL(list_from(0, (uint32_t)(first + second - 1)), (int64_t)first);
	CU_ASSERT_EQUAL(list_from(0, (uint32_t)first), (int64_t)first);
	CU_ASSERT_EQUAL(list_from(0, (uint32_t)first - 1), STATUS_EINVAL);
	CU_ASSERT_EQUAL(list_from(1, 100), (int64_t)second);
	CU_ASSERT_EQUAL(list_from(2, 100), 0);
	lists = STATUS_EIO; /* behind those that were given */
	CU_ASSERT_EQUAL(list_from(0, 100), (int64_t)(first + second));
	CU_ASSERT_EQUAL(list_from(2, 100), STATUS_EIO);
	entries = 0;
	fs_end();
}

static void a_link_is_read_whole_or_cut(void)
{
	const struct capos_dir_read_link params = { .path = (uint64_t)"a", .path_bytes = 1 };

	begin(FS_LINK);
	link_text = "b";
	CU_ASSERT_EQUAL(dir_read_link(&world.call, &params), 1);
	CU_ASSERT(memory[0] == 'b' && memory[1] == 0xee);
	link_text = "somewhere";
	world.submission.result_len = 4;
	CU_ASSERT_EQUAL(dir_read_link(&world.call, &params), 9);
	CU_ASSERT_EQUAL(memcmp(memory, "some\xee", 5), 0);
	link_text = "";
	CU_ASSERT_EQUAL(dir_read_link(&world.call, &params), 0);
	child.type = FS_FILE;
	CU_ASSERT_EQUAL(dir_read_link(&world.call, &params), STATUS_EINVAL);
	exists = false;
	CU_ASSERT_EQUAL(dir_read_link(&world.call, &params), STATUS_ENOENT);
	CU_ASSERT_EQUAL(child.holds, 1);
	fs_end();
}

static int64_t remove_with(uint32_t flags)
{
	return dir_remove(&world.call, &(struct capos_dir_remove){ .path = (uint64_t)"a", .path_bytes = 1, .flags = flags });
}

static void what_loses_its_name_is_not_held_for_that(void)
{
	struct fs_request request = { .own = &opened, .to = &opened, .paths = { span_of("a", 1), span_of("b", 1) } };

	begin(FS_FILE);
	CU_ASSERT(remove_with(0) == STATUS_OK && removed == 1);
	CU_ASSERT(remove_with(CAPOS_DIR_DIRECTORY) == STATUS_ENOTDIR && removed == 1);
	child.type = FS_DIRECTORY;
	CU_ASSERT(remove_with(CAPOS_DIR_DIRECTORY) == STATUS_OK && removed == 2);
	CU_ASSERT(remove_with(0) == STATUS_EISDIR && remove_with(2) == STATUS_EINVAL && removed == 2);
	child.type = FS_FILE;
	other = (struct fs_node){ .fs = &the_fs, .type = FS_FILE, .holds = 1 };
	rename_act(&request);
	CU_ASSERT(request.result == STATUS_OK && renamed == 1 && child.holds == 1 && other.holds == 1);
	other.type = FS_DIRECTORY;
	rename_act(&request);
	CU_ASSERT(request.result == STATUS_EISDIR && renamed == 1);
	exists = false;
	CU_ASSERT(remove_with(0) == STATUS_ENOENT && child.holds == 1 && other.holds == 1);
	fs_end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_is_opened_must_be_what_it_is_opened_as),
	UNIT_CASE(what_is_not_there_is_made_where_that_is_asked_for),
	UNIT_CASE(rights_are_those_of_the_directory_at_most),
	UNIT_CASE(entries_are_listed_as_far_as_there_is_room),
	UNIT_CASE(a_link_is_read_whole_or_cut),
	UNIT_CASE(what_loses_its_name_is_not_held_for_that),
};

UNIT_MAIN("kernel/cap/dir_object", cases)
