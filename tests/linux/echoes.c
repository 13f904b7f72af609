// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a terminal shows of what is typed, and when; and which of what it means comes first. */
#include "tests/linux/typing.h"

enum { LONG = 3000, WAITS = 3800, PAUSE_US = 25000 };

#define SEVEN "\b\b\b\b\b\b\b"

/* As many columns as it took, from where the line begins or the last tab stopped. */
static void a_tab_is_taken_back_whole(void)
{
	struct termios now;

	begin();
	CLAIM(writes(master, "a\tb\177\177\n") && READS(slave, "a\n") && READS(master, "a\tb\b \b" SEVEN "\r\n"));
	CLAIM(writes(slave, "one\r$ ") && READS(master, "one\r$ ") && writes(master, "\t\177\n") && READS(slave, "\n") && READS(master, "\t\b\b\b\b\b\b\r\n"));
	CLAIM(writes(slave, "a\tab\b") && READS(master, "a\tab\b") && writes(master, "xy\t\177\n") && READS(slave, "xy\n") && READS(master, "xy\t\b\b\b\b\b\r\n"));
	CLAIM(writes(master, "a\001\t\t\177\177\177\t\177\n") && READS(slave, "a\n"));
	CLAIM(READS(master, "a^A\t\t\b" SEVEN "\b\b\b\b\b\b \b\b \b\t" SEVEN "\r\n"));
	CLAIM(writes(master, "a\tb\t\025\t\177\n") && READS(slave, "\n") && READS(master, "a\tb\t" SEVEN "\b \b" SEVEN "\b \b\t\b" SEVEN "\r\n"));
	input(0, IUTF8);
	CLAIM(writes(master, "a\303\244\t\177\n") && READS(slave, "a\303\244\n") && READS(master, "a\303\244\t\b\b\b\b\b\b\r\n"));
	CLAIM(tcgetattr(slave, &now) == 0 && (now.c_oflag &= ~(tcflag_t)OPOST, tcsetattr(slave, TCSANOW, &now)) == 0);
	CLAIM(writes(slave, "abc") && READS(master, "abc") && writes(master, "de\t\177\n") && READS(slave, "de\n") && READS(master, "de\t\b\b\b\b\b\b\n"));
	end();
}

/* Nothing is wiped out of what was not shown, an end of line that ends none is a character, and what is not shown again is one, too. */
static void what_is_shown_otherwise(void)
{
	begin();
	CLAIM(writes(master, "a\026\n\026\n\177b\n") && READS(slave, "a\nb\n") && READS(master, "a^\b^J^\b^J\b \b\b \bb\r\n"));
	mode(ECHOCTL, 0, 0, 0);
	CLAIM(writes(master, "a\001\177\177\n") && READS(slave, "\n") && READS(master, "a\001\b \b\r\n"));
	mode(ECHO, ECHONL, 0, 0);
	CLAIM(writes(master, "a\022b\n") && READS(slave, "a\022b\n") && READS(master, "\r\n"));
	mode(ICANON, 0, 1, 0);
	CLAIM(writes(master, "a\n") && READS(slave, "a\n") && nothing_happened());
	end();
}

static int reads_on(int fd, char *to, size_t due)
{
	struct pollfd asked = { .fd = fd, .events = POLLIN };
	size_t done = 0;

	for (ssize_t count = 1; done < due && count > 0; done += count > 0 ? (size_t)count : 0)
		count = poll(&asked, 1, 2000) == 1 ? read(fd, to + done, due - done) : -1;
	return done == due;
}

/* The rest, behind WAITS. */
static size_t read_all(int fd)
{
	size_t done = 0;

	while (poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, PAUSE_US / 1000) == 1 && reads_on(fd, got + WAITS + done, 1))
		done++;
	return done;
}

/* What is echoed waits while output is stopped, but not for ever, nor all of it; before anything else is written. */
static void what_is_echoed_waits(void)
{
	static char line[LONG];
	size_t left = 0;

	begin();
	CLAIM(writes(master, "\023ab\n") && READS(slave, "ab\n") && nothing_happened() && writes(master, "\021") && READS(master, "ab\r\n"));
	CLAIM(tcflow(slave, TCOOFF) == 0 && writes(master, "c\n") && READS(slave, "c\n") && nothing_happened() && tcflow(slave, TCOON) == 0);
	CLAIM(writes(slave, "d") && READS(master, "c\r\nd") && writes(master, "\023e\n") && READS(slave, "e\n") && nothing_happened());
	input(IXON, 0);
	CLAIM(READS(master, "e\r\n"));
	input(0, IXON);
	CLAIM(writes(master, "\023ab") && usleep(PAUSE_US) == 0 && writes(master, "\003") && READS(master, "^C"));
	memset(line, 'x', LONG);
	CLAIM(write(master, line, LONG) == LONG && reads_on(master, got, LONG) && writes(master, "\022"));
	CLAIM(reads_on(master, got, LONG + 4) && memcmp(got, "^R\r\n", 4) == 0 && memcmp(got + 4, line, LONG) == 0 && nothing_happened());
	CLAIM(tcflush(slave, TCIFLUSH) == 0);
	for (int i = 0; i < LONG; i++)
		line[i] = (char)('0' + i % 10);
	CLAIM(writes(master, "\023") && write(master, line, LONG - 1) == LONG - 1 && writes(master, "\n") && has(slave, LONG) && read(slave, got, LONG) == LONG);
	CLAIM(write(master, line, LONG) == LONG && usleep(2 * PAUSE_US) == 0 && writes(master, "\021") && reads_on(master, got, WAITS) && (left = read_all(master)) < 10);
	CLAIM(memcmp(got + WAITS + left - LONG - 3, "8\r\n", 3) == 0 && memcmp(got + WAITS + left - LONG, line, LONG) == 0);
	end();
}

/* What is typed at once is shown at its end, or when output goes on: a signal has it forgotten before. */
static void a_signal_forgets_what_is_echoed(void)
{
	begin();
	CLAIM(writes(master, "ab\003c") && READS(master, "^Cc") && writes(master, "d\034e\003") && READS(master, "^C"));
	CLAIM(writes(master, "\023ab") && nothing_happened() && writes(master, "\021\023") && READS(master, "ab") && writes(master, "c") && nothing_happened());
	CLAIM(writes(master, "\021") && READS(master, "c"));
	mode(0, NOFLSH, 0, 0);
	CLAIM(writes(master, "d\003e\n") && READS(master, "d^Ce\r\n") && READS(slave, "abcde\n"));
	end();
}

static void becomes(int which, unsigned char c)
{
	struct termios now;

	CLAIM(tcgetattr(slave, &now) == 0);
	now.c_cc[which] = c;
	CLAIM(tcsetattr(slave, TCSANOW, &now) == 0);
}

/* Characters mean what they are, before they become others; an end of line is one before it is anything else. */
static void meanings_have_an_order(void)
{
	begin();
	becomes(VSTART, '\r');
	CLAIM(writes(master, "\023a") && nothing_happened() && writes(master, "\r") && READS(master, "a"));
	becomes(VSUSP, '\r');
	becomes(VSTART, 021);
	CLAIM(writes(master, "b\rc\n") && READS(slave, "c\n") && READS(master, "^Mc\r\n"));
	becomes(VSUSP, 032);
	becomes(VEOF, '\n');
	CLAIM(writes(master, "d\n") && READS(slave, "d\n") && READS(master, "d\r\n"));
	input(0, ISTRIP);
	CLAIM(writes(master, "\026\344\n") && READS(slave, "d\n") && READS(master, "^\bd\r\n"));
	input(ISTRIP, INLCR);
	CLAIM(writes(master, "\026") && READS(master, "^\b"));
	mode(ICANON, 0, 1, 0);
	CLAIM(writes(master, "\n") && READS(slave, "\r") && READS(master, "^M")); /* it was to be taken as it is, but in a line */
	input(INLCR, 0);
	CLAIM(writes(master, "\n\r") && READS(slave, "\n\n") && READS(master, "^J\r\n"));
	end();
}

/* What has come to the other side is that side's to forget. */
static void what_arrived_stays(void)
{
	int on = 1;

	begin();
	mode(ECHO, 0, 0, 0);
	CLAIM(writes(slave, "a") && has(master, 1) && tcflush(slave, TCOFLUSH) == 0 && READS(master, "a"));
	CLAIM(writes(master, "b\n") && has(slave, 2) && tcflush(master, TCOFLUSH) == 0 && READS(slave, "b\n"));
	CLAIM(writes(master, "c\n") && has(slave, 2) && tcflush(master, TCIFLUSH) == 0 && READS(slave, "c\n"));
	CLAIM(writes(slave, "d") && has(master, 1) && tcflush(master, TCIOFLUSH) == 0 && nothing_happened());
	CLAIM(ioctl(master, TIOCPKT, &on) == 0 && tcflush(master, TCIOFLUSH) == 0 && nothing_happened() && tcflush(slave, TCOFLUSH) == 0 && READS(master, "\x02"));
	end();
}

int main(void)
{
	a_tab_is_taken_back_whole();
	what_is_shown_otherwise();
	what_is_echoed_waits();
	a_signal_forgets_what_is_echoed();
	meanings_have_an_order();
	what_arrived_stays();
	return claims_end("echoes");
}
