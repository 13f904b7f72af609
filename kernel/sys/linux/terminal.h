// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Terminals as files: /dev/console and descriptors 0 to 2, /dev/tty, /dev/ptmx and /dev/pts. Context of all: fiber. */
#ifndef KERNEL_SYS_LINUX_TERMINAL_H
#define KERNEL_SYS_LINUX_TERMINAL_H

#include <stdint.h>

#include "lib/status.h"

struct linux_file;
struct process;
struct terminal;

enum { LINUX_PTYS_MAX = 64 /* a family's */, LINUX_PTY_DEVICE = 136 << 8 /* st_rdev of /dev/pts/0 */ };

/* The console. STATUS_EACCES: the process has no `console`; STATUS_ENOMEM. */
MUST_CHECK status_t linux_terminal_open(struct process *process, uint32_t flags, struct linux_file **out);

/* The terminal of the process's session. STATUS_ENXIO: it has none. */
MUST_CHECK status_t linux_tty_open(struct process *process, uint32_t flags, struct linux_file **out);

/* A new pseudo-terminal's master. STATUS_ENOSPC: the family has as many as it may; STATUS_ENOMEM. */
MUST_CHECK status_t linux_ptmx_open(struct process *process, uint32_t flags, struct linux_file **out);

/* The slave of that number that the process's family has, held. NULL: there is none. */
struct terminal *linux_pty_find(const struct process *process, unsigned number);

/* Opens a slave. STATUS_EIO: it is locked, or its master has gone; STATUS_ENOMEM. */
MUST_CHECK status_t linux_pty_open(struct terminal *terminal, struct process *process, uint32_t flags, struct linux_file **out);

/* The lowest number from `least` on of a slave that the process's family has; -1: there is none. */
int linux_pty_next(const struct process *process, unsigned least);

/* What /proc/<pid>/stat tells: the terminal of its session, as st_rdev, and the group in front; 0 and -1: it has none. */
void linux_terminal_told(const struct process *process, uint32_t *device, int *foreground);

/* The leader of a session ends: its terminal is nobody's then. Context: no lock held. */
void linux_terminal_leader_ended(struct process *process);

#endif
