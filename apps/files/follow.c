// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A log that is kept: follow /log/all /host/log. */
#include "apps/files/files.h"

#include <capos/capos.h>
#include <capos/file.h>

enum { PIECE = 16384, PAUSE_NS = 100000000, PROCESSES_MAX = 65536 };

/* From /sys/rumpk: a line each. */
static bool is_last(void)
{
	char *text;
	int64_t bytes = capos_load("/sys/rumpk/processes", PROCESSES_MAX, &text);
	unsigned lines = 0;

	if (bytes < 0)
		return false;
	for (int64_t i = 0; i < bytes; i++)
		lines += text[i] == '\n';
	free(text);
	return lines <= 1;
}

/* What has come since `*offset`, to the end of the other. */
static int64_t catch_up(capos_cap_t from, capos_cap_t to, uint64_t *offset)
{
	static char piece[PIECE];
	int64_t bytes;

	while ((bytes = capos_file_read(from, *offset, piece, sizeof(piece), 0)) > 0) {
		int64_t written = capos_append(to, piece, (size_t)bytes);

		if (written < bytes)
			return written < 0 ? written : -28;
		*offset += (uint64_t)bytes;
	}
	return bytes;
}

int64_t follow(char **args)
{
	capos_cap_t clock = capos_capset_get("clock");
	uint64_t offset = 0;
	capos_cap_t from, to;
	int64_t result = capos_open(args[0], 0, CAPOS_DIR_RIGHT_READ, &from);

	if (result == 0)
		result = capos_open(args[1], CAPOS_DIR_CREATE | CAPOS_DIR_TRUNCATE | CAPOS_DIR_APPEND, CAPOS_DIR_RIGHT_WRITE, &to);
	while (result >= 0) {
		bool last = is_last();

		result = catch_up(from, to, &offset);
		if (result >= 0)
			result = capos_file_sync(to, 0);
		if (last || result < 0)
			break;
		result = capos_clock_wait_until(clock, (uint64_t)capos_clock_now(clock) + PAUSE_NS, 0);
	}
	return result;
}
