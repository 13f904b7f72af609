// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Linux's system calls for AArch64 (asm-generic/unistd.h), each family in a list of its own beside its code.
 */
#ifndef KERNEL_SYS_LINUX_CALLS_H
#define KERNEL_SYS_LINUX_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

struct thread;

enum { LINUX_CALLS = 464 };

/* What a call returns that has set the registers itself (rt_sigreturn, execve), or whose thread is to end. */
#define LINUX_NO_RESULT INT64_MIN
/* The call was interrupted by a signal before it did anything: begun again where the handler was made with SA_RESTART, or none runs, else EINTR. */
#define LINUX_RESTART (-512)
/* The same, but EINTR wherever a handler runs (poll, nanosleep, ...). */
#define LINUX_RESTART_NO_HANDLER (-514)

/* `x`: arguments, x[0] to x[5]. Returns the result, or a negative errno, or one of the above. Context: the thread's fiber. */
typedef int64_t linux_call_run(struct thread *thread, const uint64_t x[6]);

struct linux_call {
	uint16_t number;
	uint8_t arguments; /* how many are shown by a trace */
	const char *name;
	linux_call_run *run; /* NULL: it is known by name, and answers ENOSYS */
};

/* One list a family; ended by a row without a name. */
extern const struct linux_call linux_calls_attributes[], linux_calls_capabilities[], linux_calls_clock[], linux_calls_cpu_time[], linux_calls_cwd[], linux_calls_descriptors[],
	linux_calls_end[], linux_calls_epoll[], linux_calls_epoll_wait[], linux_calls_events[], linux_calls_family[],
	linux_calls_files[], linux_calls_futex[], linux_calls_identity[], linux_calls_inotify[], linux_calls_kill[], linux_calls_list[], linux_calls_locks[], linux_calls_machine[],
	linux_calls_memfd[], linux_calls_membarrier[], linux_calls_memory[], linux_calls_mqueues[], linux_calls_msg[], linux_calls_names[], linux_calls_owners[], linux_calls_paths[], linux_calls_pipes[], linux_calls_poll[],
	linux_calls_pidfd[], linux_calls_prctl[], linux_calls_program[], linux_calls_rename[], linux_calls_robust[], linux_calls_scheduling[], linux_calls_sem[], linux_calls_shm[], linux_calls_signalfd[], linux_calls_signals[], linux_calls_sockets[],
	linux_calls_splice[], linux_calls_stat[], linux_calls_storage[], linux_calls_threads[], linux_calls_timers[], linux_calls_transfer[], linux_calls_unserved[];

/* Makes the lists one table, before the first program runs. */
void linux_calls_init(void);

/*
 * Carries out the call that the thread stopped with: its result is in x[0], unless it is one of the above, which is returned; else 0. Context: the
 * thread's fiber.
 */
int64_t linux_call(struct thread *thread);

/* Prints which calls were asked for that are not there (log=linux:info). Context: nobody runs any more. */
void linux_calls_report(void);

#endif
