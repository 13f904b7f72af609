// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/line_echo.h"

/* What is kept with a character: `ENDS` is the last one of its line, `END_OF_FILE` is none, and ends what stands before it. */
enum { END_OF_FILE = 0x100, ENDS = 0x200 };

enum { SIGNAL_INTERRUPT = 2, SIGNAL_QUIT = 3, SIGNAL_STOP = 20, DISABLED = 0 };

void line_init(struct line *line)
{
	line->settings = (struct line_settings){
		.input = LINE_ICRNL | LINE_IXON,
		.output = LINE_OPOST | LINE_ONLCR,
		.control = 0277, /* B38400, CS8, CREAD */
		.local = LINE_ISIG | LINE_ICANON | LINE_ECHO | LINE_ECHOE | LINE_ECHOK | LINE_ECHOCTL | LINE_ECHOKE | LINE_IEXTEN,
		.chars = { 3, 034, 0177, 025, 4, 0, 1, 0, 021, 023, 032, 0, 022, 017, 027, 026 },
	};
	line->head = line->ready = line->tail = 0;
	line->literal = line->stopped = line->held = false;
	line->column = line->begins_at = 0;
	line->echo_head = line->echo_tail = 0;
	line->echo_now = false;
}

static bool is_char(const struct line *line, unsigned which, uint8_t byte)
{
	return line->settings.chars[which] == byte && byte != DISABLED;
}

static void type_add(struct line *line, uint16_t c)
{
	/* The last place is kept for an end of line. */
	if (line->head - line->tail < LINE_BYTES - 1u || (line->head - line->tail < LINE_BYTES && (c & (ENDS | END_OF_FILE)) != 0))
		line->typed[line->head++ % LINE_BYTES] = c;
}

/* How many bytes the last character of this line has; 0: there is none, or only a part of one. */
static unsigned last_bytes(const struct line *line)
{
	for (uint64_t at = line->head; at > line->ready; at--)
		if (!line_goes_on(line, line->typed[(at - 1) % LINE_BYTES]))
			return (unsigned)(line->head - at) + 1;
	return 0;
}

/* Takes the last character back, and from what is shown. False: there is none in this line. */
static bool erase(struct line *line)
{
	unsigned bytes = last_bytes(line);

	if (bytes == 0)
		return false;
	line->head -= bytes;
	line_echo_wipe(line, line->typed[line->head % LINE_BYTES]);
	return true;
}

/* Where it cannot be taken from what is shown, that it was is shown. Spec: Linux, drivers/tty/n_tty.c: eraser() */
static void erase_last(struct line *line, uint8_t byte)
{
	unsigned bytes = last_bytes(line);

	if (line_has(line, LINE_ECHOE)) {
		(void)erase(line);
	} else if (bytes > 0) {
		line->head -= bytes;
		line_echo(line, byte);
	}
}

static void erase_all(struct line *line, uint8_t byte)
{
	if (last_bytes(line) == 0)
		return;
	if (line_has(line, LINE_ECHOE) && line_has(line, LINE_ECHOK) && line_has(line, LINE_ECHOKE)) {
		while (erase(line))
			;
		return;
	}
	line->head = line->ready;
	line_echo(line, byte);
	if (line_has(line, LINE_ECHO) && line_has(line, LINE_ECHOK))
		line_echo_add(line, '\n');
}

/* As Linux has it: letters of Latin-1, among which the first bytes of longer characters are. */
static bool is_of_word(uint16_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

static void erase_word(struct line *line)
{
	bool begun = false;
	unsigned bytes;

	while ((bytes = last_bytes(line)) > 0) {
		bool of_word = is_of_word(line->typed[(line->head - bytes) % LINE_BYTES]);

		if (begun && !of_word)
			return;
		begun |= of_word;
		(void)erase(line);
	}
}

static void reprint(struct line *line)
{
	line_echo(line, line->settings.chars[LINE_VREPRINT]);
	line_echo_add(line, '\n');
	for (uint64_t at = line->ready; at < line->head; at++)
		line_echo(line, line->typed[at % LINE_BYTES]);
}

/* That one follows which is a character like any other: by what it is shown over. */
static void literal_show(struct line *line)
{
	if (line_has(line, LINE_ECHO) && line_has(line, LINE_ECHOCTL)) {
		line_echo_add(line, '^');
		line_echo_add(line, '\b');
	}
}

static int signal_of(const struct line *line, uint8_t byte)
{
	if (!line_has(line, LINE_ISIG))
		return 0;
	return is_char(line, LINE_VINTR, byte) ? SIGNAL_INTERRUPT : is_char(line, LINE_VQUIT, byte) ? SIGNAL_QUIT :
	       is_char(line, LINE_VSUSP, byte) ? SIGNAL_STOP : 0;
}

/* A character of a line that means something to the line. */
static bool edit(struct line *line, uint8_t byte)
{
	bool extended = line_has(line, LINE_IEXTEN);

	if (is_char(line, LINE_VERASE, byte)) {
		erase_last(line, byte);
	} else if (is_char(line, LINE_VKILL, byte)) {
		erase_all(line, byte);
	} else if (extended && is_char(line, LINE_VWERASE, byte)) {
		erase_word(line);
	} else if (extended && is_char(line, LINE_VREPRINT, byte) && line_has(line, LINE_ECHO)) {
		reprint(line);
	} else if (extended && is_char(line, LINE_VLNEXT, byte)) {
		line->literal = true;
		literal_show(line);
	} else if (is_char(line, LINE_VEOF, byte) && byte != '\n') {
		type_add(line, END_OF_FILE);
		line->ready = line->head;
	} else {
		return false;
	}
	return true;
}

static bool ends_line(const struct line *line, uint8_t byte)
{
	return byte == '\n' || is_char(line, LINE_VEOL, byte) || (line_has(line, LINE_IEXTEN) && is_char(line, LINE_VEOL2, byte));
}

/* What the input flags make of it; false: nothing. */
static bool input_change(const struct line *line, uint8_t *byte)
{
	uint32_t input = line->settings.input;

	if (*byte == '\r' && (input & LINE_IGNCR))
		return false;
	if (*byte == '\r' && (input & LINE_ICRNL))
		*byte = '\n';
	else if (*byte == '\n' && (input & LINE_INLCR))
		*byte = '\r';
	return true;
}

static void output_goes_on(struct line *line)
{
	line->stopped = false;
	line->echo_now = true;
}

/* Whether output was stopped, or goes on, by a character that is nothing else. */
static bool controls_output(struct line *line, uint8_t byte)
{
	if (!(line->settings.input & LINE_IXON))
		return false;
	if (is_char(line, LINE_VSTART, byte))
		output_goes_on(line);
	else if (is_char(line, LINE_VSTOP, byte))
		line->stopped = true;
	else
		return false;
	return true;
}

static void interrupt(struct line *line, uint8_t byte)
{
	if (!line_has(line, LINE_NOFLSH)) {
		line_flush(line);
		line->echo_tail = line->echo_head;
	}
	if (line->settings.input & LINE_IXON)
		line->stopped = false;
	line_echo(line, byte);
}

/* One that neither sends a signal nor has to do with output. `shows`: as an end of line, where it is one, and not as a character. */
static void character(struct line *line, uint8_t byte, bool literal, bool shows)
{
	bool in_lines = line_has(line, LINE_ICANON);
	bool ends = in_lines && !literal && ends_line(line, byte);

	if (byte != '\n' || !shows)
		line_echo_typed(line, byte);
	else if (line_has(line, LINE_ECHO) || (line_has(line, LINE_ECHONL) && in_lines))
		line_echo_add(line, '\n');
	type_add(line, ends ? byte | ENDS : byte);
	if (ends || !in_lines)
		line->ready = line->head;
}

/* In Linux's order. Spec: Linux, drivers/tty/n_tty.c: n_tty_receive_char_special() */
int line_type(struct line *line, uint8_t byte)
{
	const uint32_t any = LINE_IXON | LINE_IXANY;
	bool literal = line->literal;
	bool shows;
	int signal;

	line->literal = false;
	if (line->settings.input & LINE_ISTRIP)
		byte &= 0x7f;
	if (!literal && controls_output(line, byte))
		return 0;
	signal = literal ? 0 : signal_of(line, byte);
	if (signal != 0) {
		interrupt(line, byte);
		return signal;
	}
	if ((line->settings.input & any) == any && line->stopped)
		output_goes_on(line);
	shows = !literal && (byte != '\n' || line_has(line, LINE_ICANON));
	if (!literal && !input_change(line, &byte))
		return 0;
	if (literal || !line_has(line, LINE_ICANON) || !edit(line, byte))
		character(line, byte, literal, shows);
	return 0;
}

size_t line_room(const struct line *line)
{
	size_t used = (size_t)(line->head - line->tail);
	size_t room = used < LINE_BYTES - 1u ? LINE_BYTES - 1u - used : 0;

	return room == 0 && line_has(line, LINE_ICANON) && !line_is_ready(line) ? 1 : room;
}

bool line_is_stopped(const struct line *line)
{
	return line->stopped || line->held;
}

void line_hold(struct line *line, bool hold)
{
	if (line->held && !hold)
		line->stopped = false;
	line->held = hold;
}

bool line_is_ready(const struct line *line)
{
	return line->ready > line->tail;
}

size_t line_count(const struct line *line)
{
	size_t count = 0;

	for (uint64_t at = line->tail; at < line->ready; at++)
		count += line->typed[at % LINE_BYTES] != END_OF_FILE;
	return count;
}

size_t line_read(struct line *line, void *to, size_t room, bool *more)
{
	uint8_t *bytes = to;
	size_t count = 0;

	*more = true;
	while (*more && line->tail < line->ready) {
		uint16_t c = line->typed[line->tail % LINE_BYTES];

		if (count == room && c != END_OF_FILE)
			return count;
		line->tail++;
		if (c != END_OF_FILE) /* behind bytes it only ended their line; alone it is the end of the file */
			bytes[count++] = (uint8_t)c;
		*more = (c & (ENDS | END_OF_FILE)) == 0;
	}
	*more = false;
	return count;
}

void line_flush(struct line *line)
{
	line->tail = line->ready = line->head;
}

/* What was typed is bytes from now on, or, where `in_lines`, one line. Spec: Linux, drivers/tty/n_tty.c: n_tty_set_termios() */
static void lines_change(struct line *line, bool in_lines)
{
	for (uint64_t at = line->tail; at < line->head; at++)
		line->typed[at % LINE_BYTES] &= 0xff;
	if (in_lines && line->head > line->tail)
		line->typed[(line->head - 1) % LINE_BYTES] |= ENDS;
	line->ready = line->head;
	line->literal = false;
}

void line_set(struct line *line, const struct line_settings *settings)
{
	bool was_lines = line_has(line, LINE_ICANON);

	line->settings = *settings;
	if (!(settings->input & LINE_IXON))
		line->stopped = false;
	if (was_lines != line_has(line, LINE_ICANON))
		lines_change(line, !was_lines);
}
