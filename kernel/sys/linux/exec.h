// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a process runs: its first program, and what execve puts in its place. */
#ifndef KERNEL_SYS_LINUX_EXEC_H
#define KERNEL_SYS_LINUX_EXEC_H

#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

struct linux_program;
struct linux_strings;
struct thread;

enum { LINUX_PATH_MAX = 4096 };

/* What the first program starts with: from the heap. */
struct linux_start {
	struct span file;  /* the program, which lies in memory for ever */
	char path[256];    /* its name in the archive, behind a '/' */
	uint32_t argc, envc;
	size_t strings_bytes;
	char strings[];    /* arguments, then environment, each with its NUL */
};

/* A start; NULL where memory is out. `strings` as start_begin() wants them, checked here: NULL too where they are not so many. */
struct linux_start *linux_start_make(struct span name, struct span file, uint32_t argc, uint32_t envc, struct span strings);
void linux_start_free(struct linux_start *start);

/*
 * Loads what `thread`, the only one of a process with nothing mapped, is to start with, and sets its registers. On an error it has said why.
 * Context: the thread's fiber.
 */
MUST_CHECK status_t linux_exec_first(struct thread *thread);

/*
 * Puts a planned program into a process in which nothing is mapped, and sets the registers of its only thread to its beginning. `path`: the program's
 * own, `name` as it was called. On an error the process can only end. Context: the thread's fiber.
 */
MUST_CHECK status_t linux_exec_enter(struct thread *thread, struct linux_program *program, const struct linux_strings *strings, const char *path,
				     const char *name);

#endif
