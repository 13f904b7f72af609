// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a terminal makes of what is typed where that is not plain: long lines, marks that are no bytes, words, characters of several bytes, time, packets. */
#include "tests/linux/typing.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

enum { LINE = 4096, LONG = 3000, SHOWN = 60, PAUSE_US = 25000, TOO_LATE_MS = 1000 };

static void what_is_long_is_read_at_once(void)
{
	static char line[LONG];

	memset(line, 'x', LONG);
	line[LONG - 1] = '\n';
	begin();
	mode(ECHO, 0, 0, 0);
	CLAIM(write(master, line, LONG) == LONG && has(slave, LONG) && writes(master, "next\n") && has(slave, LONG + 5));
	CLAIM(read(slave, got, 2000) == 2000 && reads(slave, line + 2000, LONG - 2000) && READS(slave, "next\n"));
	CLAIM(write(master, line, LONG) == LONG && has(slave, LONG) && reads(slave, line, LONG));
	CLAIM(write(master, line, 1024) == 1024 && writes(master, "\004") && has(slave, 1024) && writes(master, "y\n"));
	CLAIM(reads(slave, line, 1024) && READS(slave, "y\n"));
	mode(ICANON, 0, 1, 0);
	CLAIM(write(master, line, LONG) == LONG && has(slave, LONG) && reads(slave, line, LONG));
	end();
}

/* What there is no room for is dropped but for the end of the line, which is awaited: the master is not held up. */
static void a_line_without_end_does_not_hold_up_the_master(void)
{
	static char line[LONG];

	memset(line, 'x', LONG);
	begin();
	mode(ECHO, 0, 0, 0);
	CLAIM(write(master, line, LONG) == LONG && write(master, line, LONG) == LONG && has(slave, 0));
	CLAIM(poll(&(struct pollfd){ master, POLLOUT, 0 }, 1, 2000) == 1 && writes(master, "\n") && has(slave, LINE) && read(slave, got, sizeof(got)) == LINE);
	CLAIM(got[LINE - 2] == 'x' && got[LINE - 1] == '\n');
	end();
}

static void what_has_no_shape_is_shown_as_two(void)
{
	begin();
	CLAIM(writes(master, "a\001\t\033\026\177\n") && READS(slave, "a\001\t\033\177\n") && READS(master, "a^A\t^[^\b^?\r\n"));
	mode(ECHOCTL, 0, 0, 0);
	CLAIM(writes(master, "a\001\n") && READS(slave, "a\001\n") && READS(master, "a\001\r\n"));
	end();
}

static void a_line_is_shown_again(void)
{
	begin();
	CLAIM(writes(master, "one\001\022two\n") && READS(slave, "one\001two\n") && READS(master, "one^A^R\r\none^Atwo\r\n"));
	end();
}

/* At once or one by one; where nothing can be wiped out it is shown what was typed to erase. */
static void what_is_erased_is_wiped_out(void)
{
	begin();
	CLAIM(writes(master, "\177\025\027a\001b\177\177\025\025cd\025e\n") && READS(slave, "e\n"));
	CLAIM(READS(master, "a^Ab\b \b\b \b\b \b\b \bcd\b \b\b \be\r\n"));
	mode(ECHOKE, 0, 0, 0);
	CLAIM(writes(master, "\025ab\025cd\177\n") && READS(slave, "c\n") && READS(master, "ab^U\r\ncd\b \b\r\n"));
	mode(ECHOE, ECHOKE, 0, 0);
	CLAIM(writes(master, "\177ab\025cd\177\177\177ef g\027\n") && READS(slave, "ef \n") && READS(master, "ab^U\r\ncd^?^?ef g\b \b\r\n"));
	mode(ECHOK, ECHOE, 0, 0);
	CLAIM(writes(master, "ab\025c\n") && READS(slave, "c\n") && READS(master, "ab^Uc\r\n"));
	mode(ECHO, ECHOK, 0, 0);
	CLAIM(writes(master, "ab\025cd\177\n") && READS(slave, "c\n") && nothing_happened());
	end();
}

static void words_are_letters_and_digits(void)
{
	begin();
	CLAIM(writes(master, "one two-x\027\n") && READS(slave, "one two-\n"));
	CLAIM(writes(master, "one two_2\027\n") && READS(slave, "one \n"));
	CLAIM(writes(master, "one two--\027\n") && READS(slave, "one \n"));
	CLAIM(writes(master, "/usr/bin \027lib\n") && READS(slave, "/usr/lib\n"));
	CLAIM(writes(master, "ab\327cd\027\n") && READS(slave, "ab\327\n") && writes(master, "ab\367cd\027\n") && READS(slave, "ab\367\n")); /* of Latin-1 */
	CLAIM(writes(master, "ab\330cd\027\n") && READS(slave, "\n") && writes(master, "ab\277cd\027\n") && READS(slave, "ab\277\n"));
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

static void what_is_literal_ends_no_line(void)
{
	begin();
	CLAIM(writes(master, "a\026\nb\n") && READS(slave, "a\nb\n") && writes(master, "a\026\004b\n") && READS(slave, "a\004b\n"));
	end();
}

/* An end of file that was typed before nobody wants lines any more: there, reading nothing would say that the terminal has gone. */
static void without_lines_an_end_of_file_is_a_byte(void)
{
	begin();
	CLAIM(writes(master, "ab\004") && has(slave, 2));
	mode(ICANON, 0, 1, 0);
	CLAIM(has(slave, 3) && READS(slave, "ab\0"));
	mode(0, ICANON, 0, 0);
	CLAIM(writes(master, "\004") && poll(&(struct pollfd){ slave, POLLIN, 0 }, 1, 2000) == 1);
	mode(ICANON, 0, 2, 0);
	CLAIM(writes(master, "x") && READS(slave, "\0x"));
	end();
}

static void what_was_typed_before_lines_is_one(void)
{
	begin();
	mode(ICANON, 0, 1, 0);
	CLAIM(writes(master, "a\nb") && has(slave, 3));
	mode(0, ICANON, 0, 0);
	CLAIM(writes(master, "c\n") && has(slave, 5) && READS(slave, "a\nb") && READS(slave, "c\n"));
	end();
}

static void *shows(void *arg)
{
	char byte;

	(void)arg;
	for (int i = 0; i < SHOWN; i++) {
		CLAIM(write(slave, "o", 1) == 1 && read(master, &byte, 1) == 1);
		usleep(PAUSE_US);
	}
	return NULL;
}

/* What is written meanwhile is no byte that was typed. */
static void the_time_between_bytes_is_that(void)
{
	struct timespec from, to;
	pthread_t other;

	begin();
	mode(ICANON | ECHO, 0, 5, 3);
	CLAIM(writes(master, "x") && has(slave, 1) && pthread_create(&other, NULL, shows, NULL) == 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	CLAIM(read(slave, got, sizeof(got)) == 1);
	clock_gettime(CLOCK_MONOTONIC, &to);
	CLAIM((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 < TOO_LATE_MS);
	CLAIM(pthread_join(other, NULL) == 0);
	end();
}

static void note(int signal_)
{
	(void)signal_;
}

/* What was read before a signal is told, and not lost. */
static void a_signal_ends_a_wait_for_more(void)
{
	const struct sigaction action = { .sa_handler = note };
	const struct itimerval soon = { .it_value = { .tv_usec = PAUSE_US } };

	begin();
	mode(ICANON | ECHO, 0, 5, 0);
	CLAIM(sigaction(SIGALRM, &action, NULL) == 0 && writes(master, "ab") && has(slave, 2) && setitimer(ITIMER_REAL, &soon, NULL) == 0);
	CLAIM(read(slave, got, sizeof(got)) == 2 && memcmp(got, "ab", 2) == 0 && setitimer(ITIMER_REAL, &soon, NULL) == 0);
	REFUSED(read(slave, got, sizeof(got)), EINTR);
	end();
}

static void output_that_goes_on_is_told_once(void)
{
	int on = 1;

	begin();
	CLAIM(ioctl(master, TIOCPKT, &on) == 0 && tcflow(slave, TCOON) == 0 && nothing_happened());
	CLAIM(tcflow(slave, TCOOFF) == 0 && READS(master, "\x04") && tcflow(slave, TCOOFF) == 0 && nothing_happened());
	CLAIM(tcflow(slave, TCOON) == 0 && READS(master, "\x08") && writes(master, "\023") && READS(master, "\x04"));
	CLAIM(tcflow(slave, TCOON) == 0 && nothing_happened()); /* what was typed is to be taken back so */
	CLAIM(writes(master, "\021") && READS(master, "\x08") && writes(master, "\023") && READS(master, "\x04"));
	input(IXON, 0);
	CLAIM(READS(master, "\x18"));
	input(0, IXON);
	input(IXON, 0);
	CLAIM(READS(master, "\x10")); /* the last of both */
	input(0, IXON);
	CLAIM(tcflush(slave, TCIFLUSH) == 0 && READS(master, "\x21")); /* but what is another matter as well */
	end();
}

/* By the characters that stop output and let it go on, as they are; of a master they are typed. */
static void the_other_side_is_asked_to_stop(void)
{
	struct pollfd types = { .events = POLLOUT };
	struct termios now;
	int on = 1;

	begin();
	CLAIM(tcflow(slave, TCIOFF) == 0 && READS(master, "\023") && tcflow(slave, TCION) == 0 && READS(master, "\021"));
	CLAIM(tcflow(slave, TCOOFF) == 0 && tcflow(slave, TCIOFF) == 0 && tcflow(slave, TCOON) == 0 && nothing_happened());
	CLAIM(ioctl(master, TIOCPKT, &on) == 0 && writes(master, "\023") && READS(master, "\x04"));
	CLAIM(tcflow(slave, TCIOFF) == 0 && READS(master, "\x04") && READS(master, "\0\023") && writes(master, "\021") && READS(master, "\x08"));
	CLAIM((on = 0) == 0 && ioctl(master, TIOCPKT, &on) == 0 && tcgetattr(slave, &now) == 0);
	now.c_cc[VSTOP] = 'p';
	now.c_cc[VSTART] = _POSIX_VDISABLE;
	CLAIM(tcsetattr(slave, TCSANOW, &now) == 0 && tcflow(slave, TCIOFF) == 0 && READS(master, "p") && tcflow(slave, TCION) == 0 && nothing_happened());
	end();
	begin();
	types.fd = slave;
	CLAIM(tcflow(master, TCIOFF) == 0 && usleep(PAUSE_US) == 0 && poll(&types, 1, 0) == 0 && tcflow(master, TCION) == 0 && poll(&types, 1, 1000) == 1);
	input(IXON, 0);
	mode(ECHO, 0, 0, 0);
	CLAIM(tcflow(master, TCIOFF) == 0 && tcflow(master, TCION) == 0 && writes(master, "\n") && READS(slave, "\023\021\n"));
	types.fd = master;
	CLAIM(fcntl(master, F_SETFL, O_NONBLOCK) == 0 && poll(&types, 1, 0) == 1 && tcflow(master, TCOOFF) == 0 && poll(&types, 1, 0) == 0);
	CLAIM(write(master, "x", 1) == -1 && errno == EAGAIN && tcflow(master, TCIOFF) == 0 && writes(slave, "y") && READS(master, "y"));
	CLAIM(tcflow(master, TCOON) == 0 && poll(&types, 1, 0) == 1 && writes(master, "z\n") && READS(slave, "z\n"));
	end();
}

static void *writes_one(void *arg)
{
	(void)arg;
	CLAIM(write(slave, "w", 1) == 1);
	return NULL;
}

static void who_waits_for_output_to_go_on_is_woken(void)
{
	pthread_t other;

	begin();
	for (int typed = 0; typed < 2; typed++) {
		CLAIM((typed ? writes(master, "\023") : tcflow(slave, TCOOFF) == 0) && pthread_create(&other, NULL, writes_one, NULL) == 0);
		CLAIM(usleep(PAUSE_US) == 0 && nothing_happened() && (typed ? writes(master, "\021") : tcflow(slave, TCOON) == 0));
		CLAIM(pthread_join(other, NULL) == 0 && READS(master, "w"));
	}
	end();
}

static void a_signal_flushes_and_that_is_told(void)
{
	int on = 1;

	begin();
	mode(ECHO, 0, 0, 0);
	CLAIM(ioctl(master, TIOCPKT, &on) == 0 && writes(master, "x\003") && READS(master, "\x03") && nothing_happened());
	CLAIM(writes(master, "\023") && READS(master, "\x04") && writes(master, "\003") && READS(master, "\x0b"));
	mode(0, NOFLSH, 0, 0);
	CLAIM(writes(master, "x\003\n") && READS(slave, "x\n") && nothing_happened());
	end();
}

int main(void)
{
	what_is_long_is_read_at_once();
	a_line_without_end_does_not_hold_up_the_master();
	what_has_no_shape_is_shown_as_two();
	a_line_is_shown_again();
	what_is_erased_is_wiped_out();
	words_are_letters_and_digits();
	characters_of_several_bytes_are_erased_whole();
	what_is_literal_ends_no_line();
	without_lines_an_end_of_file_is_a_byte();
	what_was_typed_before_lines_is_one();
	the_time_between_bytes_is_that();
	a_signal_ends_a_wait_for_more();
	output_that_goes_on_is_told_once();
	the_other_side_is_asked_to_stop();
	who_waits_for_output_to_go_on_is_woken();
	a_signal_flushes_and_that_is_told();
	return claims_end("discipline");
}
