// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/payload/processes.h"

#include <stdatomic.h>

#include "hal/contract/timer.h"
#include "kernel/cap/interfaces.h"
#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/core/wait.h"
#include "kernel/io/devices.h"
#include "kernel/payload/files.h"
#include "kernel/payload/network.h"
#include "kernel/payload/program.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

enum { BACKOFF_GROWTH_MAX = 100, STRINGS_BYTES = 2400, EXIT_UNLOADABLE = 127 };

/* One of the manifest's, through all its lives. */
struct supervised {
	const struct manifest_process *spec;
	struct process *process; /* held; NULL: it does not run */
	uint32_t restarts;
	uint64_t backoff_ns;    /* before the next restart */
	uint64_t restart_at_ns; /* 0: it does not come back */
	int status;             /* of its last end */
};

static struct span bundle_archive;
static struct span launch_words;
static const struct manifest_network *bundle_network;

struct span processes_archive(void)
{
	return bundle_archive;
}

struct strings {
	char bytes[STRINGS_BYTES];
	size_t len;
	uint32_t count;
	bool full;
};

static void strings_add(struct strings *strings, const char *text, size_t len)
{
	if (len + 1 > sizeof(strings->bytes) - strings->len) {
		strings->full = true;
		return;
	}
	memcpy(strings->bytes + strings->len, text, len);
	strings->bytes[strings->len + len] = 0;
	strings->len += len + 1;
	strings->count++;
}

static void strings_add_list(struct strings *strings, const struct manifest_strings *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		strings_add(strings, manifest_string(list, i), strlen(manifest_string(list, i)));
}

/* Arguments, then environment; tells how many arguments. */
static uint32_t strings_fill(struct strings *strings, const struct supervised *supervised)
{
	const struct manifest_process *spec = supervised->spec;
	struct span rest = launch_words;
	struct span word;
	uint32_t argc;
	char restarts[32];

	strings_add(strings, spec->name, strlen(spec->name));
	strings_add_list(strings, &spec->args);
	while (spec->launch && cmdline_next_item(&rest, ' ', &word))
		strings_add(strings, (const char *)word.data, word.len);
	argc = strings->count;
	strings_add_list(strings, &spec->env);
	if (supervised->restarts > 0) {
		(void)format_print(restarts, sizeof(restarts), "RESTARTS=%u", supervised->restarts);
		strings_add(strings, restarts, strlen(restarts));
	}
	return argc;
}

static status_t capabilities_grant(struct program *program, const struct manifest_process *spec, char *why)
{
	status_t status = STATUS_OK;

	for (uint32_t i = 0; status == STATUS_OK && i < spec->capability_count; i++) {
		const struct manifest_capability *capability = &spec->capabilities[i];
		struct object *object = interface_object(capability->interface);

		status = object != NULL ? start_grant(&program->start, capability->name, object, capability->rights) :
					  STATUS_ENODEV;
	}
	if (status == STATUS_OK)
		status = files_grant(bundle_archive, spec, program->main->cpu, &program->start, why, PROGRAM_WHY_BYTES);
	return status == STATUS_OK ? network_grant(bundle_network, spec, &program->start) : status;
}

/* Says why, after who, in `why`, where there may stand more already. */
static void grant_failed(const struct manifest_process *spec, status_t status, char *why)
{
	char cause[PROGRAM_WHY_BYTES];

	(void)format_print(cause, sizeof(cause), "%s", why);
	if (cause[0] != '\0')
		(void)format_print(why, PROGRAM_WHY_BYTES, "%s: %s", spec->name, cause);
	else if (status == STATUS_ENODEV)
		(void)format_print(why, PROGRAM_WHY_BYTES, "%s: it is granted a device that this machine has not", spec->name);
	else
		(void)format_print(why, PROGRAM_WHY_BYTES, "%s: its capabilities cannot be granted (error %d)", spec->name, status);
}

static status_t program_make(const struct supervised *supervised, struct program *program, char *why)
{
	const struct manifest_process *spec = supervised->spec;
	struct strings *strings = calloc(1, sizeof(*strings));
	struct program_request request = {
		.exec = span_of(spec->exec, strlen(spec->exec)),
		.name = spec->name,
		.memory_bytes = spec->memory_bytes,
		.stack_bytes = spec->stack_bytes,
		.threads_max = spec->threads,
		.jit = spec->jit,
		.cpu = spec->cpu == MANIFEST_CPU_ANY ? thread_pick_cpu() : spec->cpu,
	};
	status_t status = STATUS_ENOMEM;

	if (strings == NULL) {
		(void)format_print(why, PROGRAM_WHY_BYTES, "memory: the machine has none left");
		return status;
	}
	request.argc = strings_fill(strings, supervised);
	request.envc = strings->count - request.argc;
	request.strings = span_of(strings->bytes, strings->len);
	if (strings->full) {
		status = STATUS_E2BIG;
		(void)format_print(why, PROGRAM_WHY_BYTES, "%s: arguments and environment are too long", spec->name);
	} else {
		status = program_load(bundle_archive, &request, program, why);
	}
	free(strings);
	if (status != STATUS_OK)
		return status;
	why[0] = '\0';
	status = capabilities_grant(program, spec, why);
	if (status != STATUS_OK) {
		grant_failed(spec, status, why);
		program_abandon(program);
	}
	return status;
}

/* Starts it for the first time, or anew. */
static status_t supervised_start(struct supervised *supervised, char *why)
{
	struct program program;
	status_t status = program_make(supervised, &program, why);

	if (status != STATUS_OK)
		return status;
	status = program_start(&program);
	if (status != STATUS_OK) {
		(void)format_print(why, PROGRAM_WHY_BYTES, "memory: the machine has none left for a stack");
		return status;
	}
	supervised->process = program.process;
	return STATUS_OK;
}

static bool comes_back(const struct supervised *supervised)
{
	enum manifest_restart restart = supervised->spec->restart;

	return restart == MANIFEST_RESTART_ALWAYS || (restart == MANIFEST_RESTART_ON_FAILURE && supervised->status != 0);
}

static void supervised_ended(struct supervised *supervised)
{
	const struct manifest_process *spec = supervised->spec;

	supervised->status = process_exit_status(supervised->process);
	object_put(&supervised->process->object);
	supervised->process = NULL;
	if (!comes_back(supervised))
		return;
	if (supervised->restarts == spec->restarts_max) {
		log_line("proc: %s is not started again: %u restarts are all it has", spec->name, spec->restarts_max);
		return;
	}
	supervised->restarts++;
	supervised->restart_at_ns = hal_timer_now_ns() + supervised->backoff_ns;
	log_line("proc: %s restarts in %llu ms (%u of %u)", spec->name, (unsigned long long)(supervised->backoff_ns / 1000000),
		 supervised->restarts, spec->restarts_max);
	if (supervised->backoff_ns < spec->backoff_ns * BACKOFF_GROWTH_MAX / 2)
		supervised->backoff_ns *= 2;
	else
		supervised->backoff_ns = spec->backoff_ns * BACKOFF_GROWTH_MAX;
}

static void supervised_restart(struct supervised *supervised)
{
	char why[PROGRAM_WHY_BYTES];

	supervised->restart_at_ns = 0;
	if (supervised_start(supervised, why) == STATUS_OK)
		return;
	log_line("proc: %s cannot be started again: %s", supervised->spec->name, why);
	supervised->status = EXIT_UNLOADABLE;
}

/* Looks at each, and tells when to look again at the latest: WAIT_FOREVER where only an end of a process can change anything. */
static uint64_t supervise(struct supervised *all, uint32_t count)
{
	uint64_t next = WAIT_FOREVER;

	for (uint32_t i = 0; i < count; i++) {
		struct supervised *supervised = &all[i];

		if (supervised->process != NULL &&
		    atomic_load_explicit(&supervised->process->finished, memory_order_acquire))
			supervised_ended(supervised);
		if (supervised->restart_at_ns != 0 && supervised->restart_at_ns <= hal_timer_now_ns())
			supervised_restart(supervised);
		if (supervised->restart_at_ns != 0 && supervised->restart_at_ns < next)
			next = supervised->restart_at_ns;
	}
	return next;
}

static void processes_supervise(struct supervised *all, uint32_t count)
{
	for (;;) {
		uint64_t next = supervise(all, count);

		if (next == WAIT_FOREVER && process_count() == 0)
			return;
		(void)wait_queue_sleep(&process_ends, next);
	}
}

/* Starts what was made, all of it or none. */
static status_t programs_start(struct supervised *all, struct program *programs, uint32_t made, status_t status, char *why)
{
	static const struct hal_user_fault ended = { .what = "since another cannot start", .signal = PROCESS_SIGNAL_KILL };

	for (uint32_t i = 0; i < made; i++) {
		if (status != STATUS_OK) {
			program_abandon(&programs[i]);
			continue;
		}
		all[i].process = programs[i].process;
		status = program_start(&programs[i]);
		if (status == STATUS_OK)
			continue;
		(void)format_print(why, PROGRAM_WHY_BYTES, "memory: the machine has none left for a stack");
		for (uint32_t j = 0; j < i; j++) {
			process_end(all[j].process, PROCESS_KILLED, 0, &ended);
			(void)process_wait(all[j].process);
			object_put(&all[j].process->object);
		}
	}
	return status;
}

status_t processes_run(struct span archive, const struct manifest *manifest, struct span launch, int *exit_status, char *why)
{
	struct supervised *all = calloc(manifest->process_count, sizeof(*all));
	struct program *programs = calloc(manifest->process_count, sizeof(*programs));
	status_t status = all != NULL && programs != NULL ? STATUS_OK : STATUS_ENOMEM;
	uint32_t made = 0;

	bundle_archive = archive;
	bundle_network = &manifest->network;
	launch_words = launch;
	if (launch.len > 0 && !manifest->processes[manifest->main].launch)
		log_line("proc: the words behind -- are for nobody: %s has no launch = true", manifest->processes[manifest->main].name);
	if (status != STATUS_OK)
		(void)format_print(why, PROGRAM_WHY_BYTES, "memory: the machine has none left");
	for (; status == STATUS_OK && made < manifest->process_count; made += status == STATUS_OK) {
		all[made] = (struct supervised){ .spec = &manifest->processes[made], .backoff_ns = manifest->processes[made].backoff_ns };
		status = program_make(&all[made], &programs[made], why);
	}
	status = programs_start(all, programs, made, status, why);
	free(programs);
	if (status == STATUS_OK) {
		processes_supervise(all, manifest->process_count);
		*exit_status = all[manifest->main].status;
	}
	free(all);
	return status;
}
