// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Volumes of which a part is damaged or cannot be read just then: attributes, inodes, commits and cuts; and what errors are called. */
#include <errno.h>
#include <stdio.h>

#include "lib/bits.h"
#include "tests/unit/kernel/io/fs/ext4/volume_fixture.h"

/* Extended attributes in a block of their own, one file's or shared: it goes with its last user, and a place that is none is damage. */
static void attributes_go_with_their_last_file(void)
{
	uint64_t free_before;
	char command[200];

	make_it(SMALL " -I 128");
	mount_it(1 << 20);
	free_before = ext2fs_free_blocks_count(volume->ext2->super);
	CU_ASSERT_EQUAL_FATAL(volume_unmount(volume), STATUS_OK);
	world_debugfs(&disk, "write /dev/null a\nwrite /dev/null b\nea_set a user.name value");
	mount_it(1 << 20);
	struct fs_node *file = look("a");
	uint32_t block = node_of(file)->inode.i_file_acl;

	CU_ASSERT_FATAL(block != 0 && ext2fs_free_blocks_count(volume->ext2->super) == free_before - 1);
	fs_node_put(file);
	CU_ASSERT_EQUAL_FATAL(volume_unmount(volume), STATUS_OK);
	(void)snprintf(command, sizeof(command), "set_inode_field b file_acl %u\nset_inode_field b blocks 2\nea_get a user.name", block);
	world_debugfs(&disk, command);
	disk.bytes[block * 1024ul + 4] = 2; /* two have it */
	mount_it(1 << 20);
	CU_ASSERT(ext4_ops.remove(root(), name_of("a"), false) == STATUS_OK && ext2fs_free_blocks_count(volume->ext2->super) == free_before - 1);
	CU_ASSERT_EQUAL(volume->ext2->super->s_last_orphan, 0);
	mount_again();
	CU_ASSERT_EQUAL(disk.bytes[block * 1024ul + 4], 1);
	CU_ASSERT(ext4_ops.remove(root(), name_of("b"), false) == STATUS_OK && ext2fs_free_blocks_count(volume->ext2->super) == free_before);
	CU_ASSERT_EQUAL(volume->ext2->super->s_last_orphan, 0);
	end();
}

static void attributes_that_are_none_are_damage(void)
{
	static const char *const places[] = { "1", "4000", "8191", "8192", "4000000000" }; /* the superblock; a block of zeroes; the last; beyond */

	for (unsigned i = 0; i < ARRAY_LEN(places); i++) {
		char command[100];
		ext2_ino_t number;
		struct fs_node *file;

		make_it(SMALL " -I 128 -O ^metadata_csum");
		(void)snprintf(command, sizeof(command), "write /dev/null a\nset_inode_field a file_acl %s", places[i]);
		world_debugfs(&disk, command);
		mount_it(1 << 20);
		file = look("a");
		number = node_of(file)->number;
		CU_ASSERT_EQUAL(ext4_ops.remove(root(), name_of("a"), false), STATUS_OK);
		fs_node_put(file);
		CU_ASSERT(volume->ext2->super->s_last_orphan == number && !volume->failed); /* it stays where it is until e2fsck looks */
		CU_ASSERT_EQUAL(volume_unmount(volume), STATUS_OK);
		world_disk_free(&disk);
	}
}

/* Names of inodes that are the volume's own, or nobody's. */
static void names_of_what_is_no_file_are_refused(void)
{
	static const unsigned numbers[] = { 1, 3, 7, 8, 10, 30 };
	struct fs_node *node;

	make_it(SMALL);
	for (unsigned i = 0; i < ARRAY_LEN(numbers); i++) {
		char command[60];

		(void)snprintf(command, sizeof(command), "ln <%u> n%u", numbers[i], numbers[i]);
		world_debugfs(&disk, command);
	}
	world_debugfs(&disk, "set_inode_field <7> mode 0100600\nset_inode_field <7> links_count 2\nset_inode_field <10> mode 0100600\nset_inode_field <10> links_count 1");
	mount_it(1 << 20);
	for (unsigned i = 0; i < ARRAY_LEN(numbers); i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "n%u", numbers[i]);
		CU_ASSERT_EQUAL(ext4_ops.lookup(root(), name_of(name), &node), STATUS_EIO);
	}
	CU_ASSERT(ext4_ops.lookup(root(), name_of("lost+found"), &node) == STATUS_OK && node_of(node)->number == 11);
	fs_node_put(node);
	CU_ASSERT_EQUAL(volume_unmount(volume), STATUS_OK);
	world_disk_free(&disk);
}

static void blocks_of_libext2fs_are_zeroed_where_there_are_some(void)
{
	struct buffer *buffer;

	begin(SMALL);
	cache_operation_begin(&volume->cache);
	CU_ASSERT_EQUAL(cache_get(&volume->cache, 8000, &buffer), STATUS_OK);
	memset(buffer->data, 0xee, 1024);
	CU_ASSERT_EQUAL(ext2fs_zero_blocks2(volume->ext2, 8000, 2, NULL, NULL), 0);
	CU_ASSERT(buffer->data[0] == 0 && buffer->data[1023] == 0 && cache_has(&volume->cache, 8001) && !cache_has(&volume->cache, 8002));
	CU_ASSERT_EQUAL(ext2fs_zero_blocks2(volume->ext2, 8192, 1, NULL, NULL), EXT2_ET_NO_MEMORY);
	CU_ASSERT_EQUAL(ext2fs_zero_blocks2(NULL, 0, 1, NULL, NULL), 0);
	cache_operation_end(&volume->cache, true);
	end();
}

/* Whatever of the volume's own blocks has to be read for a commit, and cannot be: the commit fails, and says so. */
static void a_commit_that_cannot_read_fails(void)
{
	unsigned failed = 0;

	for (unsigned at = 1; at <= 4; at++) {
		struct fs_node *file;
		struct buffer *buffer;
		status_t status;

		make_it(SMALL);
		mount_it(64 << 10);
		CU_ASSERT_EQUAL(journal_checkpoint(&volume->journal, false), STATUS_OK);
		file = make("f", FS_FILE);
		for (uint64_t block = 3000; block < 3000 + 2 * volume->cache.limit; block++) /* all that the transaction has not changed is dropped */
			CU_ASSERT_EQUAL(cache_get(&volume->cache, block, &buffer), STATUS_OK);
		CU_ASSERT(!cache_has(&volume->cache, 1)); /* the superblock's */
		disk.fail_at = disk.requests + at;
		status = ext4_ops.sync(file);
		disk.fail_at = 0;
		CU_ASSERT(status == STATUS_EIO || status == STATUS_OK);
		CU_ASSERT(volume->failed == (status != STATUS_OK));
		failed += status != STATUS_OK;
		fs_node_put(file);
		CU_ASSERT((volume_unmount(volume) == STATUS_OK) == (status == STATUS_OK));
		world_disk_free(&disk);
	}
	CU_ASSERT(failed >= 3);
}

/* A cut was begun and could not be ended: before it is, nothing is written that it would take along. */
static void what_is_being_cut_is_not_written_to(void)
{
	struct fs_stat shorter = { .size = 100 };
	static uint8_t data[2048];
	struct fs_node *file;

	begin(SMALL);
	file = make("f", FS_FILE);
	for (unsigned i = 0; i < 400; i++) /* so many pieces that their tree has blocks of its own */
		CU_ASSERT_EQUAL_FATAL(ext4_ops.write(file, i * 2048ul, data, 1, false), 1);
	fs_node_put(file);
	mount_again();
	file = look("f");
	for (unsigned at = 1; !node_of(file)->cutting && at < 50; at++) {
		disk.fail_at = disk.requests + at;
		CU_ASSERT(ext4_ops.set(file, FS_SET_SIZE, &shorter) == STATUS_EIO || at > 1);
	}
	CU_ASSERT_FATAL(node_of(file)->cutting && !volume->failed && volume->ext2->super->s_last_orphan == node_of(file)->number);
	disk.fails_on = true;
	disk.fail_at = disk.requests + 1;
	CU_ASSERT_EQUAL(ext4_ops.write(file, 0, data, 10, false), STATUS_EIO);
	CU_ASSERT(node_of(file)->cutting && stat_of(file).size == 100);
	disk.fail_at = 0;
	CU_ASSERT(ext4_ops.write(file, 0, data, 10, false) == 10 && !node_of(file)->cutting && volume->ext2->super->s_last_orphan == 0);
	fs_node_put(file);
	end();
}

static void errors_are_told_by_these_names(void)
{
	static const struct {
		errcode_t error;
		status_t status;
	} rows[] = {
		{ 0, STATUS_OK }, { EXT2_ET_NO_MEMORY, STATUS_ENOMEM }, { ENOMEM, STATUS_ENOMEM }, { EXT2_ET_BLOCK_ALLOC_FAIL, STATUS_ENOSPC },
		{ EXT2_ET_INODE_ALLOC_FAIL, STATUS_ENOSPC }, { ENOSPC, STATUS_ENOSPC }, { EXT2_ET_DIR_NO_SPACE, STATUS_ENOSPC }, { EAGAIN, STATUS_EAGAIN },
		{ EXT2_ET_FILE_NOT_FOUND, STATUS_ENOENT }, { EXT2_ET_FILE_TOO_BIG, STATUS_EFBIG }, { EXT2_ET_RO_FILSYS, STATUS_EROFS },
		{ EXT2_ET_UNSUPP_FEATURE, STATUS_ENOTSUP }, { EXT2_ET_RO_UNSUPP_FEATURE, STATUS_ENOTSUP }, { EIO, STATUS_EIO }, { EXT2_ET_SHORT_READ, STATUS_EIO },
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		CU_ASSERT_EQUAL(ext4_status(rows[i].error), rows[i].status);
}

static const struct unit_case cases[] = {
	UNIT_CASE(attributes_go_with_their_last_file),
	UNIT_CASE(attributes_that_are_none_are_damage),
	UNIT_CASE(names_of_what_is_no_file_are_refused),
	UNIT_CASE(blocks_of_libext2fs_are_zeroed_where_there_are_some),
	UNIT_CASE(a_commit_that_cannot_read_fails),
	UNIT_CASE(what_is_being_cut_is_not_written_to),
	UNIT_CASE(errors_are_told_by_these_names),
};
UNIT_MAIN("kernel/io/fs/ext4/volume_damage", cases)
