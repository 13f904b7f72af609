// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * New processes, from programs of the bundle or of a file system: what processes.spawn takes, as a structure. How one ends: capos_process_wait().
 */
#ifndef CAPOS_PROCESS_H
#define CAPOS_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include <capos/abi.h>

/* What is 0 or NULL has a usual value. */
struct capos_program {
	const char *exec;        /* the program's path in the bundle */
	const char *name;        /* argv[0], and what its lines on the console begin with; NULL: exec */
	const char *const *args; /* argv[1] and so on, up to a NULL; NULL: none */
	const char *const *env;  /* "NAME=value", up to a NULL; NULL: none */
	uint64_t memory_bytes;   /* all that it may use, out of this process's own; 0: 1 MiB */
	uint64_t stack_bytes;    /* 0: 64 KiB */
	uint32_t threads;        /* most threads at once; 0: 1 */
	uint32_t cpu_plus_1;     /* where it runs, counted from 1; 0: the kernel chooses */
	capos_cap_t program;     /* instead of exec: what capos_program_open() gave; then `name` is needed. CAPOS_CAP_NONE: exec */
};

/*
 * Starts a process with copies of this process's capabilities `transfers`, which it finds by the names given there. `processes`: the
 * capability of that name. Returns the new process's number; *process gets the capability for it. -E2BIG: arguments and environment are
 * too long; and what capos_processes_spawn() says.
 */
int64_t capos_process_start(capos_cap_t processes, const struct capos_program *program, const struct capos_transfer *transfers,
			    uint32_t transfer_count, capos_cap_t *process);

#endif
