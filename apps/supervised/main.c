// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Supervision. The kernel restarts "shaky", which crashes three times, and tells it how often by RESTARTS in its environment. "steady"
 * runs beside it all the time, and supervises a child of its own by the same rule, with nothing but the capability for the child.
 */
#include <capos/capos.h>
#include <capos/process.h>

enum { CRASHES = 3, STEADY_NS = 100000000, STEP_NS = 5000000, SIGNAL_SEGV = 11, NOWHERE = 8 };
enum { FAILED = 1, WRONG_END = 2, TOO_OFTEN = 3, DISTURBED = 4 };

/* A number in decimal; 0 for NULL. */
static unsigned number_of(const char *text)
{
	unsigned value = 0;

	for (; text && *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (unsigned)(*text - '0');
	return value;
}

/* A write to the page at 0, which is never there. The compiler is not to know. */
static void crash(void)
{
	volatile uint32_t *volatile nowhere = (volatile uint32_t *)NOWHERE;

	*nowhere = 1;
}

static int shaky(void)
{
	unsigned restarts = number_of(capos_environment_get("RESTARTS"));

	if (restarts < CRASHES) {
		(void)capos_print("restarts %u: about to crash", restarts);
		crash();
		return FAILED; /* not reached */
	}
	(void)capos_print("restarts %u: work done", restarts);
	return restarts == CRASHES ? 0 : TOO_OFTEN;
}

static int64_t child_start(unsigned restarts, capos_cap_t *process)
{
	static const char *const args[] = { "shaky", NULL };
	char variable[] = "RESTARTS=0";
	const char *const env[] = { variable, NULL };
	const struct capos_program program = {
		.exec = "supervised", .name = "child", .args = args, .env = env, .memory_bytes = 512 << 10,
	};
	const struct capos_transfer console = {
		.cap = capos_capset_get("console"), .rights = CAPOS_CONSOLE_RIGHT_WRITE, .name = "console",
	};

	variable[sizeof(variable) - 2] = (char)('0' + restarts);
	return capos_process_start(capos_capset_get("processes"), &program, &console, 1, process);
}

/* Starts a child until it does its work. 0: after as many crashes as are due. */
static int supervise(void)
{
	for (unsigned restarts = 0; restarts <= CRASHES; restarts++) {
		struct capos_process_wait_result end = { 0 };
		capos_cap_t process;

		if (child_start(restarts, &process) < 0 || capos_process_wait(process, &end, 0) != 0)
			return FAILED;
		if (capos_capset_drop(capos_capset_get("capset"), process) != 0)
			return FAILED;
		if (end.end == CAPOS_PROCESS_EXITED)
			return end.code == 0 && restarts == CRASHES ? 0 : WRONG_END;
		if (end.code != SIGNAL_SEGV || end.address != NOWHERE)
			return WRONG_END;
		(void)capos_print("child killed by signal %d at address 0x%llx", end.code, (unsigned long long)end.address);
	}
	return TOO_OFTEN;
}

static int steady(void)
{
	capos_cap_t clock = capos_capset_get("clock");
	int64_t begin = capos_clock_now(clock);
	int status = supervise();

	if (status != 0)
		return status;
	for (int64_t at = begin; at < begin + STEADY_NS; at += STEP_NS)
		if (capos_clock_wait_until(clock, (uint64_t)at, 0) != 0)
			return DISTURBED;
	if (capos_environment_get("RESTARTS") && number_of(capos_environment_get("RESTARTS")) != 0)
		return DISTURBED;
	(void)capos_print("the child crashed %d times and did its work; nothing happened to this process", CRASHES);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return FAILED;
	return argv[1][1] == 'h' ? shaky() : steady();
}
