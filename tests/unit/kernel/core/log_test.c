// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The log's ring: lines of every length come out as they went in and in order, make room for each other, and can be read again while they still lie there. */
#include "tests/unit/machine.h"

#include "kernel/core/log.c"

enum { LINES_MAX = 512, TEXT_MAX = LOG_LINE_MAX };

static char taken[TEXT_MAX + 1];
static char replayed[LINES_MAX][24];
static unsigned replayed_count, wakes, rooms;

void console_wake(void)
{
	wakes++;
}

static bool take(void)
{
	bool as_it_stands;
	size_t len;

	if (!log_take(taken, &len, &as_it_stands))
		return false;
	taken[len] = '\0';
	return true;
}

void console_make_room(void)
{
	rooms++;
	CU_ASSERT_TRUE(take());
}

void panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

static void note(const char *line, size_t len)
{
	CU_ASSERT_FATAL(replayed_count < LINES_MAX);
	snprintf(replayed[replayed_count++], sizeof(replayed[0]), "%.*s", (int)len, line);
}

static void replay(void)
{
	replayed_count = 0;
	log_replay(note);
}

static void begin(const char *command_line)
{
	memset(slots, 0, sizeof(slots));
	memset((void *)batch_ends, 0, sizeof(batch_ends));
	ring = (struct disruptor)DISRUPTOR_MANY_INIT(slots, SLOT_BYTES, SLOTS, batch_ends, reader);
	reader = (struct disruptor_consumer)DISRUPTOR_READER_INIT(ring);
	log_init(span_of(command_line, strlen(command_line)));
	wakes = rooms = 0;
}

static void lines_come_out_as_they_went_in(void)
{
	static char text[TEXT_MAX];

	begin("");
	CU_ASSERT_TRUE(log_is_empty());
	for (size_t len = 0; len <= TEXT_MAX; len += len < 200 ? 1 : 51) {
		bool as_it_stands = true;
		size_t got = 0;

		memset(text, 'a' + (int)(len % 26), len);
		log_text(text, len);
		CU_ASSERT_FALSE(log_is_empty());
		CU_ASSERT_TRUE(log_take(taken, &got, &as_it_stands));
		CU_ASSERT(got == len && memcmp(taken, text, len) == 0 && !as_it_stands);
		CU_ASSERT_TRUE(log_is_empty());
	}
	CU_ASSERT_FALSE(take());
	CU_ASSERT_EQUAL(rooms, 0);
}

static void bytes_are_cut_and_stand_as_they_are(void)
{
	static char text[TEXT_MAX + 5];
	bool as_it_stands = false;
	size_t len = 0;

	begin("");
	memset(text, 'x', sizeof(text));
	log_bytes(text, sizeof(text));
	CU_ASSERT(log_take(taken, &len, &as_it_stands) && len == TEXT_MAX && as_it_stands);
	CU_ASSERT(log_take(taken, &len, &as_it_stands) && len == 5 && as_it_stands);
	CU_ASSERT_FALSE(take());
	log_bytes(text, 0);
	CU_ASSERT_FALSE(take());
	log_text(text, sizeof(text));
	CU_ASSERT(log_take(taken, &len, &as_it_stands) && len == TEXT_MAX && !as_it_stands);
	CU_ASSERT_EQUAL(wakes, 3);
}

static void a_full_ring_waits_for_room(void)
{
	begin("");
	for (unsigned i = 0; i < SLOTS; i++)
		log_text("one", 3);
	CU_ASSERT_EQUAL(rooms, 0);
	log_text("two", 3);
	CU_ASSERT_EQUAL(rooms, 1);
}

static void only_lines_of_a_level_that_passes_are_printed_and_long_ones_are_cut(void)
{
	static char text[2 * TEXT_MAX];

	begin("log=info,memory=error");
	log_print(LOG_SCHED, LOG_INFO, "number %d", 7);
	CU_ASSERT_TRUE(take());
	CU_ASSERT_STRING_EQUAL(taken, "sched: number 7");
	log_print(LOG_SCHED, LOG_DEBUG, "no");
	log_print(LOG_MEMORY, LOG_WARN, "no");
	CU_ASSERT_FALSE(take());
	memset(text, 'x', sizeof(text) - 1);
	log_line("%s", text);
	CU_ASSERT_TRUE(take());
	CU_ASSERT_EQUAL(strlen(taken), TEXT_MAX - 1);
	CU_ASSERT_STRING_EQUAL(taken + TEXT_MAX - 5, "x...");
	text[TEXT_MAX - 1] = '\0'; /* fits to the last byte */
	log_line("%s", text);
	CU_ASSERT_TRUE(take());
	CU_ASSERT_STRING_EQUAL(taken, text);
	begin("log=loud");
	CU_ASSERT_TRUE(take());
	CU_ASSERT_NOT_EQUAL(strstr(taken, "log: log=: 'loud' names no level or component; known: "), NULL);
}

static void what_was_taken_can_be_read_again_from_the_oldest_that_lies_there(void)
{
	char line[100];

	begin("");
	replay();
	CU_ASSERT_EQUAL(replayed_count, 0);
	log_text("first", 5);
	CU_ASSERT_TRUE(take());
	log_text("waits", 5);
	replay();
	CU_ASSERT_EQUAL(replayed_count, 1);
	CU_ASSERT_STRING_EQUAL(replayed[0], "first");
	CU_ASSERT_TRUE(take());
	/* Lines of two slots, so that the ring begins in the middle of one after an odd number. */
	for (unsigned i = 0; i < 300; i++) {
		memset(line, ' ', sizeof(line));
		snprintf(line, sizeof(line), "line %u ", i);
		log_text(line, sizeof(line));
		CU_ASSERT_TRUE(take());
	}
	log_text("last", 4);
	CU_ASSERT_TRUE(take());
	replay();
	CU_ASSERT_EQUAL(replayed_count, 128); /* 127 of two slots and a half, whose beginning is gone, and one */
	CU_ASSERT_EQUAL(strncmp(replayed[0], "line 173 ", 9), 0);
	CU_ASSERT_EQUAL(strncmp(replayed[126], "line 299 ", 9), 0);
	CU_ASSERT_STRING_EQUAL(replayed[127], "last");
}

static const struct unit_case cases[] = {
	UNIT_CASE(lines_come_out_as_they_went_in),
	UNIT_CASE(bytes_are_cut_and_stand_as_they_are),
	UNIT_CASE(a_full_ring_waits_for_room),
	UNIT_CASE(only_lines_of_a_level_that_passes_are_printed_and_long_ones_are_cut),
	UNIT_CASE(what_was_taken_can_be_read_again_from_the_oldest_that_lies_there),
};

UNIT_MAIN("kernel/core/log", cases)
