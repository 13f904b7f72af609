// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A terminal: a line discipline, a window, and whose session it is. The machine's console is one (console_terminal.c), each pseudo-terminal another (pty.c); reading and
 * writing (terminal.c), what is set of it (terminal_control.c) and sessions (terminal_session.c) are the same for all.
 *
 * Locks: a terminal's, and that of all; neither is taken under the other, and no signal is sent under either.
 */
#ifndef KERNEL_SYS_LINUX_TERMINAL_STATE_H
#define KERNEL_SYS_LINUX_TERMINAL_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/line.h"
#include "kernel/sys/linux/owners.h"
#include "kernel/sys/linux/wait.h"
#include "lib/list.h"

struct linux_root;
struct process;
struct terminal;
struct thread;

/* What happened to a terminal, as a pty's master is told it. Spec: Linux, include/uapi/asm-generic/ioctls.h: TIOCPKT_* */
enum {
	TERMINAL_INPUT_FLUSHED = 1, TERMINAL_OUTPUT_FLUSHED = 2, TERMINAL_STOPPED = 4, TERMINAL_STARTED = 8, TERMINAL_STOPS_NOT = 16, TERMINAL_STOPS = 32,
};

/* Where terminals differ. NULL: there is nothing to do. */
struct terminal_ops {
	bool is_shared; /* by families: none takes it from another */
	/* How many bytes may be written now, beside those that others have been promised. Context: under the terminal's lock. NULL: any. */
	size_t (*room)(const struct terminal *terminal);
	/* Bytes of a program, and so many more were promised it. Context: no lock held. Not NULL */
	void (*show)(struct terminal *terminal, const char *bytes, size_t count, size_t promised);
	/* What is to be shown for what was typed, and waits, as far as there is room. Context: no lock held. Not NULL */
	void (*echo)(struct terminal *terminal);
	/* A character as it is to who has the other side, or, of a pty's master, to the terminal. It is lost where there is no room. Context: no lock held. Not NULL */
	void (*send)(struct terminal *terminal, char c, bool by_master);
	/* Forgets what was written and nobody has seen, as far as that is on this side, or that of a pty's master. Context: under the terminal's lock. */
	void (*drop)(struct terminal *terminal, bool by_master);
	/* Something happened: TERMINAL_*. Context: under the terminal's lock. */
	void (*happened)(struct terminal *terminal, unsigned what);
	/* There may be room to type. Context: no lock held. */
	void (*was_read)(struct terminal *terminal);
	/* Rows and columns where no program has set them. Context: no lock held. */
	void (*window)(uint16_t size[4]);
	/* The last hold has gone. */
	void (*free)(struct terminal *terminal);
};

struct terminal {
	const struct terminal_ops *ops;
	uint32_t device; /* st_rdev */
	struct spinlock lock;
	/* W: under `lock`. */
	struct line line;
	uint16_t permissions; /* W: any. As st_mode has them */
	struct linux_owner owner; /* W: any */
	uint16_t window[4];   /* rows, columns, 0, 0 */
	size_t promised;      /* bytes that are being written */
	bool exclusive[2];    /* TIOCEXCL of it, and of a pty's master: of that only told */
	bool master_held;     /* what a pty's master types waits */
	_Atomic bool hung_up; /* it is no more than a hold of itself */
	struct linux_event event; /* something was typed, there is room for what is written, or the settings are others */
	/* W: under the lock of all. */
	struct list_node of_all;
	unsigned holds;
	unsigned session, foreground; /* 0: none */
	const struct linux_root *root; /* in whose /dev/pts it is; NULL: it has no name there */
	unsigned number;
};

/* With one hold, the caller's, in the list of all. `device`: st_rdev. */
void linux_terminal_init(struct terminal *terminal, const struct terminal_ops *ops, uint32_t device);
void linux_terminal_hold(struct terminal *terminal);
void linux_terminal_put(struct terminal *terminal);

/* Whether somebody has it for himself (TIOCEXCL), and the current thread may not open it all the same. Spec: Linux, drivers/tty/tty_io.c: tty_reopen() */
bool linux_terminal_is_taken(struct terminal *terminal);

/* An open file of a terminal, which it holds. `flags`: LINUX_O_*. Where it may not read, it is at its end; where not write, nothing is shown. NULL: memory is out. */
struct linux_file *linux_terminal_file_make(struct terminal *terminal, const struct linux_file_ops *ops, uint32_t flags, bool may_read, bool may_write);
struct terminal *linux_terminal_of(const struct linux_file *file);

/* For struct linux_file_ops. */
int64_t linux_terminal_read(struct linux_file *file, struct linux_data *data, uint64_t offset);
int64_t linux_terminal_write(struct linux_file *file, struct linux_data *data, uint64_t offset);
uint32_t linux_terminal_poll(struct linux_file *file, struct linux_waiter *waiter);
status_t linux_terminal_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type);
int64_t linux_terminal_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument);
void linux_terminal_release(struct linux_file *file);

/* The same requests, by a pty's master: of its slave, and never in the background. */
int64_t linux_terminal_control(struct terminal *terminal, struct thread *thread, uint32_t request, uint64_t argument, bool is_master);

/*
 * Before a process reads (`signal`: SIGTTIN) or changes (SIGTTOU) the terminal: STATUS_OK where it may; else it is in the background, and has been sent
 * the signal: LINUX_RESTART, or STATUS_EIO. Context: the thread's fiber.
 */
int64_t linux_terminal_background(struct terminal *terminal, struct thread *thread, int signal);

/* To its foreground, where there is one. Context: no lock held. */
void linux_terminal_signal(struct terminal *terminal, int signal);

/* The terminal was opened: it becomes that of the process's session, where the process leads one that has none, and it is nobody's. */
void linux_terminal_claim(struct terminal *terminal, struct process *process);

/* The same on request. STATUS_EPERM: it is another session's (unless `steal`), or the session has one, or is not led by the process; STATUS_EIO. */
MUST_CHECK status_t linux_terminal_take(struct terminal *terminal, struct process *process, bool steal);

/* What it is of the process's: STATUS_ENOTTY where it is another session's. */
MUST_CHECK status_t linux_terminal_numbers(struct terminal *terminal, const struct process *process, unsigned *session, unsigned *foreground);
MUST_CHECK status_t linux_terminal_set_foreground(struct terminal *terminal, const struct process *process, unsigned group);

/* The process has this terminal no more; with its leader the whole session. STATUS_ENOTTY: it never had. */
MUST_CHECK status_t linux_terminal_leave(struct terminal *terminal, struct process *process);

/* The terminal of the process's session, held; NULL: it has none. */
struct terminal *linux_terminal_own(const struct process *process);

/* It is no more: who has it open finds its end, and its session's leader hears of it. Context: as linux_file_ops.end. */
void linux_terminal_hang_up(struct terminal *terminal);

/* Gives it the lowest free number below `most` in a root's /dev/pts. STATUS_ENOSPC. */
MUST_CHECK status_t linux_terminal_name(struct terminal *terminal, const struct linux_root *root, unsigned most);

/* The one of that number there, held. NULL: there is none. */
struct terminal *linux_terminal_named(const struct linux_root *root, unsigned number);

/* The lowest number from `least` on; -1: there is none. */
int linux_terminal_next(const struct linux_root *root, unsigned least);

/* The root is no more: nor are its names. */
void linux_terminals_forget(const struct linux_root *root);

#endif
