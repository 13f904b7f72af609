// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Programs and interpreters, from a plan to areas. Context of all: the thread's fiber. */
#ifndef KERNEL_SYS_LINUX_LOAD_H
#define KERNEL_SYS_LINUX_LOAD_H

#include <stdint.h>

#include "lib/elf.h"
#include "lib/span.h"
#include "lib/status.h"

struct linux_file;
struct process;
struct thread;

struct linux_image {
	struct span content;     /* lies in memory as long as `file` is held; of none: for ever */
	struct linux_file *file; /* held; NULL: of none */
	struct elf_plan plan;
};

/* What is started: a program, with its interpreter where it names one. */
struct linux_program {
	struct linux_image main;
	struct linux_image interpreter; /* `content` empty: there is none */
	const char *why;                /* it cannot be run */
};

/*
 * Plans `program->main`, whose content is set, and finds and plans its interpreter; nothing is mapped yet. STATUS_ENOEXEC, STATUS_ENOENT,
 * STATUS_EACCES, ...; `why` is set.
 */
MUST_CHECK status_t linux_program_plan(struct process *process, struct linux_program *program);

/* Maps it, into memory in which nothing is mapped, with a stack whose end is `stack_top`. STATUS_ENOMEM, and as linux_mm_map(). */
MUST_CHECK status_t linux_program_map(struct process *process, struct linux_program *program);

/* Puts what it holds. */
void linux_program_put(struct linux_program *program);

#endif
