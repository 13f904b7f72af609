// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/line_echo.h"

enum { CONTROL_BIT = 0x40, DELETE = 0x7f, TAB_COLUMNS = 8 };

static bool is_control(uint16_t c)
{
	return c < ' ' || c == DELETE;
}

static void column_back(struct line *line)
{
	line->column -= line->column > 0;
}

/* Spec: Linux, drivers/tty/n_tty.c: do_output_char() */
void line_follow(struct line *line, char c)
{
	uint32_t output = line->settings.output;

	if (!(output & LINE_OPOST))
		return;
	if (c == '\b') {
		column_back(line);
	} else if (c == '\t') {
		line->column += TAB_COLUMNS - line->column % TAB_COLUMNS;
	} else if (c == '\n' || (c == '\r' && !(output & LINE_OCRNL))) {
		line->column = c == '\r' || (output & LINE_ONLCR) != 0 ? 0 : line->column;
		line->begins_at = line->column;
	} else if (!is_control((uint8_t)c) && !line_goes_on(line, (uint8_t)c)) {
		line->column++;
	}
}

static void echo_put(struct line *line, char c)
{
	line->echo[line->echo_head++ % LINE_ECHO_BYTES] = c;
	if (line->echo_head - line->echo_tail > LINE_ECHO_BYTES)
		line->echo_tail++;
}

bool line_echo_take(struct line *line, char *c)
{
	if (line->echo_tail == line->echo_head || line_is_stopped(line))
		return false;
	*c = line->echo[line->echo_tail++ % LINE_ECHO_BYTES];
	return true;
}

void line_echo_wait(struct line *line)
{
	if (line->echo_head - line->echo_tail > LINE_ECHO_WAITS)
		line->echo_tail = line->echo_head - LINE_ECHO_WAITS;
}

void line_echo_add(struct line *line, char c)
{
	echo_put(line, c);
	line_follow(line, c);
}

static bool shows_as_two(const struct line *line, uint16_t c)
{
	return line_has(line, LINE_ECHOCTL) && is_control(c) && c != '\t';
}

void line_echo(struct line *line, uint16_t c)
{
	if (!line_has(line, LINE_ECHO))
		return;
	if (shows_as_two(line, c)) {
		echo_put(line, '^');
		echo_put(line, (char)(c ^ CONTROL_BIT));
		line->column += 2;
	} else {
		line_echo_add(line, (char)c);
	}
}

void line_echo_typed(struct line *line, uint16_t c)
{
	if (line->head == line->ready && line_has(line, LINE_ECHO))
		line->begins_at = line->column;
	line_echo(line, c);
}

/* How many columns a tab took that stands behind all that is typed of this line. Spec: Linux, drivers/tty/n_tty.c: eraser(), __process_echoes() */
static unsigned tab_columns(const struct line *line)
{
	unsigned before = 0;

	for (uint64_t at = line->head; at > line->ready; at--) {
		uint16_t c = line->typed[(at - 1) % LINE_BYTES];

		if (c == '\t')
			return TAB_COLUMNS - before % TAB_COLUMNS;
		if (is_control(c))
			before += line_has(line, LINE_ECHOCTL) ? 2 : 0;
		else
			before += !line_goes_on(line, c);
	}
	return TAB_COLUMNS - (line->begins_at + before) % TAB_COLUMNS;
}

void line_echo_wipe(struct line *line, uint16_t c)
{
	if (!line_has(line, LINE_ECHO))
		return;
	if (c == '\t') {
		for (unsigned i = tab_columns(line); i > 0; i--) {
			echo_put(line, '\b');
			column_back(line);
		}
		return;
	}
	for (unsigned i = !is_control(c) ? 1 : shows_as_two(line, c) ? 2 : 0; i > 0; i--) {
		line_echo_add(line, '\b');
		line_echo_add(line, ' ');
		line_echo_add(line, '\b');
	}
}

size_t line_output(const struct line *line, char c, char to[LINE_OUTPUT_MAX])
{
	uint32_t output = line->settings.output;
	size_t count = 0;

	if ((output & LINE_OPOST) != 0 && c == '\n' && (output & LINE_ONLCR) != 0)
		to[count++] = '\r';
	if ((output & LINE_OPOST) != 0 && c == '\r' && (output & LINE_OCRNL) != 0)
		c = '\n';
	to[count++] = c;
	return count;
}
