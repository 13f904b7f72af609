// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Carrying out what a process has submitted. */
#ifndef KERNEL_SYS_SUBMISSIONS_H
#define KERNEL_SYS_SUBMISSIONS_H

#include <stdbool.h>
#include <stdint.h>

struct process;

/*
 * Carries out submissions, as far as there are any and there is room for completions. `*count` takes how many, `*waiting` how
 * many completions wait to be taken then. False where the process must end: it has been faulted. Context: a fiber that owns the
 * rings: the process's own in Peace, the poller in War.
 */
bool submissions_run(struct process *process, uint32_t *count, uint32_t *waiting);

#endif
