// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a program finds on its stack when it begins. */
#ifndef KERNEL_SYS_LINUX_STACK_H
#define KERNEL_SYS_LINUX_STACK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

struct linux_program;
struct thread;

enum { LINUX_STRINGS_MAX = 1 << 20, LINUX_STRING_MAX = 1 << 17 /* one, with its NUL: MAX_ARG_STRLEN */ };

/* Arguments, then environment, each with its NUL, in memory of its own. Zero it first. */
struct linux_strings {
	char *memory;
	size_t bytes, room;
	uint32_t argc, envc;
};

/* Adds a string of `bytes` with its NUL behind the others. STATUS_E2BIG, STATUS_ENOMEM. */
MUST_CHECK status_t linux_strings_add(struct linux_strings *strings, const char *string, size_t bytes);

/* Adds one before the others, an argument. */
MUST_CHECK status_t linux_strings_add_first(struct linux_strings *strings, const char *string);
void linux_strings_drop_first(struct linux_strings *strings);

/* Makes room for `bytes` more. */
MUST_CHECK status_t linux_strings_reserve(struct linux_strings *strings, size_t bytes);
void linux_strings_free(struct linux_strings *strings);

/*
 * Fills the end of the stack of the thread's process, which is mapped, and sets the thread's stack pointer. `name`: the program's path, as it was named.
 * STATUS_EFAULT: there is no memory for it. Context: the thread's fiber.
 */
MUST_CHECK status_t linux_stack_fill(struct thread *thread, const struct linux_strings *strings, const char *name, const struct linux_program *program,
				     uint64_t vdso_va);

#endif
