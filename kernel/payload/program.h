// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* From a program in the proven archive to a process that is ready to start. */
#ifndef KERNEL_PAYLOAD_PROGRAM_H
#define KERNEL_PAYLOAD_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/payload/start.h"
#include "lib/span.h"
#include "lib/status.h"

struct budget;
struct thread;

enum { PROGRAM_WHY_BYTES = 256 };

struct program_request {
	struct span exec; /* the program's name in the archive */
	struct span file; /* the program itself, proven; empty: it is in the archive */
	const char *name; /* of the process */
	struct budget *budget; /* out of which its memory comes; NULL: the machine's */
	uint64_t memory_bytes;
	uint64_t stack_bytes; /* whole pages */
	uint32_t threads_max;
	uint32_t cpu; /* or THREAD_CPU_ANY */
	bool jit;     /* it may execute memory that it has written; of Linux programs */
	uint32_t argc;
	uint32_t envc;
	struct span strings; /* as start_begin() */
};

/* A process that has not started: capabilities can still be given to it. */
struct program {
	struct process *process; /* held */
	struct thread *main;     /* held */
	struct start start;
};

/*
 * Makes the process. On an error nothing is left over and `why` (PROGRAM_WHY_BYTES) holds one line: STATUS_ENOENT no such file in the
 * archive, STATUS_ENOEXEC it is no program, STATUS_ENOMEM, STATUS_EAGAIN too many processes, STATUS_EINVAL numbers out of range; and as
 * start_begin(). Context: fiber, any CPU.
 */
MUST_CHECK status_t program_load(struct span archive, const struct program_request *request, struct program *out, char *why);

/* Takes back what was not started. */
void program_abandon(struct program *program);

/* Starts it. The hold of the process stays the caller's. STATUS_ENOMEM: then it was abandoned. */
MUST_CHECK status_t program_start(struct program *program);

#endif
