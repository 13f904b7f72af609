// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a line discipline shows of what is typed, for line.c. Context of all: as the line's. */
#ifndef KERNEL_SYS_LINUX_LINE_ECHO_H
#define KERNEL_SYS_LINUX_LINE_ECHO_H

#include "kernel/sys/linux/line.h"

static inline bool line_has(const struct line *line, uint32_t flag)
{
	return (line->settings.local & flag) != 0;
}

/* Whether it is a byte of a character, and not its first. */
static inline bool line_goes_on(const struct line *line, uint16_t c)
{
	return (line->settings.input & LINE_IUTF8) != 0 && (c & 0xc0) == 0x80;
}

/* As it is, whatever is asked for. */
void line_echo_add(struct line *line, char c);

/* Where ECHO is on; ^X where ECHOCTL is. */
void line_echo(struct line *line, uint16_t c);

/* The same for one that is going to be typed. */
void line_echo_typed(struct line *line, uint16_t c);

/* One that stood behind all that is typed is wiped out, where ECHO is on. */
void line_echo_wipe(struct line *line, uint16_t c);

#endif
