// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Disks that fail: in a short run each request in turn is answered with an error, alone and with all that follow. Whoever asked is told, nothing panics; what was synced
 * before is there, and the volume is whole, when the disk is well again. And volumes that are damaged: they are refused, or what is damaged is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jbd2_format.h"
#include "tests/unit/kernel/io/fs/ext4/world.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define MIB (1ul << 20)

enum { FILES = 20, DAMAGES = 600 };

static struct world_disk disk;

static struct span name_of(const char *text)
{
	return span_of(text, strlen(text));
}

static status_t mount_it(struct volume **volume, bool read_only)
{
	char why[100];

	return volume_mount(&disk.device, read_only, 1 << 17, volume, why, sizeof(why));
}

/* Makes files with content, and syncs after each; the number of those that are safe. Stops at the first error. */
static unsigned files_make(struct volume *volume)
{
	static uint8_t data[5000];
	unsigned safe = 0;
	char name[20];

	for (unsigned i = 0; i < FILES; i++) {
		struct fs_node *file;
		int64_t written;

		memset(data, (int)i + 1, sizeof(data));
		(void)snprintf(name, sizeof(name), "file %u", i);
		if (ext4_ops.create(volume->fs.root, name_of(name), FS_FILE, 0600, &file) != STATUS_OK)
			return safe;
		written = ext4_ops.write(file, 0, data, sizeof(data), false);
		fs_node_put(file);
		if (written != sizeof(data) || ext4_ops.sync(volume->fs.root) != STATUS_OK)
			return safe;
		safe = i + 1;
	}
	return safe;
}

static bool files_are_there(struct volume *volume, unsigned safe)
{
	static uint8_t data[6000];
	char name[20];

	for (unsigned i = 0; i < safe; i++) {
		struct fs_node *file;
		int64_t bytes;

		(void)snprintf(name, sizeof(name), "file %u", i);
		if (ext4_ops.lookup(volume->fs.root, name_of(name), &file) != STATUS_OK)
			return false;
		bytes = ext4_ops.read(file, 0, data, sizeof(data));
		fs_node_put(file);
		if (bytes != 5000 || data[0] != i + 1 || data[4999] != i + 1)
			return false;
	}
	return true;
}

/* One run with an error at request `at`; false when the run was over before. */
static bool run_failing(const uint8_t *fresh, uint64_t at, bool fails_on)
{
	struct volume *volume;
	unsigned safe = 0;

	memcpy(disk.bytes, fresh, disk.device.bytes);
	disk.requests = 0;
	disk.fail_at = at;
	disk.fails_on = fails_on;
	if (mount_it(&volume, false) == STATUS_OK) {
		safe = files_make(volume);
		(void)volume_unmount(volume);
	}
	disk.fail_at = 0;
	CU_ASSERT_FATAL(mount_it(&volume, false) == STATUS_OK);
	CU_ASSERT(files_are_there(volume, safe));
	CU_ASSERT(volume_unmount(volume) == STATUS_OK);
	if (at % 37 == 1)
		CU_ASSERT(world_fsck(&disk) == 0);
	return disk.requests >= at;
}

static void every_request_may_fail(void)
{
	uint8_t *fresh = malloc(4 * MIB);
	uint64_t requests = 0;
	uint64_t runs = 0;

	world_disk_make(&disk, 4 * MIB);
	world_mkfs(&disk, "-b 1024 -N 128 -J size=1");
	memcpy(fresh, disk.bytes, 4 * MIB);
	(void)run_failing(fresh, UINT64_MAX, false);
	requests = disk.requests;
	for (uint64_t at = 1; at <= requests; at++, runs++) {
		(void)run_failing(fresh, at, false);
		(void)run_failing(fresh, at, true);
	}
	printf("%lu requests ... ", (unsigned long)requests);
	CU_ASSERT(runs > 100);
	free(fresh);
	world_disk_free(&disk);
}

static bool each(void *ctx, const struct fs_entry *entry)
{
	unsigned *count = ctx;

	(void)entry;
	return ++*count < 100000;
}

/* Whatever there is: found, read, changed and removed, with whatever result. */
static void use_everything(struct volume *volume)
{
	static uint8_t data[70000];
	unsigned count = 0;
	char name[20];

	(void)ext4_ops.list(volume->fs.root, 0, each, &count);
	for (unsigned i = 0; i < FILES; i++) {
		struct fs_node *node;

		(void)snprintf(name, sizeof(name), "file %u", i);
		if (ext4_ops.lookup(volume->fs.root, name_of(name), &node) != STATUS_OK)
			continue;
		if (node->type == FS_FILE) {
			(void)ext4_ops.read(node, 0, data, sizeof(data));
			(void)ext4_ops.write(node, 3000, data, 9000, false);
		} else if (node->type == FS_DIRECTORY) {
			(void)ext4_ops.list(node, 0, each, &count);
		}
		fs_node_put(node);
		if (i % 2 == 0)
			(void)ext4_ops.remove(volume->fs.root, name_of(name), false);
	}
	(void)files_make(volume);
}

static void damage(struct random *random, bool metadata)
{
	uint64_t where = metadata ? random_below(random, 200 * 1024) : random_below(random, disk.device.bytes);
	uint64_t count = 1 + random_below(random, 40);

	for (uint64_t i = 0; i < count && where + i < disk.device.bytes; i++)
		disk.bytes[where + i] = random_below(random, 3) == 0 ? 0xff : (uint8_t)random_next(random);
}

static void damaged(const char *options)
{
	struct random random = random_start(11);
	uint8_t *whole = malloc(4 * MIB);
	struct volume *volume;
	unsigned mounted = 0;

	world_disk_make(&disk, 4 * MIB);
	world_mkfs(&disk, options);
	CU_ASSERT_FATAL(mount_it(&volume, false) == STATUS_OK);
	CU_ASSERT(files_make(volume) == FILES);
	CU_ASSERT(volume_unmount(volume) == STATUS_OK);
	memcpy(whole, disk.bytes, 4 * MIB);
	for (unsigned i = 0; i < DAMAGES; i++) {
		memcpy(disk.bytes, whole, 4 * MIB);
		for (unsigned k = 0; k <= i % 3; k++)
			damage(&random, i % 4 != 0);
		if (mount_it(&volume, i % 5 == 0) != STATUS_OK)
			continue;
		mounted++;
		use_everything(volume);
		(void)volume_unmount(volume);
	}
	CU_ASSERT(mounted > 0);
	free(whole);
	world_disk_free(&disk);
}

static void damage_is_refused(void)
{
	damaged("-b 1024 -N 128 -J size=1");
}

/* Nothing tells that it is: what is read makes no sense, and must do no harm. */
static void damage_without_checksums_does_no_harm(void)
{
	damaged("-b 1024 -N 128 -J size=1 -O ^metadata_csum,^64bit");
	damaged("-b 1024 -N 128 -J size=1 -O ^metadata_csum,^64bit,^extent,^huge_file");
}

/* A block at the beginning, one at the end of as long a file as there can be, and nothing between: it takes no longer to go than to make. */
static void long_files_of_few_blocks_go_at_once(void)
{
	struct volume *volume;
	struct fs_node *file;
	uint32_t before;

	world_disk_make(&disk, 4 * MIB);
	world_mkfs(&disk, "-b 1024 -N 128 -J size=1");
	CU_ASSERT_FATAL(mount_it(&volume, false) == STATUS_OK);
	CU_ASSERT_EQUAL_FATAL(ext4_ops.create(volume->fs.root, name_of("long"), FS_FILE, 0600, &file), STATUS_OK);
	CU_ASSERT(ext4_ops.write(file, 0, "a", 1, false) == 1 && ext4_ops.write(file, (UINT32_MAX - 2ul) * 1024, "z", 1, false) == 1);
	fs_node_put(file);
	before = volume->journal.sequence;
	CU_ASSERT_EQUAL(ext4_ops.remove(volume->fs.root, name_of("long"), false), STATUS_OK);
	CU_ASSERT(volume->journal.sequence - before < 100);
	CU_ASSERT(volume_unmount(volume) == STATUS_OK && world_fsck(&disk) == 0);
	world_disk_free(&disk);
}

/* Where the content of a file begins on the disk. */
static uint64_t block_of(struct volume *volume, const char *name)
{
	struct fs_node *file;
	struct mapping run = { 0 };

	CU_ASSERT_EQUAL_FATAL(ext4_ops.lookup(volume->fs.root, name_of(name), &file), STATUS_OK);
	CU_ASSERT_EQUAL(map_find(volume, (struct ext4_node *)file, 0, &run), STATUS_OK);
	fs_node_put(file);
	return run.physical;
}

/* A bitmap says of a block of a file that it is free: it is not given back once more, and nothing is written any more. */
static void what_is_given_back_twice_ends_writing(void)
{
	const struct fs_stat empty = { .size = 0 };
	static uint8_t data[100];
	struct fs_node *file;
	struct volume *volume;
	char command[40];
	unsigned reports;

	world_disk_make(&disk, 4 * MIB);
	world_mkfs(&disk, "-b 1024 -N 128 -J size=1");
	CU_ASSERT_FATAL(mount_it(&volume, false) == STATUS_OK);
	CU_ASSERT_EQUAL(files_make(volume), FILES);
	(void)snprintf(command, sizeof(command), "freeb %lu 1", (unsigned long)block_of(volume, "file 3"));
	CU_ASSERT_EQUAL(volume_unmount(volume), STATUS_OK);
	world_debugfs(&disk, command);
	CU_ASSERT_FATAL(mount_it(&volume, false) == STATUS_OK);
	reports = world_reports();
	CU_ASSERT_EQUAL_FATAL(ext4_ops.lookup(volume->fs.root, name_of("file 3"), &file), STATUS_OK);
	CU_ASSERT_EQUAL(ext4_ops.set(file, FS_SET_SIZE, &empty), STATUS_EIO);
	CU_ASSERT(world_reports() == reports + 1 && strstr(world_last_report(), "do not agree") != NULL);
	CU_ASSERT_EQUAL(ext4_ops.write(file, 0, data, sizeof(data), false), STATUS_EROFS);
	CU_ASSERT_EQUAL(ext4_ops.sync(file), STATUS_EIO);
	fs_node_put(file);
	CU_ASSERT_EQUAL_FATAL(ext4_ops.lookup(volume->fs.root, name_of("file 4"), &file), STATUS_OK);
	CU_ASSERT_EQUAL(ext4_ops.read(file, 0, data, sizeof(data)), sizeof(data));
	fs_node_put(file);
	CU_ASSERT(volume_unmount(volume) != STATUS_OK);
	CU_ASSERT(world_shell(&disk, "/sbin/e2fsck -fy %s >/dev/null 2>&1", true) <= 1 && world_fsck(&disk) == 0);
	CU_ASSERT_FATAL(mount_it(&volume, false) == STATUS_OK);
	CU_ASSERT(volume_unmount(volume) == STATUS_OK);
	world_disk_free(&disk);
}

/* The journal's superblock, of a volume of 1024-byte blocks; NULL: not found. */
static uint8_t *journal_super(void)
{
	for (uint64_t at = 0; at < disk.device.bytes; at += 1024)
		if (jbd2_get32(disk.bytes + at) == JBD2_MAGIC && jbd2_get32(disk.bytes + at + 4) == JBD2_SUPER_V2)
			return disk.bytes + at;
	return NULL;
}

/* Fast commits, and commits that only checksums of the first version tell from what was not written: told, and not a byte is changed. */
static void logs_that_only_linux_replays_are_refused(void)
{
	static const struct {
		uint32_t compat, incompat;
		const char *why;
	} logs[] = { { 0, JBD2_INCOMPAT_FAST_COMMIT, "fast commits" }, { 1, JBD2_INCOMPAT_ASYNC_COMMIT, "checksums" } };
	uint8_t *before = malloc(16 * MIB);
	struct volume *volume;
	char why[100];

	for (unsigned i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		uint8_t *super;

		world_disk_make(&disk, 16 * MIB);
		world_mkfs(&disk, "-b 1024 -N 128 -J size=4 -O ^metadata_csum,^64bit");
		world_debugfs(&disk, "jo\njw -b 3000 /bin/true\njc");
		super = journal_super();
		CU_ASSERT_FATAL(super != NULL && jbd2_get32(super + JBD2_SUPER_START) != 0);
		jbd2_put32(super + JBD2_SUPER_COMPAT, logs[i].compat);
		jbd2_put32(super + JBD2_SUPER_INCOMPAT, jbd2_get32(super + JBD2_SUPER_INCOMPAT) | logs[i].incompat);
		memcpy(before, disk.bytes, disk.device.bytes);
		CU_ASSERT_EQUAL(volume_mount(&disk.device, false, 1 << 17, &volume, why, sizeof(why)), STATUS_ENOTSUP);
		CU_ASSERT_PTR_NOT_NULL(strstr(why, logs[i].why));
		CU_ASSERT(memcmp(before, disk.bytes, disk.device.bytes) == 0);
		world_disk_free(&disk);
	}
	free(before);
}

static const struct unit_case cases[] = {
	UNIT_CASE(every_request_may_fail),
	UNIT_CASE(damage_is_refused),
	UNIT_CASE(damage_without_checksums_does_no_harm),
	UNIT_CASE(long_files_of_few_blocks_go_at_once),
	UNIT_CASE(what_is_given_back_twice_ends_writing),
	UNIT_CASE(logs_that_only_linux_replays_are_refused),
};
UNIT_MAIN("kernel/io/fs/ext4/broken_disk", cases)
