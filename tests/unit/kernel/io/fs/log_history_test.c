// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/log_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { ALL_BYTES = 1 << 20 };

static struct log_history *history;

static void add(const char *line)
{
	log_history_add(history, span_of(line, strlen(line)));
}

static void a_line_goes_to_its_component_and_to_all(void)
{
	char text[256] = "";

	history = calloc(1, sizeof(*history));
	add("net: up");
	add("[app-1] net: hello");
	add("[Rumpk L1] kernel alive");
	add("proc: process 1 started");
	add("nothing: known");
	CU_ASSERT_EQUAL(log_history_read(history, LOG_NET, 0, text, sizeof(text)), 8);
	CU_ASSERT(memcmp(text, "net: up\n", 8) == 0);
	CU_ASSERT_EQUAL(log_history_read(history, LOG_APP, 8, text, sizeof(text)), 11);
	CU_ASSERT(memcmp(text, "net: hello\n", 11) == 0);
	CU_ASSERT_EQUAL(log_history_read(history, LOG_BOOT, 11, text, 5), 5);
	CU_ASSERT(memcmp(text, "kerne", 5) == 0);
	CU_ASSERT_EQUAL(log_history_read(history, LOG_HISTORY_ALL, 0, text, sizeof(text)),
			(int64_t)(8 + 19 + 24 + 24 + 15));
	CU_ASSERT_EQUAL(history->size[LOG_PROC], 24);
	CU_ASSERT_EQUAL(log_history_read(history, LOG_PROC, 24, text, 5), 0);
	CU_ASSERT_EQUAL(log_history_read(history, LOG_MEMORY, 0, text, 5), 0);
	free(history);
}

/* More than there is room for, beside all of it. */
static void what_is_gone_reads_as_zeros_and_the_rest_as_it_was(void)
{
	static char all[ALL_BYTES], got[ALL_BYTES];
	uint64_t size = 0;
	char line[600];

	history = calloc(1, sizeof(*history));
	for (unsigned i = 0; i < 3000; i++) {
		size_t len = (size_t)snprintf(line, sizeof(line), "net: line %u %0*d", i, rand() % 300 + 1, 7);

		add(i % 3 == 0 ? "cap: between" : line);
		if (i % 3 != 0) {
			line[len] = '\n';
			memcpy(all + size, line, len + 1);
			size += len + 1;
		}
	}
	CU_ASSERT_EQUAL_FATAL(history->size[LOG_NET], size);
	CU_ASSERT_EQUAL_FATAL(log_history_read(history, LOG_NET, 0, got, sizeof(got)), (int64_t)size);
	CU_ASSERT(history->kept[LOG_NET] > LOG_HISTORY_BYTES / 2 && history->kept[LOG_NET] < LOG_HISTORY_BYTES);
	for (uint64_t i = 0; i < size - history->kept[LOG_NET]; i++)
		CU_ASSERT_FATAL(got[i] == 0);
	CU_ASSERT(memcmp(got + size - history->kept[LOG_NET], all + size - history->kept[LOG_NET], history->kept[LOG_NET]) == 0);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t offset = (uint64_t)rand() % size;
		int64_t bytes = log_history_read(history, LOG_NET, offset, line, sizeof(line));

		CU_ASSERT(bytes > 0 && memcmp(line, got + offset, (size_t)bytes) == 0);
	}
	free(history);
}

static void long_lines_are_cut(void)
{
	static char line[10000], got[10000];

	history = calloc(1, sizeof(*history));
	memset(line, 'x', sizeof(line));
	for (unsigned i = 0; i < 100; i++)
		log_history_add(history, span_of(line, sizeof(line)));
	CU_ASSERT_EQUAL(history->size[LOG_BOOT], 100 * 4001);
	CU_ASSERT_EQUAL(log_history_read(history, LOG_BOOT, 99 * 4001, got, sizeof(got)), 4001);
	CU_ASSERT(got[3999] == 'x' && got[4000] == '\n');
	free(history);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_line_goes_to_its_component_and_to_all),
	UNIT_CASE(what_is_gone_reads_as_zeros_and_the_rest_as_it_was),
	UNIT_CASE(long_lines_are_cut),
};

UNIT_MAIN("kernel/io/fs/log_history", cases)
