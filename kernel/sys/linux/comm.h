// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The name of a thread: that of its program, until the thread says otherwise, or another of its process does. A process's is that of its first thread, also when
 * that has ended. Context of all: fiber.
 *
 * Spec: proc(5), prctl(2): PR_SET_NAME
 */
#ifndef KERNEL_SYS_LINUX_COMM_H
#define KERNEL_SYS_LINUX_COMM_H

#include <stdint.h>

#include "lib/status.h"

struct linux_data;
struct process;
struct thread;

enum { LINUX_COMM_BYTES = 16 };

/* `thread` NULL: the process's. */
void linux_comm_get(struct process *process, const struct thread *thread, char to[LINUX_COMM_BYTES]);

/* As much of it as fits. */
void linux_comm_set(struct thread *thread, const char *name);

/* What is written to `comm` of thread `tid` (0: the first one) of process `pid`: as many bytes as there were. STATUS_ESRCH, STATUS_EFAULT; STATUS_EINVAL: it is another process's. */
MUST_CHECK int64_t linux_comm_write(unsigned pid, unsigned tid, struct linux_data *data);

#endif
