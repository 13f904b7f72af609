// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include <capos/process.h>

#include <stdbool.h>

#include <capos/capos.h>

#include "lib/status.h"
#include "lib/string.h"

enum { MEMORY_BYTES = 1 << 20, STACK_BYTES = 65536 };

/* What a process is told, each string with its NUL, one behind the other. */
struct strings {
	size_t len; /* above the size of `bytes`: too long */
	char bytes[CAPOS_PROCESSES_STRINGS_MAX];
};

static void add(struct strings *strings, const char *string)
{
	size_t bytes = strlen(string) + 1;

	if (strings->len <= sizeof(strings->bytes) && bytes <= sizeof(strings->bytes) - strings->len) {
		memcpy(strings->bytes + strings->len, string, bytes);
		strings->len += bytes;
	} else {
		strings->len = sizeof(strings->bytes) + 1;
	}
}

static uint32_t add_all(struct strings *strings, const char *const *list)
{
	uint32_t count = 0;

	for (; list && list[count]; count++)
		add(strings, list[count]);
	return count;
}

int64_t capos_process_start(capos_cap_t processes, const struct capos_program *program, const struct capos_transfer *transfers,
			    uint32_t transfer_count, capos_cap_t *process)
{
	bool bundled = program->program == CAPOS_CAP_NONE;
	uint64_t memory_bytes = program->memory_bytes ? program->memory_bytes : MEMORY_BYTES;
	uint64_t stack_bytes = program->stack_bytes ? program->stack_bytes : STACK_BYTES;
	uint32_t threads = program->threads ? program->threads : 1;
	uint32_t cpu = program->cpu_plus_1 ? program->cpu_plus_1 - 1 : CAPOS_PROCESSES_CPU_ANY;
	struct strings strings = { .len = 0 };
	uint32_t argc;
	uint32_t envc;

	if (!program->name && !program->exec)
		return STATUS_EINVAL;
	if (bundled)
		add(&strings, program->exec);
	add(&strings, program->name ? program->name : program->exec);
	argc = 1 + add_all(&strings, program->args);
	envc = add_all(&strings, program->env);
	if (strings.len > sizeof(strings.bytes))
		return STATUS_E2BIG;
	if (bundled)
		return capos_processes_spawn(processes, memory_bytes, stack_bytes, threads, cpu, argc, envc, strings.bytes, strings.len,
					     transfers, transfer_count, process);
	return capos_processes_spawn_program(processes, memory_bytes, stack_bytes, threads, cpu, argc, envc, program->program,
					     strings.bytes, strings.len, transfers, transfer_count, process);
}
