// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * How fast a file system is: bench seqwrite|seqread|randwrite|randread|syncwrite PATH [BYTES], bench smallfiles PATH [COUNT]. Reads and writes in
 * sequence are of 256 KiB, four under way at once; at random of 4 KiB, and sixteen; writes that are synced, each by itself, of 4 KiB. One line a
 * figure.
 */
#include "apps/files/files.h"

#include <string.h>

#include <capos/capos.h>
#include <capos/file.h>

enum {
	FILE_BYTES = 4 << 20,
	SEQUENTIAL_BYTES = 256 << 10,
	SEQUENTIAL_DEPTH = 4,
	RANDOM_BYTES = 4096,
	RANDOM_DEPTH = 16,
	RANDOM_COUNT = 2000,
	SYNC_COUNT = 200,
	SMALL_COUNT = 500,
	DEPTH_MAX = 16,
};

struct slot {
	struct capos_operation operation;
	union {
		struct capos_file_read read;
		struct capos_file_write write;
	} params;
	uint8_t *buffer;
	uint64_t bytes;
	bool busy;
};

/* What is done to a file: `count` transfers of `bytes`. */
struct work {
	capos_cap_t file;
	uint64_t file_bytes;
	uint64_t bytes;
	uint64_t count;
	unsigned depth;
	bool write;
	bool random;
};

static struct slot slots[DEPTH_MAX];
static uint64_t random_state = 88172645463325252ull;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t now_ns(void)
{
	return (uint64_t)capos_clock_now(capos_capset_get("clock"));
}

static void begin(const struct work *work, struct slot *slot, uint64_t index)
{
	uint64_t places = work->file_bytes / work->bytes;
	uint64_t offset = (work->random ? random_next() % places : index % places) * work->bytes;
	struct capos_submission submission;

	slot->busy = true;
	slot->bytes = work->bytes;
	if (work->write) {
		slot->params.write = (struct capos_file_write){ .data = (uint64_t)slot->buffer, .bytes = work->bytes, .offset = offset };
		submission = capos_file_write_submission(work->file, &slot->params.write, 0);
	} else {
		slot->params.read = (struct capos_file_read){ .offset = offset };
		submission = capos_file_read_submission(work->file, &slot->params.read, slot->buffer, work->bytes, 0);
	}
	(void)capos_submit(&submission, &slot->operation);
}

static int64_t end(struct slot *slot)
{
	int64_t result = capos_operation_wait(&slot->operation, CAPOS_WAIT_FOREVER);

	slot->busy = false;
	if (result == 0)
		result = slot->operation.result;
	return result < 0 || (uint64_t)result == slot->bytes ? result : -28;
}

/* All of it, `depth` at a time. */
static int64_t work_run(const struct work *work)
{
	int64_t result = 0;

	for (uint64_t i = 0; i < work->count && result >= 0; i++) {
		struct slot *slot = &slots[i % work->depth];

		if (slot->busy)
			result = end(slot);
		if (result >= 0)
			begin(work, slot, i);
	}
	for (unsigned i = 0; i < work->depth; i++) {
		if (slots[i].busy) {
			int64_t last = end(&slots[i]);

			result = last < 0 ? last : result;
		}
	}
	return result < 0 ? result : work->write ? capos_file_sync(work->file, 0) : 0;
}

static bool buffers_make(const struct work *work)
{
	for (unsigned i = 0; i < work->depth; i++) {
		slots[i].buffer = malloc(work->bytes);
		if (slots[i].buffer == NULL)
			return false;
		memset(slots[i].buffer, (int)(i + 1), work->bytes);
	}
	return true;
}

static int transfers(const char *what, const char *path, uint64_t file_bytes)
{
	struct work work = {
		.random = what[0] == 'r',
		.write = strcmp(what, "seqwrite") == 0 || strcmp(what, "randwrite") == 0,
		.file_bytes = file_bytes,
	};
	uint32_t flags = work.write ? CAPOS_DIR_CREATE : 0;
	uint64_t ns;
	int64_t result = capos_open(path, flags, work.write ? CAPOS_DIR_RIGHT_WRITE : CAPOS_DIR_RIGHT_READ, &work.file);

	work.bytes = work.random ? RANDOM_BYTES : SEQUENTIAL_BYTES;
	work.depth = work.random ? RANDOM_DEPTH : SEQUENTIAL_DEPTH;
	work.count = work.random ? RANDOM_COUNT : file_bytes / SEQUENTIAL_BYTES;
	if (result < 0 || work.count == 0 || !buffers_make(&work))
		return complain(what, path, result < 0 ? result : -22) ? 1 : 0;
	ns = now_ns();
	result = work_run(&work);
	ns = now_ns() - ns;
	if (result < 0)
		return complain(what, path, result) ? 1 : 0;
	if (work.random)
		(void)capos_print("%s %llu ops/s", what, (unsigned long long)(work.count * 1000000000 / ns));
	else
		(void)capos_print("%s %llu KiB/s", what, (unsigned long long)(work.count * work.bytes * 1000000 / 1024 * 1000 / ns));
	return 0;
}

/* Each is on the disk before the next. */
static int synced_writes(const char *path)
{
	static const uint8_t data[RANDOM_BYTES] = { 1 };
	capos_cap_t file;
	uint64_t ns = now_ns();
	int64_t result = capos_open(path, CAPOS_DIR_CREATE, CAPOS_DIR_RIGHT_WRITE, &file);

	for (uint64_t i = 0; i < SYNC_COUNT && result >= 0; i++) {
		result = capos_write(file, i * RANDOM_BYTES, data, RANDOM_BYTES);
		if (result >= 0)
			result = capos_file_sync(file, 0);
	}
	ns = now_ns() - ns;
	if (result < 0)
		return complain("syncwrite", path, result) ? 1 : 0;
	(void)capos_print("syncwrite %llu ops/s", (unsigned long long)(SYNC_COUNT * 1000000000ull / ns));
	return 0;
}

static void number_append(char *text, uint64_t number)
{
	char digits[20];
	size_t at = strlen(text);
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (count > 0)
		text[at++] = digits[--count];
	text[at] = '\0';
}

static int64_t small_create(const char *path)
{
	static const char line[] = "a small file\n";
	capos_cap_t file;
	int64_t result = capos_open(path, CAPOS_DIR_CREATE | CAPOS_DIR_EXCLUSIVE, CAPOS_DIR_RIGHT_WRITE, &file);

	if (result < 0)
		return result;
	result = capos_write(file, 0, line, sizeof(line) - 1);
	(void)capos_close(file);
	return result;
}

static int64_t small_stat(const char *path)
{
	struct capos_dir_stat_result found;

	return capos_stat(path, 0, &found);
}

static int64_t small_remove(const char *path)
{
	return capos_remove(path, 0);
}

static int small_files(const char *directory, uint64_t count)
{
	static const struct {
		const char *name;
		int64_t (*run)(const char *path);
	} steps[] = { { "create", small_create }, { "stat", small_stat }, { "unlink", small_remove } };
	char path[256];

	for (unsigned step = 0; step < 3; step++) {
		uint64_t ns = now_ns();

		for (uint64_t i = 0; i < count; i++) {
			int64_t result;

			strcpy(path, directory);
			strcpy(path + strlen(path), "/small-");
			number_append(path, i);
			result = steps[step].run(path);
			if (result < 0)
				return complain(steps[step].name, path, result) ? 1 : 0;
		}
		ns = now_ns() - ns;
		(void)capos_print("%s %llu ops/s", steps[step].name, (unsigned long long)(count * 1000000000 / ns));
	}
	return 0;
}

int bench(int argc, char **argv)
{
	uint64_t number = argc > 2 ? number_of(argv[2]) : 0;

	if (argc < 2 || strlen(argv[1]) > 200)
		return 2;
	if (strcmp(argv[0], "smallfiles") == 0)
		return small_files(argv[1], number > 0 ? number : SMALL_COUNT);
	if (strcmp(argv[0], "syncwrite") == 0)
		return synced_writes(argv[1]);
	return transfers(argv[0], argv[1], number > 0 ? number : FILE_BYTES);
}

/* COUNT files in a directory, each holding its number: made, listed, every name once, read, removed. */
int many(int argc, char **argv)
{
	static uint64_t buffer[1024];
	struct capos_listing listing;
	const struct capos_dir_entry *entry;
	uint64_t count = argc > 1 ? number_of(argv[1]) : 0;
	uint64_t seen = 0;
	capos_cap_t dir;
	char path[256];

	if (count == 0 || strlen(argv[0]) > 200)
		return 2;
	for (uint64_t i = 0; i < count; i++) {
		int64_t result;

		strcpy(path, argv[0]);
		strcpy(path + strlen(path), "/f");
		number_append(path, i);
		result = small_create(path);
		if (result < 0)
			return complain("create", path, result) ? 1 : 0;
	}
	if (capos_open(argv[0], CAPOS_DIR_DIRECTORY, CAPOS_DIR_RIGHT_LIST, &dir) < 0)
		return 1;
	capos_list_begin(&listing, dir, buffer, sizeof(buffer));
	while (capos_list_next(&listing, &entry) > 0)
		seen += entry->name[0] == 'f';
	(void)capos_close(dir);
	(void)capos_print("made %llu, listed %llu", (unsigned long long)count, (unsigned long long)seen);
	for (uint64_t i = 0; i < count; i++) {
		strcpy(path, argv[0]);
		strcpy(path + strlen(path), "/f");
		number_append(path, i);
		if (capos_remove(path, 0) < 0)
			return 1;
	}
	return seen == count ? 0 : 1;
}
