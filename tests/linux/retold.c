// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Files of /proc that stay open: who reads one from its beginning is told what is so now. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum { READINGS = 2000, MAPPINGS = 64 };

static char said[65536];

/* What it says from its beginning. */
static ssize_t reads(int fd)
{
	ssize_t got = pread(fd, said, sizeof(said) - 1, 0);

	said[got > 0 ? got : 0] = '\0';
	return got;
}

static void now(void)
{
	int uptime = open("/proc/uptime", O_RDONLY), name = open("/proc/self/comm", O_RDWR), late = open("/proc/uptime", O_RDONLY);
	double first = 0, then = 0;

	CLAIM(reads(uptime) > 0 && (first = atof(said)) >= 0);
	usleep(50000);
	CLAIM(reads(uptime) > 0 && (then = atof(said)) >= first + 0.04);
	CLAIM(reads(late) > 0 && atof(said) >= then);
	CLAIM(read(uptime, said, 1) == 1 && lseek(uptime, 0, SEEK_SET) == 0 && read(uptime, said, 1) == 1);
	CLAIM(prctl(PR_SET_NAME, "first") == 0 && reads(name) == 6 && strcmp(said, "first\n") == 0);
	CLAIM(write(name, "another", 7) == 7 && reads(name) == 8 && strcmp(said, "another\n") == 0);
	CLAIM(pread(name, said, 4, 3) == 4 && memcmp(said, "ther", 4) == 0 && pread(name, said, 4, 8) == 0);
	CLAIM(close(uptime) == 0 && close(name) == 0 && close(late) == 0);
}

/* Who goes on behind the beginning has whole lines, and what has been mapped since is there for who begins again. */
static void in_pieces(void)
{
	int fd = open("/proc/self/maps", O_RDONLY), again = open("/proc/self/maps", O_RDONLY);
	ssize_t bytes = reads(fd), got = read(fd, text, 100), more;
	void *at[MAPPINGS];

	CLAIM(bytes > 200 && got == 100 && memcmp(text, said, 100) == 0);
	for (int i = 0; i < MAPPINGS; i++)
		at[i] = mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CLAIM(reads(again) > bytes);
	while ((more = read(fd, text + got, 100)) > 0)
		got += more;
	CLAIM(more == 0 && got >= bytes && text[got - 1] == '\n');
	for (int i = 0; i < MAPPINGS; i++)
		CLAIM(munmap(at[i], 4096) == 0);
	CLAIM(reads(again) > 0 && close(fd) == 0 && close(again) == 0);
}

static void of_another(void)
{
	char path[64];
	pid_t child = fork();
	int fd, ended;

	if (child == 0)
		_exit(pause());
	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	fd = open(path, O_RDONLY);
	ended = open(path, O_RDONLY);
	CLAIM(reads(fd) > 0 && atoi(said) == child);
	CLAIM(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	REFUSED(reads(fd), ESRCH);
	REFUSED(reads(ended), ESRCH);
	CLAIM(close(fd) == 0 && close(ended) == 0);
}

static void *reads_often(void *arg)
{
	char own[4096];

	for (int i = 0; i < READINGS; i++) {
		ssize_t got = pread(*(int *)arg, own, sizeof(own), 0);

		CLAIM(got > 100 && memcmp(own, "MemTotal:", 9) == 0 && own[got - 1] == '\n');
	}
	return NULL;
}

/* Several read the same open file at once. */
static void together(void)
{
	int fd = open("/proc/meminfo", O_RDONLY);
	pthread_t other;

	CLAIM(pthread_create(&other, NULL, reads_often, &fd) == 0);
	reads_often(&fd);
	CLAIM(pthread_join(other, NULL) == 0 && close(fd) == 0);
}

int main(void)
{
	now();
	in_pieces();
	of_another();
	together();
	return claims_end("retold");
}
