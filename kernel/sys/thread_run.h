// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Running a thread at EL0 until it, or its process, ends. */
#ifndef KERNEL_SYS_THREAD_RUN_H
#define KERNEL_SYS_THREAD_RUN_H

#include "hal/contract/user.h"

struct sched;
struct thread;

/* Context: the thread's fiber. */
void thread_run(struct thread *thread);

/* Enters EL0 until it stops; for a slice at most where other fibers wait for this CPU, whose scheduler is `sched`. Context: as above. */
enum hal_stop thread_enter_sliced(struct thread *thread, struct sched *sched);

#endif
