// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The console as a terminal: /dev/tty, /dev/console, and descriptors 0 to 2. Context of all: fiber. */
#ifndef KERNEL_SYS_LINUX_TERMINAL_H
#define KERNEL_SYS_LINUX_TERMINAL_H

#include <stdint.h>

#include "lib/status.h"

struct linux_file;
struct process;

/* STATUS_EACCES: the process has no `console`; STATUS_ENOMEM. */
MUST_CHECK status_t linux_terminal_open(struct process *process, uint32_t flags, struct linux_file **out);

#endif
