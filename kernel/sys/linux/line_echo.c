// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/line_echo.h"

/*
 * What waits to be shown: characters, and, behind a mark, what is shown as two, MARK itself, or what has to do with columns: that the line begins here, or
 * that a tab is erased, in so many columns before it. Where that is can be said when it is shown, and not before.
 */
enum { MARK = 0xff, BEGINS = 0x81, TAB_BACK = 0x82, BEHIND_TAB = 0x80 };

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

static uint8_t at(const struct line *line, uint64_t place)
{
	return (uint8_t)line->echo[place % LINE_ECHO_BYTES];
}

/* How many bytes what stands at the tail has there. */
static unsigned tail_bytes(const struct line *line)
{
	return at(line, line->echo_tail) != MARK ? 1 : at(line, line->echo_tail + 1) != TAB_BACK ? 2 : 3;
}

static void put(struct line *line, uint8_t c)
{
	while (line->echo_head - line->echo_tail >= LINE_ECHO_BYTES)
		line->echo_tail += tail_bytes(line);
	line->echo[line->echo_head++ % LINE_ECHO_BYTES] = (char)c;
}

static void put_marked(struct line *line, uint8_t c)
{
	put(line, MARK);
	put(line, c);
}

void line_echo_add(struct line *line, char c)
{
	if ((uint8_t)c == MARK)
		put(line, MARK);
	put(line, (uint8_t)c);
}

void line_echo(struct line *line, uint16_t c)
{
	if (!line_has(line, LINE_ECHO))
		return;
	if (line_has(line, LINE_ECHOCTL) && is_control(c) && c != '\t')
		put_marked(line, (uint8_t)c);
	else
		line_echo_add(line, (char)c);
}

void line_echo_typed(struct line *line, uint16_t c)
{
	if (line->head == line->ready && line_has(line, LINE_ECHO))
		put_marked(line, BEGINS);
	line_echo(line, c);
}

/* In how many columns of those of the tab that stood behind them the last characters are shown. Spec: Linux, drivers/tty/n_tty.c: eraser() */
static uint8_t tab_before(const struct line *line)
{
	unsigned before = 0;

	for (uint64_t place = line->head; place > line->ready; place--) {
		uint16_t c = line->typed[(place - 1) % LINE_BYTES];

		if (c == '\t')
			return (uint8_t)(before % TAB_COLUMNS | BEHIND_TAB);
		if (is_control(c))
			before += line_has(line, LINE_ECHOCTL) ? 2 : 0;
		else
			before += !line_goes_on(line, c);
	}
	return (uint8_t)(before % TAB_COLUMNS);
}

void line_echo_wipe(struct line *line, uint16_t c)
{
	if (!line_has(line, LINE_ECHO))
		return;
	if (c == '\t') {
		put_marked(line, TAB_BACK);
		put(line, tab_before(line));
		return;
	}
	for (unsigned i = !is_control(c) ? 1 : line_has(line, LINE_ECHOCTL) ? 2 : 0; i > 0; i--) {
		line_echo_add(line, '\b');
		line_echo_add(line, ' ');
		line_echo_add(line, '\b');
	}
}

/* The tab ended where the next character is to be shown. */
static size_t tab_take(struct line *line, uint8_t before, char to[LINE_ECHO_MAX])
{
	unsigned columns = TAB_COLUMNS - (before & BEHIND_TAB ? before : before + line->begins_at) % TAB_COLUMNS;

	for (unsigned i = 0; i < columns; i++) {
		to[i] = '\b';
		column_back(line);
	}
	return columns;
}

/* What stands behind a mark. */
static size_t marked_take(struct line *line, char to[LINE_ECHO_MAX])
{
	uint8_t c = at(line, line->echo_tail + 1);

	if (c == TAB_BACK)
		return tab_take(line, at(line, line->echo_tail + 2), to);
	if (c == BEGINS) {
		line->begins_at = line->column;
		return 0;
	}
	line->column += c == MARK ? 1 : 2;
	to[0] = c == MARK ? (char)c : '^';
	to[1] = (char)(c ^ CONTROL_BIT);
	return c == MARK ? 1 : 2;
}

size_t line_echo_take(struct line *line, char to[LINE_ECHO_MAX])
{
	size_t count = 0;

	while (count == 0 && line->echo_tail != line->echo_head && !line_is_stopped(line)) {
		unsigned bytes = tail_bytes(line);

		if (bytes > 1) {
			count = marked_take(line, to);
		} else {
			to[count++] = (char)at(line, line->echo_tail);
			line_follow(line, to[0]);
		}
		line->echo_tail += bytes;
	}
	return count;
}

void line_echo_wait(struct line *line)
{
	while (line->echo_head - line->echo_tail > LINE_ECHO_WAITS)
		line->echo_tail += tail_bytes(line);
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
