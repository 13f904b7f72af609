// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a terminal makes of what is typed where that is not plain: words, characters of several bytes. */
#include "tests/linux/claims.h"

#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static int master = -1;
static int slave = -1;
static char got[8192];

static void begin(void)
{
	CLAIM(openpty(&master, &slave, NULL, NULL, NULL) == 0);
}

static void end(void)
{
	CLAIM(close(slave) == 0 && close(master) == 0);
}

/* Until something is there, what one read gives is exactly this. */
static int reads(int fd, const char *bytes, size_t due)
{
	struct pollfd asked = { .fd = fd, .events = POLLIN };
	ssize_t count = poll(&asked, 1, 2000) == 1 ? read(fd, got, sizeof(got)) : -1;

	return count == (ssize_t)due && memcmp(got, bytes, due) == 0;
}
#define READS(fd, text) reads(fd, text, sizeof(text) - 1)

static int writes(int fd, const char *bytes)
{
	return write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes);
}

static void input(tcflag_t off, tcflag_t on)
{
	struct termios now;

	CLAIM(tcgetattr(slave, &now) == 0);
	now.c_iflag = (now.c_iflag & ~off) | on;
	CLAIM(tcsetattr(slave, TCSANOW, &now) == 0);
}

static void words_are_letters_and_digits(void)
{
	begin();
	CLAIM(writes(master, "one two-x\027\n") && READS(slave, "one two-\n"));
	CLAIM(writes(master, "one two_2\027\n") && READS(slave, "one \n"));
	CLAIM(writes(master, "one two--\027\n") && READS(slave, "one \n"));
	CLAIM(writes(master, "/usr/bin \027lib\n") && READS(slave, "/usr/lib\n"));
	end();
}

static void characters_of_several_bytes_are_erased_whole(void)
{
	begin();
	CLAIM(writes(master, "a\303\244\177\n") && READS(slave, "a\303\n")); /* where nobody says that there are such */
	input(0, IUTF8);
	CLAIM(tcflush(master, TCIFLUSH) == 0 && writes(master, "a\303\244\177b\n") && READS(slave, "ab\n") && READS(master, "a\303\244\b \bb\r\n"));
	CLAIM(writes(master, "x \342\202\254\303\244\027\n") && READS(slave, "x \n"));
	CLAIM(writes(master, "\244\244\177\177\177b\n") && READS(slave, "\244\244b\n")); /* no part of one */
	end();
}

int main(void)
{
	words_are_letters_and_digits();
	characters_of_several_bytes_are_erased_whole();
	return claims_end("discipline");
}
