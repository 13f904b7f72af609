// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Processes that run a few instructions of the test's own. */
#ifndef TESTS_GUEST_USER_H
#define TESTS_GUEST_USER_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"

enum { USER_CODE_VA = 0x400000, USER_MEMORY_BYTES = 1024 * 1024 };

struct user {
	struct process *process;
	struct thread *thread;
};

/* A process with `bytes` of `code` (a page at most), a page of stack and a start page, that begins at `entry` in the code, on this CPU. STATUS_ENOMEM. */
MUST_CHECK status_t user_make(const void *code, size_t bytes, const void *entry, struct user *out);

/* Waits for its end, gives everything back, and returns the exit status. */
int user_finish(struct user *user);

#endif
