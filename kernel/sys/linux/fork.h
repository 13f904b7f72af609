// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What clone(2) is asked for, and processes that come of it. Context of all: the calling thread's fiber. */
#ifndef KERNEL_SYS_LINUX_FORK_H
#define KERNEL_SYS_LINUX_FORK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

struct thread;

struct linux_clone {
	uint64_t flags;
	int exit_signal;
	uint64_t stack_va; /* 0: the caller's own */
	uint64_t tls, parent_tid_va, child_tid_va;
	uint64_t pidfd_va;
	bool set_tls, parent_set_tid, child_set_tid, child_clear_tid;
	bool makes_pidfd;
	bool clears_handlers; /* the child has default actions where its maker has handlers */
};

/*
 * Makes a process that goes on where `thread` stands: its number. `waits`: until it has begun another program, or ended; `lends`: and then hears what
 * that stored (vfork.h). STATUS_ENOMEM, STATUS_EAGAIN.
 */
int64_t linux_fork(struct thread *thread, const struct linux_clone *clone, bool waits, bool lends);

/* Has `to`, which does not run yet, go on where `from`, the caller's, stands; its call answers 0. */
void linux_thread_copy_registers(struct thread *from, struct thread *to, uint64_t stack_va);

#endif
