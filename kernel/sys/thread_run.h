// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Running a thread at EL0 until it, or its process, ends. */
#ifndef KERNEL_SYS_THREAD_RUN_H
#define KERNEL_SYS_THREAD_RUN_H

struct thread;

/* Context: the thread's fiber. */
void thread_run(struct thread *thread);

#endif
