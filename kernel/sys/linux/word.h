// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Words of a program's memory that its threads write meanwhile: each is loaded, or exchanged, in one access. Pages are brought in as by an access of the
 * program's own, but by linux_word_try(). `va` is a multiple of 4. Context: fiber.
 */
#ifndef KERNEL_SYS_LINUX_WORD_H
#define KERNEL_SYS_LINUX_WORD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

struct process;

/* STATUS_EFAULT where it may not be read. */
MUST_CHECK status_t linux_word_load(struct process *process, uint64_t va, uint32_t *value);

/* The same where the page is there; false where it is not. Sleeps never: a lock may be held. */
bool linux_word_try(struct process *process, uint64_t va, uint32_t *value);

/* Stores `desired` where it holds `*expected`: STATUS_EAGAIN where it does not, and what it holds is there. STATUS_EFAULT: it may not be written. */
MUST_CHECK status_t linux_word_exchange(struct process *process, uint64_t va, uint32_t *expected, uint32_t desired);

/* The same where the page is there, and may be written; STATUS_EAGAIN too where it is not. Sleeps never: a lock may be held. */
MUST_CHECK status_t linux_word_try_exchange(struct process *process, uint64_t va, uint32_t *expected, uint32_t desired);

/* Where it lies: for what processes share. STATUS_EFAULT. */
MUST_CHECK status_t linux_word_pa(struct process *process, uint64_t va, uint64_t *pa);

#endif
