// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Threads and processes that come by clone(2), and go. Context of all: the thread's fiber. */
#ifndef KERNEL_SYS_LINUX_THREADS_H
#define KERNEL_SYS_LINUX_THREADS_H

#include "lib/status.h"

struct thread;

/* The thread begins: what it was asked to say about itself. */
void linux_thread_begin(struct thread *thread);

/* The thread ends: others hear of it by the words it was to change. Its memory is still there. */
void linux_thread_end(struct thread *thread);

/*
 * For execve: ends all other threads of the process, and gives the caller the process's number. STATUS_ECANCELED: it is itself to end, for another
 * thread does the same, or the process ends.
 */
MUST_CHECK status_t linux_threads_end_others(struct thread *thread);

/* For execve, once the new program is mapped: handlers, alternate stack, timers as a new program has them; who waits in vfork goes on. */
void linux_exec_settle(struct thread *thread);

#endif
