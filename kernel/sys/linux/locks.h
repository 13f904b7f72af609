// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Advisory locks of files: record locks, which are a process's (fcntl), or an open file's (F_OFD_*), and locks of whole files (flock).
 * Context: the thread's fiber.
 */
#ifndef KERNEL_SYS_LINUX_LOCKS_H
#define KERNEL_SYS_LINUX_LOCKS_H

#include <stdint.h>

struct linux_file;
struct process;
struct thread;

/* fcntl's F_GETLK, F_SETLK, F_SETLKW and those of open files. */
int64_t linux_locks_fcntl(struct thread *thread, struct linux_file *file, unsigned command, uint64_t argument_va);

/* The process closes a descriptor of the file: its record locks there go. */
void linux_locks_close(struct process *process, struct linux_file *file);

/* The last hold of an open file goes: so do the locks that are its own. Context: fiber or scheduler. */
void linux_locks_release(struct linux_file *file);

#endif
