// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Carrying out what a process has submitted. */
#ifndef KERNEL_SYS_SUBMISSIONS_H
#define KERNEL_SYS_SUBMISSIONS_H

#include <stdbool.h>

struct process;

/*
 * Carries out submissions, as far as there are any and there is room for completions; `*count` takes how many. False where the
 * process must end: it has been faulted. Context: a fiber that owns the rings: the process's own in Peace, the poller in War.
 */
bool submissions_run(struct process *process, unsigned *count);

/* How many completions wait to be taken. False as above. */
bool submissions_waiting(struct process *process, unsigned *count);

#endif
