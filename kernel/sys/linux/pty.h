// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A pseudo-terminal, between what passes through it (pty.c) and how its sides are opened (pty_names.c). */
#ifndef KERNEL_SYS_LINUX_PTY_H
#define KERNEL_SYS_LINUX_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/sys/linux/terminal_state.h"
#include "kernel/sys/linux/wait.h"
#include "lib/list.h"

struct budget;

enum { LINUX_PTY_OUTPUT_BYTES = 8192 };

struct linux_pty {
	struct terminal terminal; /* the slave's */
	struct budget *budget;    /* held */
	struct linux_event master; /* something was written, there is room to type, or the slave was closed */
	/* W: under the terminal's lock. */
	uint64_t head, tail; /* of `output`, counted from the start */
	size_t typing;       /* bytes that are being typed */
	unsigned slaves;     /* open files */
	bool was_opened, is_locked;
	bool is_packet;      /* what is read begins with a byte that says what it is */
	uint8_t happened;    /* TERMINAL_*, and nobody has read so; 0 unless `is_packet` */
	char output[LINUX_PTY_OUTPUT_BYTES];
};

extern const struct terminal_ops linux_pty_ops;

static inline struct linux_pty *linux_pty_of(const struct terminal *terminal)
{
	return LIST_OWNER((struct terminal *)terminal, struct linux_pty, terminal);
}

/* For struct linux_file_ops of a master. */
int64_t linux_pty_read(struct linux_file *file, struct linux_data *data, uint64_t offset);
int64_t linux_pty_write(struct linux_file *file, struct linux_data *data, uint64_t offset);
uint32_t linux_pty_poll(struct linux_file *file, struct linux_waiter *waiter);

#endif
