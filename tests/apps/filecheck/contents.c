// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/filecheck/check.h"

enum { RW = CAPOS_DIR_RIGHT_READ | CAPOS_DIR_RIGHT_WRITE, BIG = 300000, PIECES = 8, ROUNDS = 100000 };

static uint8_t pattern_at(uint64_t offset)
{
	return (uint8_t)(offset * 2654435761u >> 13);
}

static void reading_and_writing(void)
{
	char text[16] = "";
	capos_cap_t file;

	expect("make", capos_open("/tmp/f", CAPOS_DIR_CREATE, RW, &file), 0);
	expect("write", capos_write(file, 0, "hello", 5), 5);
	expect("read", capos_read(file, 1, text, sizeof(text)), 4);
	expect("what it is", memcmp(text, "ello", 4), 0);
	expect("append", capos_append(file, " world", 6), 6);
	expect("beyond the end", capos_read(file, 100, text, sizeof(text)), 0);
	expect("a gap", capos_write(file, 20, "x", 1), 1);
	expect("it reads as zeros", capos_read(file, 10, text, 11), 11);
	expect("indeed", text[0] == 'd' && text[1] == 0 && text[9] == 0 && text[10] == 'x', true);
	expect("shorter", capos_file_set_size(file, 3, 0), 0);
	expect("and longer", capos_file_set_size(file, 6, 0), 0);
	expect("is zeros", capos_read(file, 0, text, sizeof(text)), 6);
	expect("indeed", memcmp(text, "hel\0\0\0", 6), 0);
	expect("sync", capos_file_sync(file, 0), 0);
	expect("too large", capos_file_set_size(file, UINT64_MAX, 0), STATUS_EFBIG);
	expect("too large for /tmp", capos_file_set_size(file, 1ul << 40, 0), STATUS_ENOSPC);
	(void)capos_close(file);
	expect("truncate", capos_open("/tmp/f", CAPOS_DIR_TRUNCATE, RW, &file), 0);
	expect("is empty", capos_read(file, 0, text, sizeof(text)), 0);
	(void)capos_close(file);
}

static void appending(void)
{
	struct capos_file_stat_result stat;
	capos_cap_t file;

	expect("open to append", capos_open("/tmp/f", CAPOS_DIR_APPEND, RW, &file), 0);
	expect("at 0", capos_write(file, 0, "one", 3), 3);
	expect("at 0 again", capos_write(file, 0, "two", 3), 3);
	expect("both are there", capos_file_stat(file, &stat, 0) == 0 && stat.size == 6, true);
	expect("cut", capos_file_set_size(file, 0, 0), STATUS_EPERM);
	(void)capos_close(file);
}

/* A large file, in calls that are under way together. */
static void many_at_once(void)
{
	static uint8_t data[BIG], got[BIG];
	struct capos_operation operations[PIECES];
	struct capos_file_write writes[PIECES];
	struct capos_file_read reads[PIECES];
	const uint64_t piece = BIG / PIECES;
	unsigned right = 0;
	capos_cap_t file;

	for (unsigned i = 0; i < BIG; i++)
		data[i] = pattern_at(i);
	expect("make", capos_open("/tmp/big", CAPOS_DIR_CREATE, RW, &file), 0);
	for (unsigned i = 0; i < PIECES; i++) {
		struct capos_submission submission = capos_file_write_submission(file, &writes[i], 0);

		writes[i] = (struct capos_file_write){ .data = (uint64_t)(data + i * piece), .bytes = piece, .offset = i * piece };
		(void)capos_submit(&submission, &operations[i]);
	}
	for (unsigned i = 0; i < PIECES; i++)
		right += capos_operation_wait(&operations[i], CAPOS_WAIT_FOREVER) == 0 && operations[i].result == (int64_t)piece;
	expect("pieces written", right, PIECES);
	for (unsigned i = 0; i < PIECES; i++) {
		struct capos_submission submission = capos_file_read_submission(file, &reads[i], got + i * piece, piece, 0);

		reads[i] = (struct capos_file_read){ .offset = i * piece };
		(void)capos_submit(&submission, &operations[i]);
	}
	for (unsigned i = 0; i < PIECES; i++)
		right += capos_operation_wait(&operations[i], CAPOS_WAIT_FOREVER) == 0 && operations[i].result == (int64_t)piece;
	expect("pieces read", right, 2 * PIECES);
	expect("as they were", memcmp(data, got, PIECES * piece), 0);
	expect("no map of /tmp", capos_file_map(file), STATUS_ENOTSUP);
	(void)capos_close(file);
}

static void filling(void)
{
	static uint8_t block[65536];
	struct capos_dir_space_result space;
	const char *rest;
	capos_cap_t dir = capos_path_find("/tmp", &rest);
	capos_cap_t file;
	uint64_t offset = 0;
	int64_t result;

	expect("open", capos_open("/tmp/full", CAPOS_DIR_CREATE, RW, &file), 0);
	while ((result = capos_write(file, offset, block, sizeof(block))) > 0)
		offset += (uint64_t)result;
	expect("it is full", result, STATUS_ENOSPC);
	expect("so says space", capos_dir_space(dir, &space, 0) == 0 && space.bytes == 1 << 20 && space.free_bytes < 65536, true);
	expect("remove it while it is open", capos_remove("/tmp/full", 0), 0);
	expect("it can still be read", capos_read(file, 0, block, 10), 10);
	(void)capos_close(file);
	/* It goes once no CPU can have it in hand any more. */
	for (unsigned i = 0; i < ROUNDS && capos_dir_space(dir, &space, 0) == 0 && space.free_bytes < sizeof(block) + 8192; i++)
		;
	expect("once more", capos_open("/tmp/full", CAPOS_DIR_CREATE, RW, &file), 0);
	expect("there is room again", capos_write(file, 0, block, sizeof(block)), sizeof(block));
	(void)capos_close(file);
	expect("and away", capos_remove("/tmp/full", 0), 0);
}

static void setting(void)
{
	struct capos_dir_stat_result stat;
	const char *rest;
	capos_cap_t dir = capos_path_find("/tmp/f", &rest);

	expect("set", capos_dir_set(dir, rest, 2, 0, 0, -1, 77, 5, 6, 0600, CAPOS_DIR_SET_PERMISSIONS | CAPOS_DIR_SET_ACCESSED | CAPOS_DIR_SET_MODIFIED, 0),
	       0);
	expect("stat", capos_stat("/tmp/f", 0, &stat), 0);
	expect("as they were set", stat.permissions == 0600 && stat.accessed == -1 && stat.accessed_ns == 5 && stat.modified == 77 && stat.modified_ns == 6,
	       true);
	expect("nothing", capos_dir_set(dir, rest, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0), STATUS_EINVAL);
	expect("more than there is", capos_dir_set(dir, rest, 2, 0, 0, 0, 0, 0, 0, 0, 16, 0), STATUS_EINVAL);
	expect("a time that is none", capos_dir_set(dir, rest, 2, 0, 0, 0, 0, 1000000000, 0, 0, CAPOS_DIR_SET_ACCESSED, 0), STATUS_EINVAL);
	expect("the size of a directory", capos_set_size("/tmp", 0), STATUS_EISDIR);
	expect("sync of the directory", capos_dir_sync(dir, 0), 0);
}

void check_contents(void)
{
	reading_and_writing();
	appending();
	setting();
	many_at_once();
	filling();
}
