// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Carrying out what a process has submitted. */
#ifndef KERNEL_SYS_SUBMISSIONS_H
#define KERNEL_SYS_SUBMISSIONS_H

#include <stdbool.h>
#include <stdint.h>

struct ring_set;

/*
 * Carries out submissions, as far as there are any and there is room for completions. `*count` takes how many, `*waiting` how
 * many completions wait to be taken then. False where the process must end. Context: the fiber that owns the rings: a thread's in
 * Peace, the poller in War.
 */
bool submissions_run(struct ring_set *set, uint32_t *count, uint32_t *waiting);

#endif
