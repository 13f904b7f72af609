// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Mounting where memory ends at every place that takes some, and volumes that say of themselves what cannot be. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/io/fs/ext4/platform.h"
#include "kernel/io/fs/ext4/volume.h"

static int allocations_left = -1; /* until there is no memory; negative: there always is */
static uint64_t now_ns;           /* 0: the world's */

static bool once; /* one allocation alone fails */
static bool ran_out;

static bool is_out(void)
{
	if (allocations_left != 0) {
		allocations_left -= allocations_left > 0;
		return false;
	}
	ran_out = true;
	allocations_left = once ? -1 : 0;
	return true;
}

static void *test_malloc(size_t bytes)
{
	return is_out() ? NULL : malloc(bytes);
}

static void *test_calloc(size_t count, size_t bytes)
{
	return is_out() ? NULL : calloc(count, bytes);
}

static void *test_realloc(void *at, size_t bytes)
{
	return is_out() ? NULL : realloc(at, bytes);
}

static void *test_block_alloc(size_t bytes)
{
	return is_out() ? NULL : ext4_block_alloc(bytes);
}

static uint64_t test_now_ns(void)
{
	return now_ns != 0 ? now_ns : ext4_now_ns();
}

#define malloc test_malloc
#define calloc test_calloc
#define realloc test_realloc
#define ext4_block_alloc test_block_alloc
#define ext4_now_ns test_now_ns
#include "kernel/io/fs/ext4/journal.c"
#include "kernel/io/fs/ext4/mount.c"
#undef malloc
#undef calloc
#undef realloc
#undef ext4_block_alloc
#undef ext4_now_ns

#include "lib/bits.h"
#include "tests/unit/kernel/io/fs/ext4/world.h"
#include "tests/unit/unit.h"

#define MIB (1ul << 20)
#define PLAIN "-b 1024 -N 128 -J size=1 -O ^metadata_csum,^64bit,^uninit_bg"

enum { SUPER = 1024, DESCRIPTORS = 2048 };

static struct world_disk disk;
static struct volume *volume;
static char why[100];

static struct span name_of(const char *text)
{
	return span_of(text, strlen(text));
}

static void begin(const char *options)
{
	world_disk_make(&disk, 4 * MIB);
	world_mkfs(&disk, options);
}

static status_t mount_it(void)
{
	why[0] = '\0';
	return volume_mount(&disk.device, false, 1 << 17, &volume, why, sizeof(why));
}

static void put32(uint64_t at, uint32_t value)
{
	memcpy(disk.bytes + at, &value, 4);
}

static uint32_t get32(uint64_t at)
{
	uint32_t value;

	memcpy(&value, disk.bytes + at, 4);
	return value;
}

/* A volume as a power cut leaves it: its log has a file that is nowhere else, and orphans are to be deleted. */
static void leave_unfinished(void)
{
	uint8_t *bytes = malloc(4 * MIB);
	struct fs_node *file;

	CU_ASSERT_EQUAL_FATAL(mount_it(), STATUS_OK);
	CU_ASSERT_EQUAL_FATAL(ext4_ops.create(volume->fs.root, name_of("f"), FS_FILE, 0600, &file), STATUS_OK);
	CU_ASSERT(ext4_ops.write(file, 0, "data", 4, false) == 4 && ext4_ops.sync(file) == STATUS_OK);
	memcpy(bytes, disk.bytes, 4 * MIB);
	fs_node_put(file);
	CU_ASSERT_EQUAL(volume_unmount(volume), STATUS_OK);
	memcpy(disk.bytes, bytes, 4 * MIB);
	free(bytes);
}

/* Each allocation in turn fails, alone or with all that follow: that is told, nothing is lost, and the next try is as good as the first one. */
static void memory_may_end_anywhere(void)
{
	unsigned count = 0;
	status_t status;

	begin("-b 1024 -N 128 -J size=1");
	leave_unfinished();
	for (;; count += once, once = !once) {
		ran_out = false;
		allocations_left = (int)count;
		status = mount_it();
		allocations_left = -1;
		CU_ASSERT_FATAL((status == STATUS_OK) == !ran_out);
		if (status == STATUS_OK)
			break;
		CU_ASSERT(status == STATUS_ENOMEM && strcmp(why, "out of memory") == 0);
		CU_ASSERT_FATAL(count < 100);
	}
	CU_ASSERT(count > 12);
	CU_ASSERT(volume_unmount(volume) == STATUS_OK && world_fsck(&disk) == 0);
	world_disk_free(&disk);
}

/* Each request in turn fails: the mount does, and says at what. */
static void what_cannot_be_read_is_named(void)
{
	static const char *const causes[] = { "it cannot be read", "its journal's inode is damaged: run e2fsck", "its journal cannot be read",
					      "its journal cannot be replayed", "its journal cannot be written" };
	unsigned seen[ARRAY_LEN(causes)] = { 0 };
	uint8_t *unfinished = malloc(4 * MIB);

	begin("-b 1024 -N 128 -J size=1");
	leave_unfinished();
	memcpy(unfinished, disk.bytes, 4 * MIB);
	for (unsigned at = 1; at < 200; at++) {
		memcpy(disk.bytes, unfinished, 4 * MIB);
		disk.fail_at = disk.requests + at;
		if (mount_it() == STATUS_OK) {
			disk.fail_at = 0;
			CU_ASSERT_EQUAL(volume_unmount(volume), STATUS_OK);
			break;
		}
		for (unsigned i = 0; i < ARRAY_LEN(causes); i++)
			seen[i] += strcmp(why, causes[i]) == 0;
	}
	for (unsigned i = 0; i < ARRAY_LEN(causes); i++)
		CU_ASSERT(seen[i] > 0);
	free(unfinished);
	world_disk_free(&disk);
}

static void refused(status_t status, const char *cause)
{
	CU_ASSERT_EQUAL(mount_it(), status);
	CU_ASSERT_STRING_EQUAL(why, cause);
}

static void groups_lie_within_the_volume(void)
{
	static const char *const cause = "a group descriptor names blocks that are not there: run e2fsck";
	uint32_t inode_blocks;
	uint8_t *whole = malloc(4 * MIB);

	begin(PLAIN);
	memcpy(whole, disk.bytes, 4 * MIB);
	CU_ASSERT_EQUAL_FATAL(mount_it(), STATUS_OK);
	inode_blocks = volume->ext2->inode_blocks_per_group;
	CU_ASSERT_EQUAL(volume_unmount(volume), STATUS_OK);
	for (unsigned field = 0; field < 3; field++) { /* block bitmap, inode bitmap, inodes */
		static const uint32_t wrong[] = { 0, 1, 4096, 4097, 0xffffffff };

		for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
			memcpy(disk.bytes, whole, 4 * MIB);
			put32(DESCRIPTORS + 4 * field, wrong[i]);
			refused(STATUS_EBADMSG, cause);
		}
	}
	memcpy(disk.bytes, whole, 4 * MIB);
	put32(DESCRIPTORS + 8, 4096 - inode_blocks + 1);
	refused(STATUS_EBADMSG, cause);
	free(whole);
	world_disk_free(&disk);
}

static void a_journal_is_a_file(void)
{
	static const struct {
		const char *command, *cause;
	} rows[] = {
		{ "set_inode_field <8> mode 040600", "its journal's inode is damaged: run e2fsck" },
		{ "set_inode_field <8> mode 0120600", "its journal's inode is damaged: run e2fsck" },
		{ "set_inode_field <8> size 0x40000000000", "its journal's inode is damaged: run e2fsck" },
		{ "set_inode_field <8> size 0", "its journal's blocks cannot be found: run e2fsck" },
		{ "set_inode_field <8> size 2097152", "its journal's blocks cannot be found: run e2fsck" },
		{ "set_super_value journal_inum 0", "its journal is on another disk" },
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		begin(PLAIN);
		world_debugfs(&disk, rows[i].command);
		CU_ASSERT(mount_it() < 0);
		CU_ASSERT_STRING_EQUAL(why, rows[i].cause);
		world_disk_free(&disk);
	}
}

static void superblocks_are_judged_by_what_they_say(void)
{
	static const struct {
		unsigned at;
		uint32_t turned; /* bits */
		status_t status;
		const char *cause;
	} rows[] = {
		{ 0x38, 1, STATUS_EINVAL, "it has no ext4 file system" },
		{ 0x18, 3, STATUS_ENOTSUP, "its blocks are larger than 4096 bytes" },
		{ 0x60, 0x8000, STATUS_ENOTSUP, "it has a feature that is not known" },
		{ 0x64, 0x2000, STATUS_ENOTSUP, "it has a feature with which it can only be read: mount it read-only" },
		{ 0x5c, 4, STATUS_ENOTSUP, "it has no journal, and can only be read: mount it read-only" },
		{ 0x04, 0x2000, STATUS_EINVAL, "it is larger than its disk: a part of it is missing" },
		{ 0x3a, 2, STATUS_EBADMSG, "it was found damaged: run e2fsck, or mount it read-only" },
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		begin(PLAIN);
		put32(SUPER + rows[i].at, get32(SUPER + rows[i].at) ^ rows[i].turned);
		refused(rows[i].status, rows[i].cause);
		world_disk_free(&disk);
	}
	begin(PLAIN);
	put32(SUPER + 0x150, 7); /* the upper half of a number that has none without "64bit" */
	CU_ASSERT_EQUAL_FATAL(mount_it(), STATUS_OK);
	CU_ASSERT_EQUAL(volume->cache.blocks, 4096);
	CU_ASSERT_EQUAL(volume_unmount(volume), STATUS_OK);
	world_disk_free(&disk);
	world_disk_make(&disk, 4096);
	refused(STATUS_EINVAL, "it is too small for a file system");
	world_disk_free(&disk);
}

/* Time goes on from the latest that the volume has seen, whichever stamp that is, whenever the machine was started. */
static void the_clock_goes_on_where_the_volume_was(void)
{
	static const unsigned stamps[] = { 0x30, 0x2c, 0x108, 0x40 }; /* written, mounted, made, checked */

	for (unsigned i = 0; i < ARRAY_LEN(stamps); i++) {
		struct ext2_super_block *super;
		uint32_t latest_s = 0xc0000000;

		begin(PLAIN);
		put32(SUPER + stamps[i], latest_s);
		super = (void *)(disk.bytes + SUPER);
		CU_ASSERT_EQUAL(latest(super), latest_s);
		now_ns = 7000000003; /* seven seconds, and next to nothing */
		CU_ASSERT_EQUAL_FATAL(mount_it(), STATUS_OK);
		now_ns = 0;
		CU_ASSERT_EQUAL(volume->clock_base, latest_s - 7ul);
		CU_ASSERT_EQUAL(volume_unmount(volume), STATUS_OK);
		world_disk_free(&disk);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(memory_may_end_anywhere),
	UNIT_CASE(what_cannot_be_read_is_named),
	UNIT_CASE(groups_lie_within_the_volume),
	UNIT_CASE(a_journal_is_a_file),
	UNIT_CASE(superblocks_are_judged_by_what_they_say),
	UNIT_CASE(the_clock_goes_on_where_the_volume_was),
};
UNIT_MAIN("kernel/io/fs/ext4/mount", cases)
