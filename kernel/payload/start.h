// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a process finds at its start: the page at PROCESS_START_VA, with its arguments, its environment and its capabilities. */
#ifndef KERNEL_PAYLOAD_START_H
#define KERNEL_PAYLOAD_START_H

#include <stdint.h>

#include "kernel/cap/object.h"
#include "lib/span.h"
#include "lib/status.h"

struct process;

enum { START_CAPSET_MAX = 24, START_STRINGS_MAX = 64 /* of arguments and environment together */ };

struct start_page;

/* A page that is being filled, before the process runs. Context of all: fiber. */
struct start {
	struct process *process;
	struct start_page *page; /* NULL: it has none */
};

/*
 * Maps the page, and grants what every process has: memory, capset, ring, event, threads. `strings`: `argc` arguments and then
 * `envc` variables, each NUL-terminated. STATUS_EINVAL where there are fewer, or bytes behind them; STATUS_E2BIG where they do not fit;
 * STATUS_ENOMEM.
 */
MUST_CHECK status_t start_begin(struct process *process, uint32_t argc, uint32_t envc, struct span strings, struct start *start);

/* For a process that has no such page: what it is granted is in its capability set and nowhere else. */
void start_begin_bare(struct process *process, struct start *start);

/* Grants an object of which there is one. STATUS_ENOSPC, STATUS_ENOMEM. */
MUST_CHECK status_t start_grant(struct start *start, const char *name, struct object *object, uint32_t rights);

/* Shows it capability `cap`, which is in its set already. STATUS_ENOSPC. */
MUST_CHECK status_t start_show(struct start *start, const char *name, capos_cap_t cap, uint32_t interface, uint32_t rights);

#endif
