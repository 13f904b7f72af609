// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A terminal's line discipline: what is typed becomes lines, with erasing, echo and the characters that send signals, or bytes as they come. Pure; the
 * caller has a lock.
 *
 * Spec: POSIX.1-2017, 11.1 "Interface Characteristics"; Linux, include/uapi/asm-generic/termbits.h
 */
#ifndef KERNEL_SYS_LINUX_LINE_H
#define KERNEL_SYS_LINUX_LINE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LINE_VINTR = 0, LINE_VQUIT = 1, LINE_VERASE = 2, LINE_VKILL = 3, LINE_VEOF = 4, LINE_VTIME = 5, LINE_VMIN = 6, LINE_VSTART = 8, LINE_VSTOP = 9,
	LINE_VSUSP = 10, LINE_VEOL = 11, LINE_VREPRINT = 12, LINE_VWERASE = 14, LINE_VLNEXT = 15, LINE_VEOL2 = 16, LINE_NCCS = 19,
};

/* Of c_iflag, c_oflag, c_lflag. */
enum { LINE_ISTRIP = 040, LINE_INLCR = 0100, LINE_IGNCR = 0200, LINE_ICRNL = 0400, LINE_IXON = 02000, LINE_IXANY = 04000, LINE_IUTF8 = 040000 };
enum { LINE_OPOST = 01, LINE_ONLCR = 04, LINE_OCRNL = 010 };
enum {
	LINE_ISIG = 01, LINE_ICANON = 02, LINE_ECHO = 010, LINE_ECHOE = 020, LINE_ECHOK = 040, LINE_ECHONL = 0100, LINE_NOFLSH = 0200, LINE_TOSTOP = 0400,
	LINE_ECHOCTL = 01000, LINE_ECHOKE = 04000, LINE_IEXTEN = 0100000,
};

/* struct termios of the system calls. */
struct line_settings {
	uint32_t input, output, control, local;
	uint8_t discipline;
	uint8_t chars[LINE_NCCS];
};

static_assert(sizeof(struct line_settings) == 36, "asm-generic/termbits.h: struct termios");

enum { LINE_BYTES = 4096, LINE_ECHO_BYTES = 4096, LINE_ECHO_WAITS = 3807, LINE_ECHO_MAX = 8, LINE_OUTPUT_MAX = 2 };

struct line {
	struct line_settings settings;
	/* What was typed, from `tail` to `head`, counted from the start; up to `ready` it can be read. An end of file is a mark, not a byte; ends of lines are marked. */
	uint64_t head, ready, tail;
	uint16_t typed[LINE_BYTES];
	bool literal; /* the next one is a character like any other */
	bool stopped, held; /* output: by a character, by a program */
	/* Columns: where the next character is shown, and where this line's first was; they are followed where OPOST is on. */
	unsigned column, begins_at;
	/* What is to be shown, from `echo_tail` to `echo_head`, counted from the start; the caller takes it. What there is no room for is the oldest of it. */
	uint64_t echo_head, echo_tail;
	bool echo_now; /* as output goes on; W: the caller, too, when it has taken it */
	char echo[LINE_ECHO_BYTES];
};

void line_init(struct line *line);

/* A byte was typed. Returns the signal that it sends, or 0. */
int line_type(struct line *line, uint8_t byte);

/*
 * How many bytes can be typed before some are lost. Of a line that is too long each is lost but its end, which must be able to come: there is room for
 * one then.
 */
size_t line_room(const struct line *line);

/* What is to be shown for a character that is written, or echoed: how many characters. */
size_t line_output(const struct line *line, char c, char to[LINE_OUTPUT_MAX]);

/* A character was written: what is typed next is shown behind it. What is echoed does that itself. */
void line_follow(struct line *line, char c);

/* The next characters to be shown for what was typed, how many; 0: there is nothing, or output is stopped. */
size_t line_echo_take(struct line *line, char to[LINE_ECHO_MAX]);

/* How many bytes of that there are, marks among them. */
static inline size_t line_echo_waits(const struct line *line)
{
	return (size_t)(line->echo_head - line->echo_tail);
}

/* The caller has taken what it can: of what is left, so much waits. Spec: Linux, drivers/tty/n_tty.c: ECHO_DISCARD_WATERMARK */
void line_echo_wait(struct line *line);

/* Whether nothing is to be written for now, as was typed, or a program said. */
bool line_is_stopped(const struct line *line);
void line_hold(struct line *line, bool hold);

/* Bytes that can be read now: of a line, or one more than none where its end of file waits. */
bool line_is_ready(const struct line *line);

/* How many bytes could be read. */
size_t line_count(const struct line *line);

/* Takes what can be read: in lines at most one. `more`: there was not room for all of that. */
size_t line_read(struct line *line, void *to, size_t room, bool *more);

/* Forgets what was typed. */
void line_flush(struct line *line);

/* Other settings: what was typed stays, and can be read. */
void line_set(struct line *line, const struct line_settings *settings);

#endif
