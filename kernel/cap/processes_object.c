// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* New processes: from a program of the bundle, with what the parent hands over, out of the parent's memory. */
#include "kernel/cap/grant.h"
#include "kernel/cap/objects.h"
#include "kernel/cap/program_object.h"
#include "kernel/core/log.h"
#include "kernel/payload/processes.h"
#include "kernel/payload/program.h"
#include "kernel/process_methods.h"
#include "kernel/processes_methods.h"
#include "kernel/program_methods.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"
#include "lib/string.h"

static_assert(CAPOS_PROCESSES_CPU_ANY == THREAD_CPU_ANY, "one way to say any");

/* The next NUL-terminated string off the front. */
static bool string_next(struct span *strings, struct span *out)
{
	const uint8_t *end = memchr(strings->data, 0, strings->len);

	if (end == NULL)
		return false;
	*out = span_of(strings->data, (size_t)(end - strings->data));
	*strings = span_of(end + 1, strings->len - out->len - 1);
	return true;
}

/* As it stands in the log where there is no such file. */
static bool is_printable(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < 0x20 || text.data[i] > 0x7e)
			return false;
	return true;
}

/* As a manifest's: [a-z0-9-]{1,32}, so that nothing else can come before a line on the console. */
static bool name_is_valid(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return name.len > 0 && name.len <= PROCESS_NAME_MAX;
}

static status_t capabilities_hand_over(struct cap_call *call, struct program *program)
{
	struct capset *to = &program->process->capset;
	status_t status = STATUS_OK;

	for (uint32_t i = 0; status == STATUS_OK && i < call->submission->transfer_count; i++) {
		const struct cap_transfer *transfer = &call->transfers[i];
		struct object *object;
		capos_cap_t copy;
		uint32_t rights;

		status = grant_copy(&call->process->capset, transfer->cap, transfer->rights, to, transfer->name, &copy);
		if (status == STATUS_OK)
			status = capset_find(to, copy, &object, &rights);
		if (status == STATUS_OK)
			status = start_show(&program->start, transfer->name, copy, object->interface->id, rights);
	}
	return status;
}

/* The parent's capability first: what cannot be given to it is not started. */
static int64_t child_start(struct cap_call *call, struct program *program)
{
	struct process *child = program->process;
	unsigned number = child->number;
	status_t status = capabilities_hand_over(call, program);

	if (status == STATUS_OK) {
		(void)object_hold(&child->object);
		status = grant_new(&call->process->capset, &child->object, CAPOS_PROCESS_RIGHT_WAIT | CAPOS_PROCESS_RIGHT_KILL,
				   child->name, &call->new_cap);
	}
	if (status != STATUS_OK) {
		program_abandon(program);
		return status;
	}
	status = program_start(program);
	if (status != STATUS_OK) {
		grant_drop(&call->process->capset, call->new_cap);
		call->new_cap = CAPOS_CAP_NONE;
		return status;
	}
	object_put(&child->object);
	return number;
}

/* The process's name, the first of its strings, into `name`. */
static bool name_read(struct span strings, char *name)
{
	struct span text;

	if (!string_next(&strings, &text) || !name_is_valid(text))
		return false;
	memcpy(name, text.data, text.len);
	return true;
}

static int64_t program_run(struct cap_call *call, const struct program_request *request)
{
	char why[PROGRAM_WHY_BYTES];
	struct program program;
	status_t status = program_load(processes_archive(), request, &program, why);

	if (status != STATUS_OK) {
		log_print(LOG_PROC, LOG_INFO, "process %u spawns nothing: %s", call->process->number, why);
		return status;
	}
	return child_start(call, &program);
}

int64_t processes_spawn(struct cap_call *call, const struct capos_processes_spawn *params, struct span strings)
{
	char name[PROCESS_NAME_MAX + 1] = "";
	struct program_request request = {
		.name = name,
		.budget = call->process->budget,
		.memory_bytes = params->memory_bytes,
		.stack_bytes = params->stack_bytes,
		.threads_max = params->threads,
		.cpu = params->cpu,
		.argc = params->argc,
		.envc = params->envc,
	};

	if (!string_next(&strings, &request.exec) || !is_printable(request.exec) || !name_read(strings, name))
		return STATUS_EINVAL;
	request.strings = strings;
	return program_run(call, &request);
}

int64_t processes_spawn_program(struct cap_call *call, const struct capos_processes_spawn_program *params, struct span strings)
{
	char name[PROCESS_NAME_MAX + 1] = "";
	struct program_request request = {
		.name = name,
		.strings = strings,
		.budget = call->process->budget,
		.memory_bytes = params->memory_bytes,
		.stack_bytes = params->stack_bytes,
		.threads_max = params->threads,
		.cpu = params->cpu,
		.argc = params->argc,
		.envc = params->envc,
	};
	struct object *object;
	uint32_t rights;
	int64_t result;

	if (!name_read(strings, name))
		return STATUS_EINVAL;
	if (capset_find(&call->process->capset, params->program, &object, &rights) != STATUS_OK || object->interface != &program_interface ||
	    !object_hold(object))
		return STATUS_EBADF;
	request.exec = span_of(name, strlen(name));
	request.file = program_file(object);
	result = rights & CAPOS_PROGRAM_RIGHT_SPAWN ? program_run(call, &request) : STATUS_EACCES;
	object_put(object);
	return result;
}

struct object processes_object = OBJECT_INIT(processes_interface);
