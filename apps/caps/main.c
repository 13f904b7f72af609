// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Tries what it was not given. Each attempt must be refused with the error that the interface's definition says; what it was given
 * works before and after.
 */
#include <capos/capos.h>
#include <capos/process.h>

enum {
	ERROR_PERM = -1,
	ERROR_NOENT = -2,
	ERROR_BADF = -9,
	ERROR_ACCES = -13,
	ERROR_INVAL = -22,
	ERROR_NOSYS = -38,
	ERROR_MSGSIZE = -90,
	ERROR_TIMEDOUT = -110,
};
enum { EXIT_SERVED = 3 };

static unsigned wrong;

/* Says what came of an attempt; anything but what was due counts as wrong. */
static void expect(const char *attempt, int64_t result, int64_t due)
{
	if (result != due)
		wrong++;
	(void)capos_print("%s: %lld%s", attempt, (long long)result, result == due ? "" : " is WRONG");
}

static void not_given(capos_cap_t console)
{
	char byte;

	expect("no name, no capability", capos_capset_get("entropy"), CAPOS_CAP_NONE);
	expect("capability 0", capos_entropy_fill(CAPOS_CAP_NONE, &byte, 1), ERROR_BADF);
	expect("a number made up", capos_entropy_fill(0xdeadbeef, &byte, 1), ERROR_BADF);
	expect("the next slot's number", capos_console_write_line(console + 1000, "x", 1), ERROR_BADF);
}

static int64_t submit_with_flags(uint16_t flags)
{
	struct capos_submission submission = capos_ring_nop_submission(capos_capset_get("ring"));
	struct capos_operation operation;
	int64_t status;

	submission.flags = flags;
	status = capos_submit(&submission, &operation);
	if (status == 0)
		status = capos_operation_wait(&operation, CAPOS_WAIT_FOREVER);
	return status == 0 ? operation.result : status;
}

static void not_allowed(capos_cap_t console, capos_cap_t clock)
{
	static const char line[CAPOS_CONSOLE_LINE_MAX + 1];

	expect("clock, to wait with read alone", capos_clock_wait_until(clock, 1, 0), ERROR_ACCES);
	expect("console, method 99", capos_cap_call(console, 99, NULL, 0, NULL, 0), ERROR_NOSYS);
	expect("console, method 0", capos_cap_call(console, 0, NULL, 0, NULL, 0), ERROR_NOSYS);
	expect("a line too long", capos_console_write_line(console, line, sizeof(line)), ERROR_MSGSIZE);
	expect("parameters too short", capos_cap_call(capos_capset_get("memory"), CAPOS_MEMORY_MAP, "", 1, NULL, 0), ERROR_INVAL);
	expect("a flag that means nothing", submit_with_flags(0x8000), ERROR_INVAL);
}

/* Rights only shrink, and a dropped one stays dropped, whoever has its slot. */
static void shrinking(capos_cap_t capset, capos_cap_t console)
{
	capos_cap_t shrunken;
	capos_cap_t grown;
	capos_cap_t next;

	expect("a copy without rights", capos_capset_copy(capset, console, 0, &shrunken), 0);
	expect("the copy, to write", capos_console_write_line(shrunken, "x", 1), ERROR_ACCES);
	expect("a copy of the copy, all rights", capos_capset_copy(capset, shrunken, UINT32_MAX, &grown), 0);
	expect("that one, to write", capos_console_write_line(grown, "x", 1), ERROR_ACCES);
	expect("drop", capos_capset_drop(capset, grown), 0);
	expect("drop once more", capos_capset_drop(capset, grown), ERROR_BADF);
	expect("another in its place", capos_capset_copy(capset, console, UINT32_MAX, &next), 0);
	expect("the dropped one, whose slot lives again", capos_console_write_line(grown, "x", 1), ERROR_BADF);
	expect("the new one", capos_console_write_line(next, "the new one writes", 18), 0);
	expect("drop", capos_capset_drop(capset, next), 0);
	expect("drop", capos_capset_drop(capset, shrunken), 0);
}

static void revoking(capos_cap_t capset, capos_cap_t console)
{
	capos_cap_t child;
	capos_cap_t grandchild;

	expect("a copy", capos_capset_copy(capset, console, UINT32_MAX, &child), 0);
	expect("a copy of the copy", capos_capset_copy(capset, child, UINT32_MAX, &grandchild), 0);
	expect("both write", capos_console_write_line(grandchild, "the copy's copy writes", 22), 0);
	expect("revoke: how many went", capos_capset_revoke(capset, console), 2);
	expect("the copy", capos_console_write_line(child, "x", 1), ERROR_BADF);
	expect("the copy's copy", capos_console_write_line(grandchild, "x", 1), ERROR_BADF);
	expect("the first one", capos_console_write_line(console, "the first one still writes", 26), 0);
}

/* Capabilities are put into a queue all or none. */
static void handing_over(capos_cap_t console)
{
	struct capos_channel_take_result taken;
	capos_cap_t channel = CAPOS_CAP_NONE;
	capos_cap_t got = CAPOS_CAP_NONE;

	expect("a channel", capos_channels_create(capos_capset_get("channels"), 4096, &channel), 0);

	const struct capos_transfer transfers[] = {
		{ .cap = console, .rights = UINT32_MAX, .name = "first" },
		{ .cap = channel, .rights = UINT32_MAX, .name = "channel" },
	};

	expect("one given, and the channel itself", capos_channel_give(channel, transfers, 2), ERROR_PERM);
	expect("what came of it", capos_channel_take(channel, &taken, 1000000, &got), ERROR_TIMEDOUT);
	expect("one given", capos_channel_give(channel, transfers, 1), 0);
	expect("taken", capos_channel_take(channel, &taken, 1000000, &got), 0);
	expect("the taken one, to write", capos_console_write_line(got, "the taken one writes", 20), 0);
}

/* A process gets no more than its parent had and gave. */
static void spawning(capos_cap_t console)
{
	static const char *const args[] = { "child", NULL };
	const struct capos_program program = { .exec = "caps", .name = "child", .args = args };
	const struct capos_program absent = { .exec = "no-such-program" };
	const struct capos_program unprintable = { .exec = "ca\nps", .name = "child" };
	const struct capos_program forging = { .exec = "caps", .name = "a\nb" };
	const struct capos_transfer transfers[] = {
		{ .cap = console, .rights = UINT32_MAX, .name = "console" },
		{ .cap = capos_capset_get("clock"), .rights = UINT32_MAX, .name = "clock" },
	};
	const struct capos_transfer forged = { .cap = 0xdeadbeef, .rights = UINT32_MAX, .name = "console" };
	capos_cap_t processes = capos_capset_get("processes");
	struct capos_process_wait_result end = { 0 };
	capos_cap_t process = CAPOS_CAP_NONE;

	expect("spawn of what the bundle has not", capos_process_start(processes, &absent, NULL, 0, &process), ERROR_NOENT);
	expect("spawn of a name that would forge lines", capos_process_start(processes, &unprintable, NULL, 0, &process), ERROR_INVAL);
	expect("spawn under such a name", capos_process_start(processes, &forging, NULL, 0, &process), ERROR_INVAL);
	expect("spawn with a forged capability", capos_process_start(processes, &program, &forged, 1, &process), ERROR_BADF);
	expect("spawn", capos_process_start(processes, &program, transfers, 2, &process) > 0, 1);
	expect("its end", capos_process_wait(process, &end, 0), 0);
	expect("its code", end.end == CAPOS_PROCESS_EXITED ? end.code : -1, EXIT_SERVED);
}

/* What the child finds: what it was given, with the parent's rights at most. */
static int child(void)
{
	if (capos_clock_now(capos_capset_get("clock")) <= 0)
		return 1;
	expect("child: clock, to wait", capos_clock_wait_until(capos_capset_get("clock"), 1, 0), ERROR_ACCES);
	expect("child: processes", capos_capset_get("processes"), CAPOS_CAP_NONE);
	return wrong ? 1 : EXIT_SERVED;
}

int main(int argc, char **argv)
{
	capos_cap_t capset = capos_capset_get("capset");
	capos_cap_t console = capos_capset_get("console");

	(void)argv;
	if (argc > 1)
		return child();
	not_given(console);
	not_allowed(console, capos_capset_get("clock"));
	shrinking(capset, console);
	revoking(capset, console);
	handing_over(console);
	spawning(console);
	if (wrong == 0)
		(void)capos_print("every refusal as it must be");
	else
		(void)capos_print("%u of these are WRONG", wrong);
	return wrong != 0;
}
