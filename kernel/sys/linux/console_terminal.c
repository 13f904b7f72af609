// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The machine's console as a terminal. What is typed goes through the line discipline when it comes, on CPU 0, so that ^C works while nobody reads; what
 * programs write goes to the log's ring as it is. Its window's size is the console's, or what a program has set.
 */
#include "kernel/console_methods.h"
#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/io/console.h"
#include "kernel/io/console_input.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/terminal.h"
#include "kernel/sys/linux/terminal_state.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { DEVICE = 5 << 8 | 1, ECHO_PART_BYTES = 64 };

static struct terminal *console; /* W: begin(), under: */
static struct spinlock begin_lock;

static void console_show(struct terminal *terminal, const char *bytes, size_t count, size_t promised)
{
	size_t begins = count;

	(void)promised;
	while (begins > 0 && bytes[begins - 1] != '\n')
		begins--;
	spinlock_take(&terminal->lock);
	for (size_t i = begins > 0 ? begins - 1 : 0; i < count; i++)
		line_follow(&terminal->line, bytes[i]);
	spinlock_give(&terminal->lock);
	log_bytes(bytes, count);
}

static void console_echo(struct terminal *terminal)
{
	char bytes[ECHO_PART_BYTES];
	size_t count;

	do {
		count = 0;
		spinlock_take(&terminal->lock);
		for (size_t taken = 1; taken > 0 && count <= sizeof(bytes) - LINE_ECHO_MAX; count += taken)
			taken = line_echo_take(&terminal->line, bytes + count);
		if (count <= sizeof(bytes) - LINE_ECHO_MAX)
			line_echo_wait(&terminal->line);
		spinlock_give(&terminal->lock);
		if (count > 0)
			log_bytes(bytes, count);
	} while (count > sizeof(bytes) - LINE_ECHO_MAX);
}

static void console_send(struct terminal *terminal, char c, bool by_master)
{
	(void)terminal;
	(void)by_master;
	log_bytes(&c, 1);
}

static void console_window(uint16_t size[4])
{
	uint32_t now = console_window_size();

	size[0] = (uint16_t)now;
	size[1] = (uint16_t)(now >> 16);
}

static const struct terminal_ops console_ops = {
	.is_shared = true, .show = console_show, .echo = console_echo, .send = console_send, .window = console_window,
};

static void typed(uint8_t byte)
{
	int signal;

	spinlock_take(&console->lock);
	signal = line_type(&console->line, byte);
	spinlock_give(&console->lock);
	console_echo(console);
	if (signal != 0)
		linux_terminal_signal(console, signal);
}

/* Context: the console's fiber. */
static void input_changed(struct console_input_listener *listener)
{
	uint8_t bytes[64];
	size_t count;

	(void)listener;
	while ((count = console_input_read(bytes, sizeof(bytes))) > 0)
		for (size_t i = 0; i < count; i++)
			typed(bytes[i]);
	linux_event_raise(&console->event);
}

static struct console_input_listener listener = { .changed = input_changed };

/* Makes it when the first opens it, and begins to listen when the first may read. */
static status_t begin(bool may_read)
{
	static bool listens;
	struct terminal *made = console == NULL ? calloc(1, sizeof(*made)) : NULL;
	bool listen;

	spinlock_take(&begin_lock);
	if (console == NULL && made != NULL) {
		linux_terminal_init(made, &console_ops, DEVICE);
		console = made;
		made = NULL;
	}
	listen = console != NULL && may_read && !listens;
	listens |= listen;
	spinlock_give(&begin_lock);
	free(made);
	if (listen && console_input_start() == STATUS_OK)
		console_input_listen(&listener);
	return console != NULL ? STATUS_OK : STATUS_ENOMEM;
}

static const struct linux_file_ops file_ops = {
	.name = "/dev/console",
	.is_stream = true,
	.read = linux_terminal_read,
	.write = linux_terminal_write,
	.poll = linux_terminal_poll,
	.stat = linux_terminal_stat,
	.ioctl = linux_terminal_ioctl,
	.release = linux_terminal_release,
};

status_t linux_terminal_open(struct process *process, uint32_t flags, struct linux_file **out)
{
	uint32_t rights = process->personality->root->console_rights;
	bool may_read = (rights & CAPOS_CONSOLE_RIGHT_READ) != 0;

	if (rights == 0)
		return STATUS_EACCES;
	if (begin(may_read) != STATUS_OK)
		return STATUS_ENOMEM;
	if (linux_terminal_is_taken(console))
		return STATUS_EBUSY;
	*out = linux_terminal_file_make(console, &file_ops, flags, may_read, (rights & CAPOS_CONSOLE_RIGHT_WRITE) != 0);
	if (*out == NULL)
		return STATUS_ENOMEM;
	if (!(flags & LINUX_O_NOCTTY))
		linux_terminal_claim(console, process);
	return STATUS_OK;
}
