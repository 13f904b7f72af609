// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Reads what is typed, and says what it got. Lines that mean something: `slow`, nothing is read for half a second; `both`, from now on two threads
 * read, and no lines are looked for: each ends, with its count of bytes and their sum, at a byte of zero.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <capos/capos.h>
#include <capos/thread.h>

#define PAUSE_NS 500000000u
#define SHORT_NS 1000000u
#define AGAIN_NS 100000000u
#define TIMED_OUT -110 /* -ETIMEDOUT */

struct got {
	uint32_t bytes, sum; /* the sum does not tell their order; of lines, `order` does */
	uint32_t order;
	char begin[8];
};

static capos_cap_t console;

static void take(struct got *got, uint8_t byte)
{
	if (got->bytes < sizeof(got->begin) - 1)
		got->begin[got->bytes] = (char)byte;
	got->bytes++;
	got->sum += byte;
	got->order = got->order * 31 + byte;
}

static int64_t read_some(uint8_t *bytes, size_t room, uint64_t timeout_ns)
{
	return capos_console_read(console, bytes, room, timeout_ns);
}

static int count(void *arg)
{
	uint8_t bytes[100];
	struct got got = { 0 };
	int64_t some;

	while ((some = read_some(bytes, sizeof(bytes), 0)) > 0) {
		for (int64_t i = 0; i < some; i++)
			if (bytes[i] != 0)
				take(&got, bytes[i]);
		if (bytes[some - 1] == 0)
			break;
	}
	(void)capos_print("reader %u: %u bytes, sum %u", *(unsigned *)arg, got.bytes, got.sum);
	return 0;
}

static int both(void)
{
	unsigned numbers[] = { 1, 2 };
	struct capos_thread other;

	if (capos_thread_create(&other, NULL, count, &numbers[1]) != 0)
		return 2;
	(void)capos_print("two read");
	(void)count(&numbers[0]);
	return capos_thread_join(&other, NULL) == 0 ? 0 : 3;
}

static void pause_long(void)
{
	capos_cap_t clock = capos_capset_get("clock");

	(void)capos_clock_wait_until(clock, (uint64_t)capos_clock_now(clock) + PAUSE_NS, 0);
}

/* Whether two threads are to read. */
static bool line_end(struct got *got)
{
	bool last = strcmp(got->begin, "both") == 0;

	(void)capos_print("line of %u bytes, %u", got->bytes, got->order);
	if (strcmp(got->begin, "slow") == 0)
		pause_long();
	*got = (struct got){ 0 };
	return last;
}

int main(void)
{
	static uint8_t bytes[CAPOS_CONSOLE_BYTES_MAX];
	struct got got = { 0 };
	int64_t some;

	console = capos_capset_get("console");
	if (read_some(bytes, sizeof(bytes), SHORT_NS) != TIMED_OUT || read_some(bytes, 0, 0) != 0)
		return 1;
	do
		(void)capos_print("reads"); /* until it is heard: what comes out of a device before its other end is open is lost */
	while ((some = read_some(bytes, sizeof(bytes), AGAIN_NS)) == TIMED_OUT);
	for (; some > 0; some = read_some(bytes, sizeof(bytes), 0))
		for (int64_t i = 0; i < some; i++) {
			if (bytes[i] != '\n')
				take(&got, bytes[i]);
			else if (line_end(&got))
				return both();
		}
	return 4;
}
