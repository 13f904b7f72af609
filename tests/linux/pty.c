// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Pseudo-terminals: their names and locks, what becomes of what is written on either side, how much waits, and what is left when a side goes. */
#include "tests/linux/terminals.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

enum { MUCH = 100000, ROUNDS = 100 };

static char got[65536];

/* What is read there in one go is exactly this. */
static int reads(int fd, const char *bytes)
{
	ssize_t count = read(fd, got, sizeof(got));

	return count == (ssize_t)strlen(bytes) && memcmp(got, bytes, strlen(bytes)) == 0;
}

static short ready(int fd)
{
	struct pollfd asked = { .fd = fd, .events = POLLIN | POLLOUT };

	(void)poll(&asked, 1, 0);
	return asked.revents;
}

/* Until that holds of it: what the other side did may take its time to come. */
static int becomes(int fd, short mask, short wanted)
{
	for (int i = 0; i < 2000 && (ready(fd) & mask) != wanted; i++)
		usleep(500);
	return (ready(fd) & mask) == wanted;
}

static void mode(tcflag_t local_off, tcflag_t output_off, tcflag_t output_on, unsigned least)
{
	struct termios now;

	CLAIM(tcgetattr(slave, &now) == 0);
	now.c_lflag &= ~local_off;
	now.c_oflag = (now.c_oflag & ~output_off) | output_on;
	if (local_off & ICANON)
		now.c_cc[VMIN] = (cc_t)least;
	CLAIM(tcsetattr(slave, TCSANOW, &now) == 0);
}

static int is_listed(const char *name)
{
	DIR *directory = opendir("/dev/pts");
	struct dirent *entry;
	int found = 0;

	CLAIM(directory != NULL);
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		found += strcmp(entry->d_name, name) == 0 && entry->d_type == DT_CHR;
	if (directory != NULL)
		closedir(directory);
	return found;
}

static void names(void)
{
	static const int requests[] = { TIOCGPTN, TIOCSPTLCK, TIOCGPTLCK, TIOCPKT, TIOCGPKT, FIONREAD, TCGETS, TCSETS, TCSETSF, TIOCGWINSZ, TIOCSWINSZ };
	int number = -1;
	int locked = -1;
	int peer;
	char path[32], link[32], real[64] = "";
	struct stat named, opened;

	master = posix_openpt(O_RDWR | O_NOCTTY);
	CLAIM(master >= 0 && isatty(master) == 1 && ioctl(master, TIOCGPTN, &number) == 0);
	CLAIM(ioctl(master, TIOCGPTLCK, &locked) == 0 && locked == 1 && grantpt(master) == 0);
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	CLAIM(ptsname(master) != NULL && strcmp(ptsname(master), path) == 0);
	REFUSED(open(path, O_RDWR | O_NOCTTY), EIO);
	CLAIM(unlockpt(master) == 0 && ioctl(master, TIOCGPTLCK, &locked) == 0 && locked == 0);
	slave = open(path, O_RDWR | O_NOCTTY);
	CLAIM(slave >= 0 && isatty(slave) == 1 && stat(path, &named) == 0 && fstat(slave, &opened) == 0);
	CLAIM(S_ISCHR(named.st_mode) && named.st_rdev == makedev(136, number) && opened.st_rdev == named.st_rdev);
	CLAIM(opened.st_ino == named.st_ino && opened.st_dev == named.st_dev && opened.st_mode == named.st_mode);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", slave);
	CLAIM(readlink(link, real, sizeof(real) - 1) > 0 && strcmp(real, path) == 0 && ttyname(slave) != NULL && strcmp(ttyname(slave), path) == 0);
	CLAIM(chmod(path, 0600) == 0 && chown(path, 0, 0) == 0 && fstat(slave, &opened) == 0 && (opened.st_mode & 07777) == 0600);
	CLAIM(is_listed(path + 9) == 1 && lseek(slave, 0, SEEK_CUR) == -1 && errno == ESPIPE);
	peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CLAIM(peer >= 0 && fcntl(peer, F_GETFD) == FD_CLOEXEC && fstat(peer, &opened) == 0 && opened.st_ino == named.st_ino && close(peer) == 0);
	CLAIM((peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY)) >= 0 && fcntl(peer, F_GETFD) == 0 && close(peer) == 0);
	peer = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
	CLAIM(peer >= 0 && (fcntl(peer, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(slave, F_GETFL) & O_NONBLOCK) == 0);
	REFUSED(read(peer, got, 1), EAGAIN);
	CLAIM(close(peer) == 0);
	REFUSED(ioctl(slave, TIOCGPTN, &number), ENOTTY);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		REFUSED(ioctl(master, requests[i], (void *)16), EFAULT);
	CLAIM(close(master) == 0 && is_listed(path + 9) == 0);
	REFUSED(open(path, O_RDWR | O_NOCTTY), ENOENT);
	CLAIM(close(slave) == 0);
}

static void two_are_two(void)
{
	int other[2] = { -1, -1 };
	struct stat opened;
	char path[32];

	begin();
	CLAIM(openpty(&other[0], &other[1], path, NULL, NULL) == 0 && strcmp(ptsname(master), path) != 0);
	CLAIM(fstat(other[1], &opened) == 0 && opened.st_rdev == makedev(136, atoi(path + 9)) && fstat(slave, &opened) == 0);
	CLAIM(opened.st_rdev == makedev(136, atoi(ptsname(master) + 9)));
	CLAIM(writes(slave, "one") && writes(other[1], "two") && reads(other[0], "two") && reads(master, "one"));
	CLAIM(close(other[0]) == 0 && close(other[1]) == 0);
	end();
}

static void output_is_processed(void)
{
	begin();
	CLAIM(writes(slave, "a\nb\r") && reads(master, "a\r\nb\r"));
	mode(0, OPOST, 0, 0);
	CLAIM(writes(slave, "a\nb\r") && reads(master, "a\nb\r"));
	mode(0, ONLCR, OPOST | OCRNL, 0);
	CLAIM(writes(slave, "a\nb\r") && reads(master, "a\nb\n"));
	end();
}

static void lines_are_edited_and_shown(void)
{
	int count = -1;

	begin();
	CLAIM(writes(master, "he") && becomes(master, POLLIN, POLLIN) && ready(slave) == POLLOUT && ioctl(slave, FIONREAD, &count) == 0 && count == 0);
	CLAIM(writes(master, "x\177llo\r") && becomes(slave, POLLIN, POLLIN) && ioctl(slave, FIONREAD, &count) == 0 && count == 6);
	CLAIM(ioctl(master, FIONREAD, &count) == 0 && count == 11 && reads(slave, "hello\n") && reads(master, "hex\b \bllo\r\n"));
	CLAIM(ioctl(master, FIONREAD, &count) == 0 && count == 0 && ioctl(slave, FIONREAD, &count) == 0 && count == 0);
	CLAIM(writes(master, "end\004") && reads(slave, "end") && writes(master, "\004") && reads(slave, ""));
	CLAIM(reads(master, "end"));
	CLAIM(writes(master, "gone\n") && becomes(slave, POLLIN, POLLIN) && tcflush(slave, TCIFLUSH) == 0 && ready(slave) == POLLOUT);
	CLAIM(writes(slave, "unseen") && becomes(master, POLLIN, POLLIN) && tcflush(master, TCIFLUSH) == 0 && becomes(master, POLLIN, 0));
	mode(ECHO, 0, 0, 0);
	CLAIM(writes(master, "secret\n") && reads(slave, "secret\n") && becomes(master, POLLIN, 0));
	end();
}

static void bytes_come_as_they_are(void)
{
	begin();
	mode(ICANON | ECHO | ISIG, 0, 0, 3);
	CLAIM(writes(master, "\003\004") && becomes(slave, POLLIN, 0) && writes(master, "x") && reads(slave, "\003\004x"));
	CLAIM(fcntl(slave, F_SETFL, O_NONBLOCK) == 0);
	REFUSED(read(slave, got, 1), EAGAIN);
	mode(ICANON | ECHO | ISIG, 0, 0, 0);
	CLAIM(read(slave, got, 1) == 0); /* who wants no byte at the least has that */
	CLAIM(fcntl(master, F_SETFL, O_NONBLOCK) == 0);
	REFUSED(read(master, got, 1), EAGAIN);
	end();
}

/* By what is typed, and by who has the terminal. */
static void output_stops_and_goes_on(void)
{
	struct termios settings;

	begin();
	mode(ECHO, 0, 0, 0);
	CLAIM(fcntl(slave, F_SETFL, O_NONBLOCK) == 0 && writes(master, "\023") && becomes(slave, POLLOUT, 0));
	REFUSED(write(slave, "x", 1), EAGAIN);
	CLAIM(writes(master, "y") && (ready(slave) & POLLOUT) == 0); /* which is no sign to go on */
	CLAIM(writes(master, "\021") && becomes(slave, POLLOUT, POLLOUT) && writes(slave, "x") && reads(master, "x"));
	CLAIM(tcgetattr(slave, &settings) == 0 && (settings.c_iflag |= IXANY, tcsetattr(slave, TCSANOW, &settings)) == 0);
	CLAIM(writes(master, "\023") && becomes(slave, POLLOUT, 0) && writes(master, "y") && becomes(slave, POLLOUT, POLLOUT)); /* now it is */
	CLAIM(tcflow(slave, TCOOFF) == 0 && (ready(slave) & POLLOUT) == 0);
	REFUSED(write(slave, "x", 1), EAGAIN);
	CLAIM(tcflow(slave, TCOON) == 0 && ready(slave) == POLLOUT && tcflow(slave, TCIOFF) == 0 && tcflow(slave, TCION) == 0);
	REFUSED(tcflow(slave, 4), EINVAL);
	CLAIM(tcflow(slave, TCOOFF) == 0 && tcflow(slave, TCIOFF) == 0 && (ready(slave) & POLLOUT) == 0); /* the other way is another matter */
	end();
}

/* The next packet is this: what it is, then its bytes. */
static int is_packet(int what, const char *bytes)
{
	ssize_t count = read(master, got, sizeof(got));

	return count == 1 + (ssize_t)strlen(bytes) && got[0] == what && memcmp(got + 1, bytes, strlen(bytes)) == 0;
}

/* All that was written is one packet. */
static int is_long_packet(void)
{
	static char written[1500], packet[2000];
	ssize_t count;

	memset(written, 'x', sizeof(written));
	CLAIM(write(slave, written, sizeof(written)) == sizeof(written) && usleep(10000) == 0);
	count = read(master, packet, sizeof(packet));
	return count == 1 + (ssize_t)sizeof(written) && packet[0] == TIOCPKT_DATA && memcmp(packet + 1, written, sizeof(written)) == 0;
}

static void the_master_is_told_what_happens(void)
{
	struct pollfd asked = { .events = POLLPRI };
	struct termios settings;
	int on = 1;

	begin();
	mode(ECHO, 0, 0, 0);
	CLAIM(writes(slave, "a") && ioctl(master, TIOCPKT, &on) == 0 && (on = 0) == 0 && ioctl(master, TIOCGPKT, &on) == 0 && on == 1);
	asked.fd = master;
	CLAIM(poll(&asked, 1, 0) == 0 && is_packet(TIOCPKT_DATA, "a") && tcflush(slave, TCIFLUSH) == 0 && poll(&asked, 1, 0) == 1);
	for (int again = 1; again <= 2; again++) /* any but 0: as it is */
		CLAIM(ioctl(master, TIOCPKT, &again) == 0 && ioctl(master, TIOCGPKT, &on) == 0 && on == 1);
	CLAIM(writes(slave, "b") && is_packet(TIOCPKT_FLUSHREAD, "") && is_packet(TIOCPKT_DATA, "b"));
	CLAIM(tcflow(slave, TCOOFF) == 0 && is_packet(TIOCPKT_STOP, "") && tcflow(slave, TCOOFF) == 0 && tcflow(slave, TCOON) == 0);
	CLAIM(is_packet(TIOCPKT_START, "") && tcgetattr(slave, &settings) == 0 && (settings.c_iflag ^= IXON, tcsetattr(slave, TCSANOW, &settings)) == 0);
	CLAIM(is_packet(TIOCPKT_NOSTOP, "") && (settings.c_iflag ^= IXON, tcsetattr(slave, TCSANOW, &settings)) == 0 && is_packet(TIOCPKT_DOSTOP, ""));
	CLAIM(is_long_packet());
	CLAIM((on = 0) == 0 && ioctl(master, TIOCPKT, &on) == 0 && writes(slave, "c") && reads(master, "c"));
	end();
}

/* Writes until there is no more room, `part` bytes at a time: how many. */
static long filled(int fd, size_t part)
{
	static char byte[100];
	long count = 0;
	long done;

	memset(byte, 'x', sizeof(byte));
	CLAIM(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	while ((done = write(fd, byte, part)) > 0)
		count += done;
	CLAIM(done == -1 && errno == EAGAIN);
	return count;
}

static long drained(int fd, long wanted)
{
	long count = 0;
	long done = 1;

	while (count < wanted && done > 0) {
		done = read(fd, got, sizeof(got));
		count += done > 0 ? done : 0;
	}
	return count;
}

static void neither_side_is_bottomless(void)
{
	long count;

	begin();
	mode(ICANON | ECHO | ISIG, OPOST, 0, 1);
	for (size_t part = 1; part <= 100; part += part < 3 ? 1 : 97) {
		count = filled(slave, part);
		CLAIM(count >= 1000 && (ready(slave) & POLLOUT) == 0 && drained(master, count) == count && becomes(slave, POLLOUT, POLLOUT));
		count = filled(master, part);
		CLAIM(count >= 1000 && (ready(master) & POLLOUT) == 0 && drained(slave, count) == count && becomes(master, POLLOUT, POLLOUT));
		CLAIM(becomes(slave, POLLIN, 0) && becomes(master, POLLIN, 0));
	}
	end();
}

static void *writer(void *fd)
{
	static char bytes[MUCH];

	for (int i = 0; i < MUCH; i++)
		bytes[i] = (char)('a' + i % 23);
	CLAIM(write(*(int *)fd, bytes, MUCH) == MUCH);
	return NULL;
}

/* More than there is room for: the writer sleeps until the other side has read, and nothing is lost. */
static void much_passes(int from, int to)
{
	pthread_t thread;
	long count = 0;
	int wrong = 0;

	CLAIM(pthread_create(&thread, NULL, writer, &from) == 0);
	while (count < MUCH) {
		ssize_t done = read(to, got, sizeof(got));

		if (done <= 0)
			break;
		for (ssize_t i = 0; i < done; i++)
			wrong += got[i] != 'a' + (count + i) % 23;
		count += done;
	}
	CLAIM(count == MUCH && wrong == 0 && pthread_join(thread, NULL) == 0);
}

static void much_passes_both_ways(void)
{
	begin();
	mode(ICANON | ECHO | ISIG, OPOST, 0, 1);
	much_passes(slave, master);
	much_passes(master, slave);
	end();
}

/* What cannot be taken from the program's memory takes up no room, on either side. */
static void what_is_not_there_is_not_written(void)
{
	begin();
	mode(ICANON | ECHO | ISIG, OPOST, 0, 1);
	for (int i = 0; i < ROUNDS; i++) {
		REFUSED(write(master, (void *)16, 1000), EFAULT);
		REFUSED(write(slave, (void *)16, 1000), EFAULT);
	}
	CLAIM(ready(master) == POLLOUT && ready(slave) == POLLOUT && filled(slave, 100) >= 4000 && filled(master, 100) >= 4000);
	end();
}

static void watched_by_epoll(void)
{
	int watch = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u32 = 1 };

	begin();
	CLAIM(watch >= 0 && epoll_ctl(watch, EPOLL_CTL_ADD, master, &event) == 0 && (event.data.u32 = 2) == 2);
	CLAIM(epoll_ctl(watch, EPOLL_CTL_ADD, slave, &event) == 0 && epoll_wait(watch, &event, 1, 0) == 0);
	CLAIM(writes(slave, "x") && epoll_wait(watch, &event, 1, 1000) == 1 && event.data.u32 == 1 && event.events == EPOLLIN);
	CLAIM(reads(master, "x") && epoll_wait(watch, &event, 1, 0) == 0);
	mode(ECHO, 0, 0, 0);
	CLAIM(writes(master, "y\n") && epoll_wait(watch, &event, 1, 1000) == 1 && event.data.u32 == 2 && event.events == EPOLLIN);
	CLAIM(reads(slave, "y\n"));
	end();
	CLAIM(close(watch) == 0);
}

/* Who has the slave open finds its end once the master has gone. */
static void the_master_goes(void)
{
	struct termios settings;

	begin();
	CLAIM(writes(master, "unread\n") && close(master) == 0);
	CLAIM((ready(slave) & (POLLIN | POLLHUP)) == (POLLIN | POLLHUP) && reads(slave, ""));
	REFUSED(write(slave, "x", 1), EIO);
	REFUSED(tcgetattr(slave, &settings), EIO);
	CLAIM(close(slave) == 0);
}

/* What was written is still read; then it ends, until somebody opens the slave anew. */
static void the_slave_goes_and_comes(void)
{
	char path[32];

	begin();
	CLAIM(ptsname_r(master, path, sizeof(path)) == 0 && writes(slave, "last") && close(slave) == 0);
	CLAIM(becomes(master, POLLHUP, POLLHUP) && reads(master, "last"));
	REFUSED(read(master, got, 1), EIO);
	slave = open(path, O_RDWR | O_NOCTTY);
	CLAIM(slave >= 0 && (ready(master) & POLLHUP) == 0 && writes(slave, "again") && reads(master, "again"));
	end();
}

static void ends_are_inherited(void)
{
	pid_t child;

	begin();
	child = fork();
	if (child == 0) {
		CLAIM(close(master) == 0 && reads(slave, "go\n") && writes(slave, "gone"));
		_exit(claims_failed != 0);
	}
	CLAIM(close(slave) == 0 && (ready(master) & POLLHUP) == 0 && writes(master, "go\n"));
	CLAIM(waitpid(child, NULL, 0) == child && becomes(master, POLLHUP, POLLHUP) && reads(master, "go\r\ngone"));
	REFUSED(read(master, got, 1), EIO);
	CLAIM(close(master) == 0);
}

static void *closes(void *fd)
{
	usleep(3000);
	CLAIM(close(*(int *)fd) == 0);
	return NULL;
}

static void who_sleeps_hears_of_it(void)
{
	pthread_t thread;

	begin();
	CLAIM(pthread_create(&thread, NULL, closes, &slave) == 0);
	REFUSED(read(master, got, 1), EIO);
	CLAIM(pthread_join(thread, NULL) == 0 && close(master) == 0);
	for (int raw = 0; raw < 2; raw++) {
		begin();
		if (raw)
			mode(ICANON, 0, 0, 1);
		CLAIM(pthread_create(&thread, NULL, closes, &master) == 0 && read(slave, got, 1) <= 0); /* on Linux the one that slept is EIO */
		CLAIM(pthread_join(thread, NULL) == 0 && read(slave, got, 1) == 0 && close(slave) == 0);
	}
}

static void *closes_now(void *fd)
{
	(void)close(*(int *)fd);
	return NULL;
}

static void both_go_at_once(void)
{
	pthread_t thread;

	for (int i = 0; i < ROUNDS; i++) {
		begin();
		CLAIM(writes(master, "x\n") && pthread_create(&thread, NULL, closes_now, &slave) == 0);
		CLAIM(close(master) == 0 && pthread_join(thread, NULL) == 0);
	}
}

int main(void)
{
	names();
	two_are_two();
	output_is_processed();
	lines_are_edited_and_shown();
	bytes_come_as_they_are();
	output_stops_and_goes_on();
	the_master_is_told_what_happens();
	neither_side_is_bottomless();
	much_passes_both_ways();
	what_is_not_there_is_not_written();
	watched_by_epoll();
	the_master_goes();
	the_slave_goes_and_comes();
	ends_are_inherited();
	who_sleeps_hears_of_it();
	both_go_at_once();
	return claims_end("pty");
}
