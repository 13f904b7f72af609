// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Pseudo-terminals. The slave is a terminal like any other; who has the master types there and sees what is written, which waits in a ring:
 *
 *	master writes -> line_type() -> the line's own ring -> slave reads
 *	                     | echo
 *	master reads <- `output` <- line_output() <- slave writes
 *
 * Neither ring grows: who writes waits until the other side reads. Who types does not wait for the echo, as it may read only when it has typed: that
 * waits with the line, until more is typed or written, and is lost in the end.
 *
 * Spec: Linux, drivers/tty/pty.c; include/uapi/asm-generic/ioctls.h
 */
#include "kernel/sys/linux/pty.h"

#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/copy.h"

enum { OUTPUT_BYTES = LINUX_PTY_OUTPUT_BYTES, PART_BYTES = 1024, ECHO_PART_BYTES = 256, MASTERS_BYTES = 4095 };

/* How many characters there is room for beside those that were promised, each of which may become two. */
static size_t pty_room(const struct terminal *terminal)
{
	const struct linux_pty *pty = linux_pty_of(terminal);

	return (OUTPUT_BYTES - (size_t)(pty->head - pty->tail)) / LINE_OUTPUT_MAX - terminal->promised;
}

static void put(struct linux_pty *pty, char c)
{
	char out[LINE_OUTPUT_MAX];
	size_t count = line_output(&pty->terminal.line, c, out);

	for (size_t i = 0; i < count; i++)
		pty->output[pty->head++ % OUTPUT_BYTES] = out[i];
}

/* Under the lock. */
static void echo_put(struct linux_pty *pty)
{
	char shown[LINE_ECHO_MAX];
	size_t count = 1;

	while (count > 0 && pty_room(&pty->terminal) >= LINE_ECHO_MAX) {
		count = line_echo_take(&pty->terminal.line, shown);
		for (size_t i = 0; i < count; i++)
			put(pty, shown[i]);
	}
	line_echo_wait(&pty->terminal.line);
	pty->terminal.line.echo_now = false;
}

static void pty_echo(struct terminal *terminal)
{
	struct linux_pty *pty = linux_pty_of(terminal);
	uint64_t before;
	bool shown;

	spinlock_take(&terminal->lock);
	before = pty->head;
	echo_put(pty);
	shown = pty->head != before;
	spinlock_give(&terminal->lock);
	if (shown)
		linux_event_raise(&pty->master);
}

static void pty_show(struct terminal *terminal, const char *bytes, size_t count, size_t promised)
{
	struct linux_pty *pty = linux_pty_of(terminal);

	spinlock_take(&terminal->lock);
	terminal->promised -= promised;
	for (size_t i = 0; i < count; i++) {
		line_follow(&terminal->line, bytes[i]);
		put(pty, bytes[i]);
	}
	spinlock_give(&terminal->lock);
	linux_event_raise(&pty->master);
}

static void pty_was_read(struct terminal *terminal)
{
	linux_event_raise(&linux_pty_of(terminal)->master);
}

/* What was written first is the master's already. Spec: Linux, drivers/tty/pty.c: pty_flush_buffer(); drivers/tty/n_tty.c: n_tty_flush_buffer() */
static void pty_drop(struct terminal *terminal, bool by_master)
{
	struct linux_pty *pty = linux_pty_of(terminal);
	uint64_t between = pty->head - pty->tail < MASTERS_BYTES ? pty->head : pty->tail + MASTERS_BYTES;

	if (by_master)
		pty->tail = between;
	else
		pty->head = between;
}

/* The newest of two that are each other's end. */
static void pty_happened(struct terminal *terminal, unsigned what)
{
	static const unsigned flow = TERMINAL_STOPPED | TERMINAL_STARTED;
	static const unsigned settings = TERMINAL_STOPS_NOT | TERMINAL_STOPS;
	struct linux_pty *pty = linux_pty_of(terminal);
	unsigned ended = (what & flow) != 0 ? flow : (what & settings) != 0 ? settings : 0;

	if (pty->is_packet)
		pty->happened = (uint8_t)((pty->happened & ~ended) | what);
}

static void pty_free(struct terminal *terminal)
{
	struct linux_pty *pty = linux_pty_of(terminal);
	struct budget *budget = pty->budget;

	free(pty);
	budget_credit_bytes(budget, sizeof(*pty));
	budget_put(budget);
}

/*
 * Types some of the bytes, up to one that sends a signal, which is told; how many. What is echoed is shown at the end of all, as a signal has it forgotten,
 * with what was shown since all began, `*from`.
 * Spec: Linux, drivers/tty/n_tty.c: commit_echoes(), isig()
 */
static size_t type(struct linux_pty *pty, const uint8_t *bytes, size_t count, uint64_t *from, int *signal)
{
	struct line *line = &pty->terminal.line;
	size_t done = 0;

	*signal = 0;
	spinlock_take(&pty->terminal.lock);
	*from = *from < pty->head ? *from : pty->head;
	while (done < count && *signal == 0) {
		bool stopped = line_is_stopped(line);

		*signal = line_type(line, bytes[done++]);
		if (stopped != line_is_stopped(line))
			pty_happened(&pty->terminal, stopped ? TERMINAL_STARTED : TERMINAL_STOPPED);
		if (*signal != 0 && !(line->settings.local & LINE_NOFLSH)) {
			pty->head = *from > pty->tail ? *from : pty->tail;
			pty_drop(&pty->terminal, false);
			pty_happened(&pty->terminal, TERMINAL_INPUT_FLUSHED | TERMINAL_OUTPUT_FLUSHED);
		}
		if (done == count || line->echo_now || line_echo_waits(line) >= ECHO_PART_BYTES)
			echo_put(pty);
	}
	pty->typing -= done;
	spinlock_give(&pty->terminal.lock);
	linux_event_raise(&pty->terminal.event);
	linux_event_raise(&pty->master); /* what is echoed */
	return done;
}

static void type_all(struct linux_pty *pty, const uint8_t *bytes, size_t count)
{
	uint64_t from = UINT64_MAX;
	int signal;

	for (size_t done = 0; done < count;) {
		done += type(pty, bytes + done, count - done, &from, &signal);
		if (signal != 0)
			linux_terminal_signal(&pty->terminal, signal);
	}
}

static void pty_send(struct terminal *terminal, char c, bool by_master)
{
	struct linux_pty *pty = linux_pty_of(terminal);
	uint8_t typed = (uint8_t)c;

	spinlock_take(&terminal->lock);
	if (by_master)
		pty->typing++;
	else if (pty_room(terminal) > 0)
		pty->output[pty->head++ % OUTPUT_BYTES] = c;
	spinlock_give(&terminal->lock);
	if (by_master)
		type_all(pty, &typed, 1);
	else
		linux_event_raise(&pty->master);
}

const struct terminal_ops linux_pty_ops = { .room = pty_room, .show = pty_show, .echo = pty_echo, .send = pty_send, .drop = pty_drop,
	.was_read = pty_was_read, .happened = pty_happened, .free = pty_free };

/* How many may be typed now, beside those that are being typed. Under the lock. */
static size_t typing_room(const struct linux_pty *pty)
{
	size_t room = pty->terminal.master_held ? 0 : line_room(&pty->terminal.line);

	return room > pty->typing ? room - pty->typing : 0;
}

int64_t linux_pty_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct linux_pty *pty = linux_pty_of(linux_terminal_of(file));
	uint8_t bytes[PART_BYTES];
	int64_t done = 0;
	int64_t taken = 0;

	(void)offset;
	for (bool more = data->left > 0; more; more = taken > 0 && data->left > 0) {
		size_t part = data->left < PART_BYTES ? (size_t)data->left : PART_BYTES;

		if (done > 0 && data->thread != NULL)
			linux_give_way(data->thread); /* what only the line takes needs no room */
		spinlock_take(&pty->terminal.lock);
		part = part < typing_room(pty) ? part : typing_room(pty);
		pty->typing += part;
		spinlock_give(&pty->terminal.lock);
		taken = part > 0 ? linux_data_take(data, bytes, part) : STATUS_EAGAIN;
		type_all(pty, bytes, taken > 0 ? (size_t)taken : 0);
		spinlock_take(&pty->terminal.lock);
		pty->typing -= part - (taken > 0 ? (size_t)taken : 0);
		spinlock_give(&pty->terminal.lock);
		done += taken > 0 ? taken : 0;
	}
	return done > 0 ? done : taken;
}

/* Under the lock. */
static size_t bytes_take(struct linux_pty *pty, char *to, size_t room)
{
	size_t count = (size_t)(pty->head - pty->tail);

	count = count < room ? count : room;
	for (size_t i = 0; i < count; i++)
		to[i] = pty->output[pty->tail++ % OUTPUT_BYTES];
	return count;
}

/* What happened, or 0 and bytes that were written, if there are any. Under the lock. Spec: ioctl_tty(2), "Packet mode" */
static size_t packet_take(struct linux_pty *pty, char *to, size_t room)
{
	to[0] = (char)pty->happened;
	pty->happened = 0;
	if (to[0] != 0)
		return 1;
	return pty->head != pty->tail ? 1 + bytes_take(pty, to + 1, room - 1) : 0;
}

/*
 * Takes what is to be read, at most `room` bytes, which are not none. `begins`: the next packet begins with it, where those are asked for, and still does
 * afterwards if that was all of this one. STATUS_EAGAIN; STATUS_EIO: nobody has the slave open any more.
 */
static int64_t output_take(struct linux_pty *pty, char *to, size_t room, bool *begins)
{
	size_t count;
	bool closed;

	spinlock_take(&pty->terminal.lock);
	count = *begins && pty->is_packet ? packet_take(pty, to, room) : bytes_take(pty, to, room);
	*begins = *begins && pty->is_packet && count > 0 && to[0] != 0;
	closed = pty->was_opened && pty->slaves == 0;
	spinlock_give(&pty->terminal.lock);
	return count > 0 ? (int64_t)count : closed ? STATUS_EIO : STATUS_EAGAIN;
}

int64_t linux_pty_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct linux_pty *pty = linux_pty_of(linux_terminal_of(file));
	char bytes[PART_BYTES];
	int64_t done = 0;
	int64_t got = 0;
	bool begins = true;

	(void)offset;
	for (bool more = data->left > 0; more; more = got > 0 && data->left > 0 && !begins) {
		got = output_take(pty, bytes, data->left < PART_BYTES ? (size_t)data->left : PART_BYTES, &begins);
		if (got > 0)
			got = linux_data_give(data, bytes, (size_t)got);
		done += got > 0 ? got : 0;
	}
	if (done > 0)
		linux_event_raise(&pty->terminal.event);
	return done > 0 ? done : got;
}

uint32_t linux_pty_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct linux_pty *pty = linux_pty_of(linux_terminal_of(file));
	uint32_t now = 0;

	linux_poll_wait(waiter, &pty->master);
	spinlock_take(&pty->terminal.lock);
	if (pty->head != pty->tail)
		now |= LINUX_POLLIN | LINUX_POLLRDNORM;
	if (pty->happened != 0)
		now |= LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLPRI;
	if (typing_room(pty) > 0)
		now |= LINUX_POLLOUT | LINUX_POLLWRNORM;
	if (pty->was_opened && pty->slaves == 0)
		now |= LINUX_POLLHUP;
	spinlock_give(&pty->terminal.lock);
	return now;
}
