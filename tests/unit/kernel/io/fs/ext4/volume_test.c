// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Volumes: what is done to them is what debugfs and e2fsck find, and the other way round. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kernel/io/fs/ext4/world.h"
#include "tests/unit/unit.h"

#define MIB (1ul << 20)
#define SMALL "-b 1024 -J size=1"
#define LARGE "-b 4096 -J size=4"

static struct world_disk disk;
static struct volume *volume;

static struct span name_of(const char *text)
{
	return span_of(text, strlen(text));
}

static struct fs_node *root(void)
{
	return volume->fs.root;
}

static bool begin(uint64_t bytes, const char *options)
{
	world_disk_make(&disk, bytes);
	world_mkfs(&disk, options);
	return true;
}

static bool mount_it(bool read_only)
{
	char why[100] = "";
	status_t status = volume_mount(&disk.device, read_only, 1 << 20, &volume, why, sizeof(why));

	if (status != STATUS_OK)
		printf("mount: %d, %s\n", status, why);
	return status == STATUS_OK;
}

/* Unmounts, and has e2fsck look at it. */
static bool end_clean(void)
{
	return volume_unmount(volume) == STATUS_OK && world_fsck(&disk) == 0;
}

static struct fs_node *open_path(const char *name)
{
	struct fs_node *node = NULL;

	return ext4_ops.lookup(root(), name_of(name), &node) == STATUS_OK ? node : NULL;
}

static struct fs_node *make_file(struct fs_node *directory, const char *name)
{
	struct fs_node *node = NULL;

	return ext4_ops.create(directory, name_of(name), FS_FILE, 0644, &node) == STATUS_OK ? node : NULL;
}

static void a_fresh_volume_mounts_and_stays_clean(void)
{
	static const char *const options[] = { SMALL, LARGE, "-b 2048", "-b 4096 -O ^metadata_csum,^64bit", "-b 1024 -O ^extent,^huge_file,^64bit", "-t ext3" };

	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		begin(32 * MIB, options[i]);
		CU_ASSERT_FATAL(mount_it(false));
		CU_ASSERT(end_clean());
		CU_ASSERT_FATAL(mount_it(true));
		CU_ASSERT(end_clean());
		world_disk_free(&disk);
	}
}

static bool count_entry(void *ctx, const struct fs_entry *entry)
{
	unsigned *count = ctx;

	(void)entry;
	(*count)++;
	return true;
}

static void what_debugfs_wrote_is_read(void)
{
	char text[100] = "";
	struct fs_node *directory, *file, *link;
	struct fs_stat stat;
	unsigned count = 0;

	begin(32 * MIB, LARGE);
	world_debugfs(&disk, "mkdir sub\ncd sub\nwrite /etc/passwd names\nsymlink short names\nsymlink long "
			     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	CU_ASSERT_FATAL(mount_it(true));
	CU_ASSERT_FATAL((directory = open_path("sub")) != NULL);
	CU_ASSERT_FATAL(ext4_ops.lookup(directory, name_of("names"), &file) == STATUS_OK);
	CU_ASSERT(ext4_ops.read(file, 0, text, 5) == 5 && memcmp(text, "root:", 5) == 0);
	CU_ASSERT(ext4_ops.stat(file, &stat) == STATUS_OK && stat.type == FS_FILE && stat.links == 1 && stat.size > 20);
	CU_ASSERT(ext4_ops.read(file, stat.size, text, 5) == 0);
	CU_ASSERT(ext4_ops.list(directory, 0, count_entry, &count) == STATUS_OK && count == 3);
	CU_ASSERT_FATAL(ext4_ops.lookup(directory, name_of("short"), &link) == STATUS_OK);
	CU_ASSERT(link->type == FS_LINK && ext4_ops.read_link(link, text, sizeof(text)) == 5 && memcmp(text, "names", 5) == 0);
	fs_node_put(link);
	CU_ASSERT_FATAL(ext4_ops.lookup(directory, name_of("long"), &link) == STATUS_OK);
	CU_ASSERT(ext4_ops.read_link(link, text, sizeof(text)) == 81);
	fs_node_put(link);
	CU_ASSERT(ext4_ops.lookup(directory, name_of("nothing"), &link) == STATUS_ENOENT);
	fs_node_put(file);
	fs_node_put(directory);
	CU_ASSERT(end_clean());
	world_disk_free(&disk);
}

static void files_are_made_written_and_found_again(void)
{
	static const char *const options[] = { SMALL, LARGE, "-b 1024 -O ^extent,^huge_file,^64bit,^metadata_csum", "-b 4096 -O ^dir_index" };
	static uint8_t data[3 * MIB], back[3 * MIB];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 997);
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct fs_node *file, *directory;

		begin(32 * MIB, options[i]);
		CU_ASSERT_FATAL(mount_it(false));
		CU_ASSERT_FATAL(ext4_ops.create(root(), name_of("d"), FS_DIRECTORY, 0755, &directory) == STATUS_OK);
		CU_ASSERT_FATAL((file = make_file(directory, "f")) != NULL);
		CU_ASSERT(ext4_ops.write(file, 0, data, sizeof(data), false) == (int64_t)sizeof(data));
		CU_ASSERT(ext4_ops.write(file, 5000, data + 5000, 3, false) == 3);
		CU_ASSERT(ext4_ops.write(file, 0, "end", 3, true) == 3);
		CU_ASSERT(ext4_ops.sync(file) == STATUS_OK);
		CU_ASSERT(ext4_ops.read(file, 0, back, sizeof(back)) == (int64_t)sizeof(back) && memcmp(data, back, sizeof(data)) == 0);
		fs_node_put(file);
		fs_node_put(directory);
		CU_ASSERT(end_clean());
		CU_ASSERT_FATAL(mount_it(false));
		CU_ASSERT_FATAL((directory = open_path("d")) != NULL);
		CU_ASSERT_FATAL(ext4_ops.lookup(directory, name_of("f"), &file) == STATUS_OK);
		memset(back, 0, sizeof(back));
		CU_ASSERT(ext4_ops.read(file, 0, back, sizeof(back)) == (int64_t)sizeof(back) && memcmp(data, back, sizeof(data)) == 0);
		CU_ASSERT(ext4_ops.remove(directory, name_of("f"), false) == STATUS_OK);
		CU_ASSERT(ext4_ops.read(file, 0, back, 100) == 100); /* it is held */
		CU_ASSERT(ext4_ops.remove(root(), name_of("d"), true) == STATUS_OK);
		fs_node_put(directory);
		fs_node_put(file);
		CU_ASSERT(end_clean());
		world_disk_free(&disk);
	}
}

/* It is in the list of orphans since its name went, and must not come into it again. */
static void what_has_no_name_any_more_is_cut_and_goes_for_good(void)
{
	static const char *const options[] = { SMALL, LARGE, "-b 1024 -O ^extent,^huge_file,^64bit,^metadata_csum" };
	static const uint64_t sizes[] = { 100000, 5000, 0, 70000, 1 };
	static const char data[200000] = { 1 };

	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct fs_node *files[3];
		char name[2] = "a";

		begin(32 * MIB, options[i]);
		CU_ASSERT_FATAL(mount_it(false));
		for (unsigned f = 0; f < 3; f++, name[0]++) {
			CU_ASSERT_FATAL((files[f] = make_file(root(), name)) != NULL);
			CU_ASSERT(ext4_ops.write(files[f], 0, data, sizeof(data), false) == (int64_t)sizeof(data));
			CU_ASSERT(ext4_ops.remove(root(), name_of(name), false) == STATUS_OK);
		}
		/* The one that is first in the list, in its middle, and last. */
		for (unsigned f = 0; f < 3; f++) {
			for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
				struct fs_stat values = { .size = sizes[s] };

				CU_ASSERT(ext4_ops.set(files[f], FS_SET_SIZE, &values) == STATUS_OK);
				CU_ASSERT(ext4_ops.stat(files[f], &values) == STATUS_OK && values.size == sizes[s] && values.links == 0);
			}
			CU_ASSERT(ext4_ops.write(files[f], 0, data, sizeof(data), false) == (int64_t)sizeof(data));
		}
		fs_node_put(files[1]);
		fs_node_put(files[2]);
		fs_node_put(files[0]);
		CU_ASSERT(!volume->failed && volume->ext2->super->s_last_orphan == 0);
		CU_ASSERT(end_clean());
		world_disk_free(&disk);
	}
}

/* A file of many runs, which are cut by way of blocks that are read from the disk. */
static bool scatter(void)
{
	struct fs_node *file;
	bool good = mount_it(false) && (file = make_file(root(), "f")) != NULL;

	for (unsigned i = 0; good && i < 400; i++)
		good = ext4_ops.write(file, i * 2048ul, "x", 1, false) == 1;
	if (good)
		fs_node_put(file);
	return good && volume_unmount(volume) == STATUS_OK;
}

/* `at`: the request from the beginning of the cut on that fails. False: there were fewer. */
static bool cut_amid_failure(unsigned at, bool remove)
{
	struct fs_stat values = { .size = 5000 };
	struct fs_node *file = NULL;
	status_t status;
	bool reached;

	begin(8 * MIB, SMALL);
	CU_ASSERT_FATAL(scatter() && mount_it(false) && (file = open_path("f")) != NULL);
	disk.fail_at = disk.requests + at;
	status = ext4_ops.set(file, FS_SET_SIZE, &values);
	reached = disk.requests >= disk.fail_at;
	disk.fail_at = 0;
	if (volume->failed) {
		fs_node_put(file);
		(void)volume_unmount(volume);
	} else {
		CU_ASSERT(status == STATUS_OK || reached);
		if (remove)
			CU_ASSERT(ext4_ops.remove(root(), name_of("f"), false) == STATUS_OK);
		values.size = 3000;
		CU_ASSERT(ext4_ops.set(file, FS_SET_SIZE, &values) == STATUS_OK);
		values.size = 100000;
		CU_ASSERT(ext4_ops.set(file, FS_SET_SIZE, &values) == STATUS_OK);
		CU_ASSERT(volume->ext2->super->s_last_orphan == (remove ? node_of(file)->number : 0));
		fs_node_put(file);
		CU_ASSERT(volume->ext2->super->s_last_orphan == 0 && end_clean());
	}
	world_disk_free(&disk);
	return reached;
}

static void a_cut_that_fails_is_made_up_for(void)
{
	unsigned count = 0;

	while (cut_amid_failure(count + 1, count % 2 != 0) && count < 200)
		count++;
	CU_ASSERT(count > 1);
}

static void large_directories_are_indexed(void)
{
	static const char *const options[] = { SMALL, LARGE, "-b 1024 -O ^metadata_csum" };
	enum { FILES = 5000 };
	char name[100];

	for (unsigned o = 0; o < sizeof(options) / sizeof(options[0]); o++) {
		unsigned count = 0;

		begin(32 * MIB, options[o]);
		CU_ASSERT_FATAL(mount_it(false));
		for (unsigned i = 0; i < FILES; i++) {
			struct fs_node *file;

			(void)snprintf(name, sizeof(name), o == 0 ? "f%u" : "a file with number %u and a long name so that it takes room", i);
			CU_ASSERT_FATAL((file = make_file(root(), name)) != NULL);
			CU_ASSERT_FATAL(i % 2 == 0 || ext4_ops.write(file, 0, name, 1, false) == 1); /* the directory's blocks are not neighbours */
			fs_node_put(file);
		}
		CU_ASSERT(node_of(root())->inode.i_flags & EXT2_INDEX_FL);
		CU_ASSERT(ext4_ops.list(root(), 0, count_entry, &count) == STATUS_OK && count == FILES + 1);
		CU_ASSERT(ext4_ops.sync(root()) == STATUS_OK);
		for (unsigned i = 0; i < FILES; i += 2) {
			(void)snprintf(name, sizeof(name), o == 0 ? "f%u" : "a file with number %u and a long name so that it takes room", i);
			CU_ASSERT_FATAL(ext4_ops.remove(root(), name_of(name), false) == STATUS_OK);
		}
		count = 0;
		CU_ASSERT(ext4_ops.list(root(), 0, count_entry, &count) == STATUS_OK && count == FILES / 2 + 1);
		CU_ASSERT(end_clean());
		world_disk_free(&disk);
	}
}

static void names_are_changed(void)
{
	struct fs_node *a, *b, *file, *other;
	struct fs_stat stat;
	char text[10];

	begin(32 * MIB, LARGE);
	CU_ASSERT_FATAL(mount_it(false));
	CU_ASSERT_FATAL(ext4_ops.create(root(), name_of("a"), FS_DIRECTORY, 0755, &a) == STATUS_OK);
	CU_ASSERT_FATAL(ext4_ops.create(a, name_of("b"), FS_DIRECTORY, 0755, &b) == STATUS_OK);
	CU_ASSERT_FATAL((file = make_file(a, "x")) != NULL && (other = make_file(b, "y")) != NULL);
	CU_ASSERT(ext4_ops.write(file, 0, "content", 7, false) == 7);
	CU_ASSERT(ext4_ops.rename(root(), name_of("a"), b, name_of("c"), false) == STATUS_EINVAL);
	CU_ASSERT(ext4_ops.rename(a, name_of("x"), b, name_of("y"), true) == STATUS_EEXIST);
	CU_ASSERT(ext4_ops.rename(a, name_of("x"), a, name_of("b"), false) == STATUS_EISDIR);
	CU_ASSERT(ext4_ops.rename(a, name_of("b"), a, name_of("x"), false) == STATUS_ENOTDIR);
	CU_ASSERT(ext4_ops.rename(a, name_of("x"), b, name_of("y"), false) == STATUS_OK);
	CU_ASSERT(ext4_ops.stat(other, &stat) == STATUS_OK && stat.links == 0);
	fs_node_put(other);
	CU_ASSERT(ext4_ops.lookup(a, name_of("x"), &other) == STATUS_ENOENT);
	CU_ASSERT(ext4_ops.link(a, name_of("z"), file) == STATUS_OK);
	CU_ASSERT(ext4_ops.link(a, name_of("z"), file) == STATUS_EEXIST);
	CU_ASSERT(ext4_ops.link(a, name_of("dir"), b) == STATUS_EPERM);
	CU_ASSERT(ext4_ops.stat(file, &stat) == STATUS_OK && stat.links == 2);
	CU_ASSERT(ext4_ops.rename(a, name_of("b"), root(), name_of("bb"), false) == STATUS_OK);
	CU_ASSERT(ext4_ops.stat(a, &stat) == STATUS_OK && stat.links == 2);
	CU_ASSERT(ext4_ops.remove(root(), name_of("bb"), true) == STATUS_ENOTEMPTY);
	CU_ASSERT(ext4_ops.remove(root(), name_of("bb"), false) == STATUS_EISDIR);
	CU_ASSERT(ext4_ops.remove(a, name_of("z"), true) == STATUS_ENOTDIR);
	CU_ASSERT(ext4_ops.symlink(a, name_of("s"), name_of("somewhere")) == STATUS_OK);
	CU_ASSERT(ext4_ops.lookup(a, name_of("s"), &other) == STATUS_OK && ext4_ops.read_link(other, text, 4) == 4);
	fs_node_put(other);
	CU_ASSERT(ext4_ops.remove(b, name_of("y"), false) == STATUS_OK);
	CU_ASSERT(ext4_ops.stat(file, &stat) == STATUS_OK && stat.links == 1);
	fs_node_put(file);
	fs_node_put(a);
	fs_node_put(b);
	CU_ASSERT(end_clean());
	world_disk_free(&disk);
}

static void sizes_are_changed(void)
{
	struct fs_stat stat = { .size = 100000 };
	struct fs_node *file;
	uint8_t data[300];

	begin(32 * MIB, SMALL);
	CU_ASSERT_FATAL(mount_it(false));
	CU_ASSERT_FATAL((file = make_file(root(), "f")) != NULL);
	memset(data, 1, sizeof(data));
	CU_ASSERT(ext4_ops.write(file, 900, data, sizeof(data), false) == sizeof(data));
	CU_ASSERT(ext4_ops.set(file, FS_SET_SIZE, &stat) == STATUS_OK);
	CU_ASSERT(ext4_ops.read(file, 1200, data, 100) == 100 && data[0] == 0 && data[99] == 0);
	stat.size = 1000;
	CU_ASSERT(ext4_ops.set(file, FS_SET_SIZE, &stat) == STATUS_OK);
	stat.size = 2000;
	CU_ASSERT(ext4_ops.set(file, FS_SET_SIZE, &stat) == STATUS_OK);
	CU_ASSERT(ext4_ops.read(file, 990, data, 300) == 300 && data[9] == 1 && data[10] == 0 && data[299] == 0);
	CU_ASSERT(ext4_ops.write(file, 20 * MIB, data, 10, false) == 10);
	CU_ASSERT(ext4_ops.stat(file, &stat) == STATUS_OK && stat.size == 20 * MIB + 10 && stat.allocated < 10000);
	stat.size = 0;
	CU_ASSERT(ext4_ops.set(file, FS_SET_SIZE, &stat) == STATUS_OK);
	CU_ASSERT(ext4_ops.stat(file, &stat) == STATUS_OK && stat.size == 0 && stat.allocated == 0);
	fs_node_put(file);
	CU_ASSERT(end_clean());
	world_disk_free(&disk);
}

/* Nothing half done, and all of it is given back. */
static void a_full_volume_says_so_and_stays_whole(void)
{
	static const char *const options[] = { "-b 1024 -J size=1", "-b 1024 -J size=1 -O ^extent,^huge_file,^64bit" };
	static uint8_t data[100000];

	for (unsigned o = 0; o < sizeof(options) / sizeof(options[0]); o++) {
		struct fs_space before, after;
		struct fs_node *file;
		int64_t written = 0;
		char name[30];
		unsigned files = 0;

		begin(4 * MIB, options[o]);
		CU_ASSERT_FATAL(mount_it(false));
		CU_ASSERT(ext4_ops.space(&volume->fs, &before) == STATUS_OK);
		CU_ASSERT_FATAL((file = make_file(root(), "big")) != NULL);
		while ((written = ext4_ops.write(file, 0, data, sizeof(data), true)) > 0)
			;
		CU_ASSERT(written == STATUS_ENOSPC);
		fs_node_put(file);
		for (;; files++) {
			status_t status;

			(void)snprintf(name, sizeof(name), "file number %u", files);
			status = ext4_ops.create(root(), name_of(name), files % 3 == 0 ? FS_DIRECTORY : FS_FILE, 0644, &file);
			if (status != STATUS_OK) {
				CU_ASSERT(status == STATUS_ENOSPC);
				break;
			}
			fs_node_put(file);
		}
		CU_ASSERT(end_clean());
		CU_ASSERT_FATAL(mount_it(false));
		while (files-- > 0) {
			(void)snprintf(name, sizeof(name), "file number %u", files);
			CU_ASSERT(ext4_ops.remove(root(), name_of(name), files % 3 == 0) == STATUS_OK);
		}
		CU_ASSERT(ext4_ops.remove(root(), name_of("big"), false) == STATUS_OK);
		CU_ASSERT(ext4_ops.space(&volume->fs, &after) == STATUS_OK && after.free_nodes == before.free_nodes);
		CU_ASSERT(after.free_bytes + 4096 >= before.free_bytes);
		CU_ASSERT(end_clean());
		world_disk_free(&disk);
	}
}

/* Blocks 3000 to 3003 are free, and the journal has content for them, some of it revoked: e2fsck and we put the same there. */
static void journals_that_debugfs_wrote_are_replayed_as_e2fsck_does(void)
{
	static const char *const options[] = { SMALL, LARGE, "-b 1024 -J size=1 -O ^metadata_csum,^64bit", "-b 2048 -O ^64bit" };
	static const char *const opens[] = { "jo", "jo -c" };
	char commands[500];

	for (unsigned i = 0; i < 2 * sizeof(options) / sizeof(options[0]); i++) {
		struct world_disk other;

		if (i % 2 == 1 && strstr(options[i / 2], "^metadata_csum") != NULL)
			continue; /* checksums of the first version are not replayed */
		begin(32 * MIB, options[i / 2]);
		(void)snprintf(commands, sizeof(commands),
			       "%s\njw -b 3000,3001,3002,3003 /bin/true\njw -r 3001\njw -b 3002 /etc/passwd\njw -r 3003\njw -b 3003 /etc/passwd\njc", opens[i % 2]);
		world_debugfs(&disk, commands);
		world_disk_make(&other, disk.device.bytes);
		memcpy(other.bytes, disk.bytes, disk.device.bytes);
		CU_ASSERT(world_shell(&other, "/sbin/e2fsck -fy -E journal_only %s >/dev/null 2>&1", true) <= 1);
		CU_ASSERT(memcmp(other.bytes, disk.bytes, disk.device.bytes) != 0);
		CU_ASSERT_FATAL(mount_it(false));
		for (unsigned block = 3000; block < 3004; block++) {
			size_t at = (size_t)block * volume->cache.block_bytes;

			CU_ASSERT(memcmp(other.bytes + at, disk.bytes + at, volume->cache.block_bytes) == 0);
		}
		CU_ASSERT(disk.bytes[3000ul * volume->cache.block_bytes] == 0x7f);
		CU_ASSERT(end_clean());
		world_disk_free(&other);
		world_disk_free(&disk);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_fresh_volume_mounts_and_stays_clean),
	UNIT_CASE(what_debugfs_wrote_is_read),
	UNIT_CASE(files_are_made_written_and_found_again),
	UNIT_CASE(what_has_no_name_any_more_is_cut_and_goes_for_good),
	UNIT_CASE(a_cut_that_fails_is_made_up_for),
	UNIT_CASE(large_directories_are_indexed),
	UNIT_CASE(names_are_changed),
	UNIT_CASE(sizes_are_changed),
	UNIT_CASE(a_full_volume_says_so_and_stays_whole),
	UNIT_CASE(journals_that_debugfs_wrote_are_replayed_as_e2fsck_does),
};
UNIT_MAIN("kernel/io/fs/ext4/volume", cases)
