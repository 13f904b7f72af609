// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Volumes at the edges of their format: times, sizes, names and lists. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/bits.h"
#include "tests/unit/kernel/io/fs/ext4/volume_fixture.h"

static bool is_time(struct fs_time a, int64_t seconds, uint32_t nanoseconds)
{
	return a.seconds == seconds && a.nanoseconds == nanoseconds;
}

static void what_is_new_was_changed_now(void)
{
	struct fs_stat stat;
	struct fs_node *file;

	begin(SMALL);
	file = make("f", FS_FILE);
	stat = stat_of(file);
	CU_ASSERT(stat.accessed.seconds > 1000000000 && stat.modified.seconds == stat.accessed.seconds && stat.changed.seconds == stat.accessed.seconds);
	CU_ASSERT(stat.modified.nanoseconds == stat.accessed.nanoseconds && stat.changed.nanoseconds == stat.accessed.nanoseconds);
	CU_ASSERT(stat.changed.seconds >= volume->ext2->super->s_mkfs_time && stat.links == 1 && stat.permissions == 0644 && stat.allocated == 0);
	CU_ASSERT_EQUAL(node_of(file)->inode.i_crtime, stat.changed.seconds);
	fs_node_put(file);
	end();
}

/* As chown(2) does that leaves both owners as they are. */
static void setting_nothing_touches(void)
{
	struct fs_stat before;
	struct fs_stat after;
	struct fs_node *file;

	begin(SMALL);
	file = make("f", FS_FILE);
	before = stat_of(file);
	volume->clock_base += 10;
	CU_ASSERT_EQUAL(ext4_ops.set(file, 0, &before), STATUS_OK);
	fs_node_put(file);
	mount_again();
	file = look("f");
	after = stat_of(file);
	CU_ASSERT(after.changed.seconds >= before.changed.seconds + 10 && is_time(after.modified, before.modified.seconds, before.modified.nanoseconds));
	CU_ASSERT(is_time(after.accessed, before.accessed.seconds, before.accessed.nanoseconds) && after.permissions == before.permissions && after.user == before.user);
	fs_node_put(file);
	end();
}

static void owners_have_32_bits(void)
{
	const struct fs_stat set = { .user = 0x12345, .group = 0xfedc0001 };
	struct fs_node *file;

	begin(SMALL);
	file = make("f", FS_FILE);
	CU_ASSERT(stat_of(file).user == 0 && stat_of(file).group == 0 && ext4_ops.keeps_owners);
	CU_ASSERT_EQUAL(ext4_ops.set(file, FS_SET_OWNER, &set), STATUS_OK);
	fs_node_put(file);
	mount_again();
	file = look("f");
	CU_ASSERT(stat_of(file).user == 0x12345 && stat_of(file).group == 0xfedc0001 && stat_of(file).permissions == 0644);
	fs_node_put(file);
	end();
}

/* 34 bits of seconds and 30 of nanoseconds, where the inode has room for them; else 32 and none. */
static void times_are_as_long_as_the_inode_has_room_for(void)
{
	static const int64_t seconds[] = { 0, -1, 1, INT32_MAX, INT32_MIN, INT32_MAX + 1ll, UINT32_MAX, UINT32_MAX + 1ll, 0x37fffffffll };

	for (unsigned small = 0; small < 2; small++) {
		begin(small ? SMALL " -I 128" : SMALL);
		fs_node_put(make("f", FS_FILE));
		for (unsigned i = 0; i < ARRAY_LEN(seconds); i++) {
			struct fs_stat set = { .accessed = { seconds[i], 123456789 }, .modified = { seconds[ARRAY_LEN(seconds) - 1 - i], 999999999 } };
			int64_t accessed = small ? (int32_t)seconds[i] : seconds[i], modified = small ? (int32_t)set.modified.seconds : set.modified.seconds;
			struct fs_node *file = look("f");
			struct fs_stat stat;

			CU_ASSERT_EQUAL(ext4_ops.set(file, FS_SET_ACCESSED | FS_SET_MODIFIED, &set), STATUS_OK);
			fs_node_put(file);
			mount_again();
			file = look("f");
			stat = stat_of(file);
			CU_ASSERT(is_time(stat.accessed, accessed, small ? 0 : 123456789) && is_time(stat.modified, modified, small ? 0 : 999999999));
			CU_ASSERT(stat.changed.seconds > 1000000000 && stat.changed.seconds < UINT32_MAX && (!small || stat.changed.nanoseconds == 0));
			fs_node_put(file);
		}
		end();
	}
}

static void sizes_beyond_32_bits_stay(void)
{
	static const uint64_t sizes[] = { INT32_MAX, INT32_MAX + 1ul, UINT32_MAX, UINT32_MAX + 1ul, 0x1234567890 };

	for (unsigned extents = 0; extents < 2; extents++) {
		begin(extents ? SMALL : SMALL " -O ^extent,^huge_file,^64bit,^large_file");
		for (unsigned i = 0; i < (extents ? ARRAY_LEN(sizes) : 4); i++) {
			struct fs_stat set = { .size = sizes[i] };
			struct fs_node *file = make("f", FS_FILE);

			CU_ASSERT_EQUAL(ext4_ops.set(file, FS_SET_SIZE, &set), STATUS_OK);
			fs_node_put(file);
			mount_again();
			file = look("f");
			CU_ASSERT(stat_of(file).size == sizes[i] && stat_of(file).allocated == 0);
			CU_ASSERT(!!ext2fs_has_feature_large_file(volume->ext2->super) == (extents || sizes[i] > INT32_MAX));
			fs_node_put(file);
			CU_ASSERT_EQUAL(ext4_ops.remove(root(), name_of("f"), false), STATUS_OK);
		}
		end();
	}
}

/* What another system left behind a file's end is not shown when the file gets longer. */
static void what_lies_behind_the_end_is_nobodys(void)
{
	for (unsigned how = 0; how < 2; how++) {
		struct fs_stat longer = { .size = 5000 };
		struct mapping run = { 0 };
		struct fs_node *file;
		uint8_t data[3000];

		begin(SMALL);
		file = make("f", FS_FILE);
		memset(data, 0x11, sizeof(data));
		CU_ASSERT_EQUAL(ext4_ops.write(file, 0, data, 100, false), 100);
		CU_ASSERT(map_find(volume, node_of(file), 0, &run) == STATUS_OK && run.physical != 0);
		fs_node_put(file);
		CU_ASSERT_EQUAL_FATAL(volume_unmount(volume), STATUS_OK);
		memset(disk.bytes + run.physical * 1024 + 100, 0xff, 924);
		mount_it(1 << 20);
		file = look("f");
		CU_ASSERT(how == 1 || ext4_ops.write(file, 2000, data, 10, false) == 10);
		CU_ASSERT(how == 0 || ext4_ops.set(file, FS_SET_SIZE, &longer) == STATUS_OK);
		CU_ASSERT(ext4_ops.read(file, 0, data, 1900) == 1900 && data[99] == 0x11 && data[100] == 0 && data[1023] == 0 && data[1899] == 0);
		fs_node_put(file);
		end();
	}
}

/* Reading in sequence asks for more and more ahead, up to a quarter of the cache. */
static void reading_ahead_stays_within_the_cache(void)
{
	static uint8_t data[400 * 1024];
	struct fs_node *file;

	make_it(SMALL);
	mount_it(64 << 10);
	file = make("f", FS_FILE);
	CU_ASSERT_EQUAL(ext4_ops.write(file, 0, data, sizeof(data), false), sizeof(data));
	CU_ASSERT(volume->cache.limit == 64 && ext4_ops.sync(file) == STATUS_OK);
	for (unsigned i = 0; i < 200; i++)
		CU_ASSERT_EQUAL(ext4_ops.read(file, i * 1024, data, 1024), 1024);
	CU_ASSERT(node_of(file)->window == 16 && node_of(file)->ahead >= 200 && node_of(file)->ahead <= 200 + 16);
	CU_ASSERT(ext4_ops.read(file, 5000, data, 10) == 10 && node_of(file)->window == 0);
	fs_node_put(file);
	end();
}

static void transactions_are_a_quarter_of_the_log(void)
{
	begin(SMALL);
	CU_ASSERT(volume->journal.format.end - volume->journal.format.first > 512);
	CU_ASSERT_EQUAL(volume->journal.transaction_max, (volume->journal.format.end - volume->journal.format.first) / 4);
	end();
}

static void a_commit_of_nothing_asks_for_nothing(void)
{
	uint64_t requests;
	uint32_t sequence;

	begin(SMALL);
	CU_ASSERT_EQUAL(volume_commit(volume), STATUS_OK);
	requests = disk.requests;
	sequence = volume->journal.sequence;
	CU_ASSERT(volume->cache.running_count == 0 && journal_commit(&volume->journal, 0, true) == STATUS_OK);
	CU_ASSERT(disk.requests == requests && volume->journal.sequence == sequence);
	end();
}

/* Free inodes behind the last one that is used need not be looked at: the number is exact. */
static void the_unused_part_of_a_table_is_counted_exactly(void)
{
	begin(SMALL " -N 64");
	for (unsigned i = 0; i < 10; i++) {
		char name[] = { (char)('a' + i), '\0' };
		struct fs_node *file = make(name, FS_FILE);

		CU_ASSERT_EQUAL(ext2fs_bg_itable_unused(volume->ext2, 0), EXT2_INODES_PER_GROUP(volume->ext2->super) - node_of(file)->number);
		fs_node_put(file);
	}
	end();
}

/* A directory's block is filled to its last byte, and one name more makes it two, with an index. */
static void a_block_of_names_is_filled_to_the_end(void)
{
	static const struct {
		const char *options;
		unsigned names, long_name; /* of 4 bytes, behind one of so many */
	} rows[] = { { SMALL, 81, 8 }, { SMALL " -O ^metadata_csum", 82, 8 }, { SMALL " -O ^dir_index", 81, 8 } };

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct fs_node *directory, *file;
		char name[16];

		begin(rows[i].options);
		directory = make("d", FS_DIRECTORY);
		for (unsigned n = 0; n < rows[i].names + 2; n++) {
			(void)snprintf(name, sizeof(name), n == 0 ? "first%03u" : "%04u", n);
			CU_ASSERT_EQUAL_FATAL(ext4_ops.create(directory, name_of(name), FS_FILE, 0600, &file), STATUS_OK);
			fs_node_put(file);
			CU_ASSERT(n != rows[i].names || ext4_ops.sync(directory) == STATUS_OK); /* so that what the next one changes is seen to be */
			CU_ASSERT_EQUAL(stat_of(directory).size, n < rows[i].names + 1 ? 1024 : 2048);
		}
		/* Both blocks are the transaction's: a power cut leaves one of before, or all of this. */
		for (unsigned block = 0; block < 2; block++) {
			struct mapping run = { 0 };
			struct buffer *buffer = NULL;

			CU_ASSERT(map_find(volume, node_of(directory), block, &run) == STATUS_OK && cache_get(&volume->cache, run.physical, &buffer) == STATUS_OK);
			CU_ASSERT(buffer != NULL && (buffer->running || (block == 0 && i == 2)));
		}
		fs_node_put(directory);
		end();
	}
}

/* What a list has given: each name is a number. */
struct given {
	uint8_t seen[300];
	uint64_t cookie;
	unsigned left; /* of this part */
};

static bool note_name(void *ctx, const struct fs_entry *entry)
{
	struct given *given = ctx;
	char name[5] = "";

	if (given->left-- == 0)
		return false; /* it comes again */
	given->cookie = entry->cookie;
	if (entry->name.len == 4)
		given->seen[atoi(memcpy(name, entry->name.data, 4))]++;
	return true;
}

/* Lists that are taken in parts, by place and by hash, have each name once. */
static void a_list_goes_on_where_it_was_left(void)
{
	static const char *const options[] = { SMALL " -O ^dir_index", SMALL };

	for (unsigned i = 0; i < 2; i++) {
		struct given given = { .cookie = 0 };
		char name[16];

		begin(options[i]);
		for (unsigned n = 0; n < 300; n++) {
			(void)snprintf(name, sizeof(name), "%04u", n);
			fs_node_put(make(name, FS_FILE));
		}
		for (unsigned part = 0; part < 50; part++) {
			given.left = 7;
			CU_ASSERT_EQUAL(ext4_ops.list(root(), given.cookie, note_name, &given), STATUS_OK);
		}
		for (unsigned n = 0; n < 300; n++)
			CU_ASSERT_EQUAL(given.seen[n], 1);
		end();
	}
}

/* Every hash that an index can be made by, over names with bytes beyond ASCII: e2fsck finds each name where its hash says. */
static void names_are_found_by_every_hash(void)
{
	for (unsigned version = 0; version < 3; version++) {
		for (unsigned flags = 1; flags <= 2; flags++) {
			make_it(SMALL " -O ^metadata_csum");
			disk.bytes[1024 + 0xfc] = (uint8_t)version;
			disk.bytes[1024 + 0x160] = (uint8_t)flags; /* signed, unsigned */
			mount_it(1 << 20);
			for (unsigned n = 0; n < 300; n++) {
				char name[40];

				(void)snprintf(name, sizeof(name), "\xe4\xf6\xfc %u \xdf in a name that takes room", n);
				fs_node_put(make(name, FS_FILE));
				fs_node_put(look(name));
			}
			CU_ASSERT(node_of(root())->inode.i_flags & EXT2_INDEX_FL);
			end();
		}
	}
}

static void links_are_short_up_to_59_bytes(void)
{
	struct ext4_node link = { .inode.i_mode = LINUX_S_IFLNK | 0777 };
	static char target[1023];
	char got[1024];

	for (unsigned size = 0; size < 70; size++) {
		link.inode.i_size = size;
		CU_ASSERT_EQUAL(ext4_link_is_short(&link), size > 0 && size < 60);
	}
	link.inode.i_size = 5;
	link.inode.i_mode = LINUX_S_IFREG;
	CU_ASSERT(!ext4_link_is_short(&link));
	memset(target, 't', sizeof(target));
	begin(SMALL);
	for (unsigned i = 0; i < 5; i++) {
		static const unsigned lengths[] = { 1, 59, 60, 61, 1023 };
		char name[] = { (char)('a' + i), '\0' };
		struct fs_node *node;

		CU_ASSERT_EQUAL(ext4_ops.symlink(root(), name_of(name), span_of(target, lengths[i])), STATUS_OK);
		node = look(name);
		CU_ASSERT(stat_of(node).allocated == (lengths[i] < 60 ? 0 : 1024) && stat_of(node).size == lengths[i]);
		CU_ASSERT(ext4_ops.read_link(node, got, sizeof(got)) == lengths[i] && memcmp(got, target, lengths[i]) == 0);
		fs_node_put(node);
	}
	memset(got, 't', sizeof(got));
	CU_ASSERT_EQUAL(ext4_ops.symlink(root(), name_of("x"), span_of(got, sizeof(got))), STATUS_ENAMETOOLONG);
	CU_ASSERT_EQUAL(ext4_ops.symlink(root(), name_of("x"), span_of("", 0)), STATUS_ENOENT);
	CU_ASSERT_EQUAL(ext4_ops.symlink(root(), name_of("x"), span_of("a\0b", 3)), STATUS_EINVAL);
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_is_new_was_changed_now),
	UNIT_CASE(setting_nothing_touches),
	UNIT_CASE(owners_have_32_bits),
	UNIT_CASE(times_are_as_long_as_the_inode_has_room_for),
	UNIT_CASE(sizes_beyond_32_bits_stay),
	UNIT_CASE(what_lies_behind_the_end_is_nobodys),
	UNIT_CASE(reading_ahead_stays_within_the_cache),
	UNIT_CASE(transactions_are_a_quarter_of_the_log),
	UNIT_CASE(a_commit_of_nothing_asks_for_nothing),
	UNIT_CASE(the_unused_part_of_a_table_is_counted_exactly),
	UNIT_CASE(a_block_of_names_is_filled_to_the_end),
	UNIT_CASE(a_list_goes_on_where_it_was_left),
	UNIT_CASE(names_are_found_by_every_hash),
	UNIT_CASE(links_are_short_up_to_59_bytes),
};
UNIT_MAIN("kernel/io/fs/ext4/volume_edges", cases)
