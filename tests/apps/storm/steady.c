// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The well-behaved process: it starts the storms, starts each anew that has ended, and meanwhile has something to do every few
 * milliseconds, which it must get done.
 */
#include "tests/apps/storm/storm.h"

#include <capos/process.h>

#include "lib/string.h"

enum { STORMS = 3, PERIOD_NS = 5000000, STORM_MEMORY = 3 << 20, STORM_THREADS = 8, RESTARTS_MAX = 20000 };
enum { FAILED = 1, TOO_SLOW = 2, BROKEN = 3 };

struct slot {
	capos_cap_t process;
	struct capos_operation ended;
	struct capos_process_wait_result end;
};

static struct slot slots[STORMS];
static unsigned started;
static unsigned killed;
static int broken;

/* What a storm has of this process's own, where it is there. */
static const char *const handed_over[] = { "clock", "entropy", "processes", "channels", "/tmp", "/app", "/host", "/data", "/sys/rumpk" };

static uint32_t hand_over(struct capos_transfer *transfers)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < sizeof(handed_over) / sizeof(handed_over[0]); i++) {
		capos_cap_t cap = capos_capset_get(handed_over[i]);

		if (cap == CAPOS_CAP_NONE)
			continue;
		transfers[count] = (struct capos_transfer){ .cap = cap, .rights = UINT32_MAX };
		strcpy(transfers[count++].name, handed_over[i]);
	}
	return count;
}

static int64_t storm_start(struct slot *slot, const char *name, uint64_t seed, uint64_t end_ns)
{
	char seed_text[21];
	char end_text[21];
	const char *const args[] = { seed_text, end_text, name, NULL };
	const struct capos_program program = {
		.exec = "storm", .name = "storm", .args = args, .memory_bytes = STORM_MEMORY, .threads = STORM_THREADS,
	};
	struct capos_transfer transfers[sizeof(handed_over) / sizeof(handed_over[0])];
	int64_t status;

	number_to(seed_text, seed);
	number_to(end_text, end_ns);
	status = capos_process_start(capos_capset_get("processes"), &program, transfers, hand_over(transfers), &slot->process);
	if (status < 0)
		return status;

	struct capos_submission wait = capos_process_wait_submission(slot->process, &slot->end, 0);

	started++;
	return capos_submit(&wait, &slot->ended);
}

/* After a storm's process has ended. */
static void storm_ended(struct slot *slot)
{
	if (slot->ended.result != 0)
		broken = (int)-slot->ended.result;
	else if (slot->end.end == CAPOS_PROCESS_KILLED)
		killed++;
	else if (slot->end.code >= EXIT_BROKEN)
		broken = slot->end.code;
	(void)capos_capset_drop(capos_capset_get("capset"), slot->process);
	slot->process = CAPOS_CAP_NONE;
}

/* Something to do, which takes memory as well. False: it could not be done. */
static bool work(uint64_t *state)
{
	unsigned char *memory = malloc(20000);
	unsigned char byte = (unsigned char)draw(state);
	bool is_good = memory != NULL;

	for (unsigned i = 0; is_good && i < 20000; i += 100)
		memory[i] = byte;
	for (unsigned i = 0; is_good && i < 20000; i += 100)
		is_good = memory[i] == byte;
	free(memory);
	return is_good;
}

static int storms_end(void)
{
	for (unsigned i = 0; i < STORMS; i++) {
		if (slots[i].process == CAPOS_CAP_NONE)
			continue;
		(void)capos_process_kill(slots[i].process);
		if (capos_operation_wait(&slots[i].ended, CAPOS_WAIT_FOREVER) != 0)
			return FAILED;
		storm_ended(&slots[i]);
	}
	return 0;
}

/* Starts what is not running; how many more may be started at all bounds what the console says of them. */
static void storms_start(const char *name, uint64_t *seed, uint64_t end_ns)
{
	(void)capos_enter();
	for (unsigned i = 0; i < STORMS; i++) {
		if (slots[i].process != CAPOS_CAP_NONE && capos_operation_is_done(&slots[i].ended))
			storm_ended(&slots[i]);
		if (slots[i].process == CAPOS_CAP_NONE && started < RESTARTS_MAX)
			(void)storm_start(&slots[i], name, (*seed)++, end_ns);
	}
}

int steady(const char *name, uint64_t seed, uint64_t milliseconds, uint64_t percent)
{
	capos_cap_t clock = capos_capset_get("clock");
	uint64_t begin = now_ns();
	uint64_t end = begin + milliseconds * 1000000;
	uint64_t done = 0;

	seed *= 1000000;
	for (uint64_t now = begin; now < end; now = now_ns(), done++) {
		storms_start(name, &seed, end);
		if (!work(&seed) || capos_clock_wait_until(clock, now + PERIOD_NS, 0) != 0)
			return FAILED;
	}
	if (storms_end() != 0)
		return FAILED;
	(void)capos_print("storm %s: %llu of %llu turns, %u processes, %u of them ended by the kernel", name, (unsigned long long)done,
			  (unsigned long long)(milliseconds * 1000000 / PERIOD_NS), started, killed);
	if (broken != 0)
		(void)capos_print("storm %s: BROKEN %d", name, broken);
	if (broken != 0)
		return BROKEN;
	return done * 100 >= milliseconds * 1000000 / PERIOD_NS * percent ? 0 : TOO_SLOW;
}
