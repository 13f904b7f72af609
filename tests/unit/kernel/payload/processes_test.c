// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The processes of a manifest: what each is started with, all of them or none, and who is started again, when, and how often. */
#include "tests/unit/kernel/cap/call.h"

#include "kernel/payload/processes.c"
#include "lib/bits.h"

enum { COUNT = 3, MS = 1000000 };

struct wait_queue process_ends;
static struct manifest manifest;
static struct process processes[64];
static struct thread mains[64];
static unsigned loaded, started, abandoned, ended, live, next_status[64], ends_at;
static struct {
	uint32_t cpu, argc, envc;
	char strings[STRINGS_BYTES];
	size_t len;
	uint64_t at_ns;
} requests[64];
static status_t load_fails_at, grant_status;
static unsigned fails_at; /* the program whose loading or starting fails */
static bool start_fails;
static uint64_t now_ns;
static char said[256];
static char why[PROGRAM_WHY_BYTES];

uint64_t hal_timer_now_ns(void)
{
	return now_ns;
}

unsigned thread_pick_cpu(void)
{
	return 6;
}

status_t program_load(struct span archive, const struct program_request *request, struct program *out, char *cause)
{
	unsigned i = loaded++;

	CU_ASSERT_EQUAL(archive.len, 7);
	requests[i].cpu = request->cpu;
	requests[i].argc = request->argc;
	requests[i].envc = request->envc;
	requests[i].len = request->strings.len;
	requests[i].at_ns = now_ns;
	memcpy(requests[i].strings, request->strings.data, request->strings.len);
	if (load_fails_at != STATUS_OK && i == fails_at) {
		strcpy(cause, "it cannot");
		return load_fails_at;
	}
	processes[i] = (struct process){ .object.holds = 1, .number = i };
	*out = (struct program){ .process = &processes[i], .main = &mains[i], .start.process = &processes[i] };
	return STATUS_OK;
}

void program_abandon(struct program *program)
{
	abandoned++;
	object_put(&program->process->object);
}

status_t program_start(struct program *program)
{
	if (start_fails && program->process->number == fails_at) {
		program_abandon(program);
		return STATUS_ENOMEM;
	}
	started++;
	live++;
	return STATUS_OK;
}

void process_end(struct process *process, enum process_end end, int64_t code, const struct hal_user_fault *fault)
{
	CU_ASSERT(end == PROCESS_KILLED && code == 0 && fault->signal == PROCESS_SIGNAL_KILL);
	process->finished = true;
	ended++;
	live--;
}

int process_wait(struct process *process)
{
	CU_ASSERT_TRUE(process->finished);
	return 0;
}

int process_exit_status(const struct process *process)
{
	return (int)next_status[process->number];
}

unsigned process_count(void)
{
	return live;
}

/* Time passes until somebody is due; or the oldest that runs ends. */
status_t wait_queue_sleep(struct wait_queue *queue, uint64_t deadline_ns)
{
	CU_ASSERT_PTR_EQUAL(queue, &process_ends);
	for (; ends_at < loaded; ends_at++)
		if (processes[ends_at].object.holds > 0 && !processes[ends_at].finished) {
			processes[ends_at].finished = true;
			live--;
			return STATUS_OK;
		}
	CU_ASSERT_FATAL(deadline_ns != WAIT_FOREVER);
	now_ns = deadline_ns;
	return STATUS_ETIMEDOUT;
}

struct object *interface_object(uint32_t interface)
{
	static struct object object = { .holds = 1000 };

	return interface == 99 ? NULL : &object;
}

status_t start_grant(struct start *start, const char *name, struct object *object, uint32_t rights)
{
	CU_ASSERT(start->process != NULL && strcmp(name, "console") == 0 && object != NULL && rights == 2);
	return grant_status;
}

status_t files_grant(struct span archive, const struct manifest_process *spec, unsigned cpu, struct start *start, char *cause, size_t why_bytes)
{
	CU_ASSERT(archive.len == 7 && spec != NULL && cpu == 0 && start->process != NULL && cause[0] == '\0' && why_bytes == PROGRAM_WHY_BYTES);
	return STATUS_OK;
}

status_t network_grant(const struct manifest_network *network, const struct manifest_process *spec, struct start *start)
{
	CU_ASSERT(network == &manifest.network && spec != NULL && start->process != NULL);
	return STATUS_OK;
}

void log_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
}

static void begin(void)
{
	static const char *const names[] = { "one", "two", "three" };

	call_begin(NULL, 0, NULL, 0);
	memset(&manifest, 0, sizeof(manifest));
	memset(next_status, 0, sizeof(next_status));
	manifest.process_count = COUNT;
	manifest.main = 1;
	for (unsigned i = 0; i < COUNT; i++) {
		strcpy(manifest.processes[i].name, names[i]);
		manifest.processes[i].cpu = MANIFEST_CPU_ANY;
	}
	loaded = started = abandoned = ended = live = ends_at = 0;
	load_fails_at = grant_status = STATUS_OK;
	start_fails = false;
	now_ns = 1000;
	why[0] = said[0] = '\0';
}

static status_t run(int *status)
{
	return processes_run(span_of("archive", 7), &manifest, span_of("a b", 3), status, why);
}

static void each_is_started_with_what_the_manifest_says(void)
{
	struct manifest_process *spec;
	int status = -1;

	begin();
	spec = &manifest.processes[1];
	spec->cpu = 2;
	spec->launch = true;
	spec->args = (struct manifest_strings){ .count = 1, .bytes = "arg" };
	spec->env = (struct manifest_strings){ .count = 1, .bytes = "K=v" };
	spec->capability_count = 1;
	spec->capabilities[0] = (struct manifest_capability){ "console", 5, 2 };
	next_status[1] = 7;
	CU_ASSERT_EQUAL(run(&status), STATUS_OK);
	CU_ASSERT(status == 7 && started == COUNT && abandoned == 0 && live == 0);
	CU_ASSERT(requests[0].cpu == 6 && requests[1].cpu == 2 && requests[2].cpu == 6);
	CU_ASSERT(requests[0].argc == 1 && requests[0].envc == 0 && requests[0].len == 4 && memcmp(requests[0].strings, "one", 4) == 0);
	CU_ASSERT(requests[1].argc == 4 && requests[1].envc == 1 && requests[1].len == 16 && memcmp(requests[1].strings, "two\0arg\0a\0b\0K=v", 16) == 0);
}

static void all_are_started_or_none(void)
{
	for (fails_at = 0; fails_at < COUNT; fails_at++) {
		int status = -1;

		begin();
		load_fails_at = STATUS_ENOENT;
		CU_ASSERT_EQUAL(run(&status), STATUS_ENOENT);
		CU_ASSERT(started == 0 && abandoned == fails_at && status == -1);
		CU_ASSERT_STRING_EQUAL(why, "it cannot");
		begin();
		start_fails = true;
		CU_ASSERT_EQUAL(run(&status), STATUS_ENOMEM);
		CU_ASSERT(started == fails_at && ended == fails_at && abandoned == COUNT - fails_at && live == 0);
		CU_ASSERT_STRING_EQUAL(why, "memory: the machine has none left for a stack");
		for (unsigned i = 0; i < COUNT; i++)
			CU_ASSERT_EQUAL(processes[i].object.holds, 0);
	}
	begin();
	manifest.processes[2].capability_count = 1;
	manifest.processes[2].capabilities[0] = (struct manifest_capability){ "console", 99, 2 };
	CU_ASSERT_EQUAL(run(NULL), STATUS_ENODEV);
	CU_ASSERT_STRING_EQUAL(why, "three: it is granted a device that this machine has not");
	CU_ASSERT_EQUAL(abandoned, 3);
	begin();
	manifest.processes[0].capability_count = 1;
	manifest.processes[0].capabilities[0] = (struct manifest_capability){ "console", 1, 2 };
	grant_status = STATUS_ENOSPC;
	CU_ASSERT_EQUAL(run(NULL), STATUS_ENOSPC);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "one: its capabilities cannot be granted (error -28)"));
	for (unsigned left = 0; left < 2; left++) {
		begin();
		world.allocations_left = left;
		CU_ASSERT_EQUAL(run(NULL), STATUS_ENOMEM);
		CU_ASSERT_STRING_EQUAL(why, "memory: the machine has none left");
		CU_ASSERT_EQUAL(loaded, 0);
	}
	begin();
	world.allocations_left = 2;
	CU_ASSERT_EQUAL(run(NULL), STATUS_ENOMEM);
}

static void who_fails_is_started_again_later_each_time(void)
{
	int status = -1;

	begin();
	manifest.process_count = 1;
	manifest.main = 0;
	manifest.processes[0].restart = MANIFEST_RESTART_ON_FAILURE;
	manifest.processes[0].restarts_max = 3;
	manifest.processes[0].backoff_ns = 10 * MS;
	for (unsigned i = 0; i < 3; i++)
		next_status[i] = 5;
	CU_ASSERT_EQUAL(run(&status), STATUS_OK);
	CU_ASSERT(loaded == 4 && status == 0);
	CU_ASSERT(requests[1].at_ns == 1000 + 10 * MS && requests[2].at_ns - requests[1].at_ns == 20 * MS && requests[3].at_ns - requests[2].at_ns == 40 * MS);
	CU_ASSERT(requests[3].envc == 1 && memcmp(requests[3].strings, "one\0RESTARTS=3", 15) == 0);
	CU_ASSERT_STRING_EQUAL(said, "proc: one restarts in 40 ms (3 of 3)");
	begin();
	manifest.process_count = 1;
	manifest.main = 0;
	manifest.processes[0].restart = MANIFEST_RESTART_ALWAYS;
	manifest.processes[0].restarts_max = 10;
	manifest.processes[0].backoff_ns = 10 * MS;
	CU_ASSERT_EQUAL(run(&status), STATUS_OK);
	CU_ASSERT_EQUAL(loaded, 11);
	CU_ASSERT(requests[7].at_ns - requests[6].at_ns == 640 * MS && requests[8].at_ns - requests[7].at_ns == 1000 * MS);
	CU_ASSERT_EQUAL(requests[10].at_ns - requests[9].at_ns, 1000 * MS);
	CU_ASSERT_STRING_EQUAL(said, "proc: one is not started again: 10 restarts are all it has");
	begin();
	manifest.process_count = 1;
	manifest.main = 0;
	manifest.processes[0].restart = MANIFEST_RESTART_ALWAYS;
	manifest.processes[0].restarts_max = 10;
	load_fails_at = STATUS_ENOENT;
	fails_at = 1;
	CU_ASSERT_EQUAL(run(&status), STATUS_OK);
	CU_ASSERT(status == EXIT_UNLOADABLE && loaded == 2);
	CU_ASSERT_STRING_EQUAL(said, "proc: one cannot be started again: it cannot");
}

static const struct unit_case cases[] = {
	UNIT_CASE(each_is_started_with_what_the_manifest_says),
	UNIT_CASE(all_are_started_or_none),
	UNIT_CASE(who_fails_is_started_again_later_each_time),
};

UNIT_MAIN("kernel/payload/processes", cases)
