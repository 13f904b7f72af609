// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Running a thread of a Linux program at EL0, until it or its process ends. */
#ifndef KERNEL_SYS_LINUX_RUN_H
#define KERNEL_SYS_LINUX_RUN_H

#include "lib/status.h"

struct linux_thread;
struct thread;

/* What a thread of a Linux program has besides, for thread_create(); its number is the caller's to set. NULL where memory is out. Context: fiber. */
struct linux_thread *linux_thread_alloc(void);

/* Frees it with its thread, or one that no thread has taken over. */
void linux_thread_free(struct linux_thread *personality);

/* Context: the thread's fiber. */
void linux_run(struct thread *thread);

#endif
