// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The one terminal, between reading and writing it (terminal.c) and what is set of it (terminal_control.c). */
#ifndef KERNEL_SYS_LINUX_TERMINAL_STATE_H
#define KERNEL_SYS_LINUX_TERMINAL_STATE_H

#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/line.h"
#include "kernel/sys/linux/wait.h"

struct linux_file;
struct thread;

struct terminal {
	struct spinlock lock;
	/* W: under `lock`. */
	struct line line;
	unsigned session, foreground; /* 0: none */
	uint16_t window[4];           /* rows, columns, 0, 0; no rows: the console's */
	struct linux_event event;     /* something was typed, or the settings are others */
};

extern struct terminal linux_terminal;

/*
 * Before a process reads (`signal`: SIGTTIN) or changes (SIGTTOU) the terminal: STATUS_OK where it may; else it is in the background, and has been sent
 * the signal: LINUX_RESTART, or STATUS_EIO. Context: the thread's fiber.
 */
int64_t linux_terminal_background(struct thread *thread, int signal);

int64_t linux_terminal_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument);

#endif
