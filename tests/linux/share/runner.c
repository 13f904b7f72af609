// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What can be executed of the host's folder: `exec PATH` starts a program and tells how it ended, `map PATH` calls the code of a file that is mapped, before
 * and after its content has been taken away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, FAR = 64 * PAGE /* further than a fault brings pages along */ };

static int run(const char *path)
{
	char *words[] = { (char *)path, (char *)path, NULL };
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		execv(path, words);
		_exit(errno);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void map(const char *path)
{
	int fd = open(path, O_RDWR);
	char *at = mmap(NULL, FAR + PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	int (*function)(void);

	if (at == MAP_FAILED) {
		printf("map %s: %d\n", path, errno);
		return;
	}
	memcpy(&function, &at, sizeof(at));
	printf("map %s: %d\n", path, function());
	if (ftruncate(fd, 0) != 0)
		printf("not truncated: %d\n", errno);
	at += FAR;
	memcpy(&function, &at, sizeof(at));
	printf("map %s, its file empty: %d\n", path, function());
	printf("written: %d\n", mprotect(at, PAGE, PROT_READ | PROT_WRITE) == 0 && mprotect(at, PAGE, PROT_READ | PROT_EXEC) != 0 ? errno : 0);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "map") == 0)
			map(argv[i + 1]);
		else
			printf("exec %s: %d\n", argv[i + 1], run(argv[i + 1]));
	}
	return 0;
}
