// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Writes to /data until its machine is killed, and says on the console what is safe: `synced N`. Round N replaces the file `record-<N % FILES>` whole, by a new one
 * that is renamed over it; adds a line to `log`; makes and removes a directory and a link. tests/soak/volume.py knows what must be there after it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <capos/capos.h>
#include <capos/file.h>

enum { FILES = 12, BYTES_MAX = 200000, LINE = 16, LOG_LINES = 20000 };

static uint8_t content[BYTES_MAX];

/* Sizes from nothing to many blocks, as tests/soak/volume.py has them. */
static size_t content_bytes(uint32_t round)
{
	return round % 7 == 0 ? (size_t)(round * 7919u % BYTES_MAX) : (size_t)(round * 613u % 9000u);
}

/* Words of a generator that the round begins: what is wrong anywhere in it is seen. */
static void content_fill(uint32_t round, size_t bytes)
{
	uint32_t state = round * 2654435761u + 1;

	for (size_t i = 0; i < bytes; i++) {
		if (i % 4 == 0)
			state = state * 1664525u + 1013904223u;
		content[i] = (uint8_t)(state >> (8 * (i % 4)));
	}
}

static void name_make(char *name, const char *prefix, uint32_t number)
{
	char digits[11];
	unsigned at = sizeof(digits) - 1;

	digits[at] = '\0';
	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	strcpy(name, prefix);
	strcpy(name + strlen(prefix), digits + at);
}

static bool file_write_whole(const char *path, const void *data, size_t bytes, const void *more, size_t more_bytes)
{
	capos_cap_t file;

	if (capos_open(path, CAPOS_DIR_CREATE | CAPOS_DIR_TRUNCATE, CAPOS_DIR_RIGHTS_ALL, &file) < 0)
		return false;
	bool good = capos_append(file, data, bytes) == (int64_t)bytes && capos_append(file, more, more_bytes) == (int64_t)more_bytes;

	(void)capos_close(file);
	return good;
}

static bool log_add(capos_cap_t log, uint32_t round)
{
	char line[LINE + 1] = "               \n";
	char number[24];

	name_make(number, "", round);
	memcpy(line, number, strlen(number));
	return capos_append(log, line, LINE) == LINE;
}

static bool round_do(uint32_t round, capos_cap_t log)
{
	size_t bytes = content_bytes(round);
	char name[40];

	content_fill(round, bytes);
	if (!file_write_whole("/data/new", content, bytes, &round, sizeof(round)))
		return false;
	name_make(name, "/data/record-", round % FILES);
	if (capos_rename("/data/new", name, 0) < 0 || !log_add(log, round))
		return false;
	name_make(name, "/data/directory-", round);
	if (capos_make_dir(name) < 0)
		return false;
	if (round > 0) {
		name_make(name, "/data/directory-", round - 1);
		if (capos_remove(name, CAPOS_DIR_DIRECTORY) < 0)
			return false;
	}
	return capos_file_sync(log, 0) == 0;
}

/* Where the rounds before ended: a killed machine's volume goes on. */
static uint32_t first_round(capos_cap_t log)
{
	struct capos_dir_stat_result stat;
	char line[LINE] = "";
	uint32_t round = 0;

	if (capos_stat("/data/log", 0, &stat) < 0 || stat.size < LINE || stat.size % LINE != 0)
		return 0;
	if (capos_read(log, stat.size - LINE, line, LINE) != LINE)
		return 0;
	for (unsigned i = 0; i < LINE && line[i] >= '0' && line[i] <= '9'; i++)
		round = round * 10 + (uint32_t)(line[i] - '0');
	return round + 1;
}

int main(void)
{
	capos_cap_t log;
	uint32_t first;

	if (capos_open("/data/log", CAPOS_DIR_CREATE, CAPOS_DIR_RIGHTS_ALL, &log) < 0)
		return 1;
	first = first_round(log);
	for (uint32_t round = first; round < first + LOG_LINES; round++) {
		if (!round_do(round, log))
			return 2;
		(void)capos_print("synced %u", round);
	}
	return 0;
}
