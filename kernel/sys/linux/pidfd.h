// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Descriptors of processes: whom to wait for, to signal and to take a descriptor of, though its number were another's by now. Context: fiber. */
#ifndef KERNEL_SYS_LINUX_PIDFD_H
#define KERNEL_SYS_LINUX_PIDFD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

struct process;
struct thread;

/* A descriptor for `process` in the thread's own; `flags`: LINUX_O_NONBLOCK. STATUS_EMFILE, STATUS_ENOMEM. */
MUST_CHECK int64_t linux_pidfd_add(struct thread *thread, struct process *process, uint32_t flags);

/* The process of a descriptor, held, and whether that is LINUX_O_NONBLOCK, where `nonblocking` is not NULL. STATUS_EBADF: it is none of a process. */
MUST_CHECK status_t linux_pidfd_get(struct thread *thread, int fd, struct process **process, bool *nonblocking);

/* The number of the process that a descriptor is of, or whose directory of /proc it is. STATUS_EBADF: it is neither. */
MUST_CHECK status_t linux_pidfd_named(struct thread *thread, int fd, unsigned *pid);

#endif
