// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Runs the programs of the Open POSIX Test Suite one after the other, in a process group and an empty folder each, and says how each ended:
 *
 *	posix: fork.3-1 0
 *
 * 0 to 255 is the exit code, 128 + n the signal; 137 also one that took too long. What one printed comes before that where it is not 0, each
 * line behind "posix| ". Arguments: a file with the programs' names, a line each, and seconds for each.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NAME_BYTES = 128, SHOWN_BYTES = 600, STEP_NS = 2000000, STATUS_LOST = 255, DEPTH_MAX = 8 };

static const char output[] = "/tmp/.output", folder[] = "/tmp/.test";

static void remove_all(const char *path, int depth)
{
	char inside[512];
	DIR *directory = opendir(path);
	struct dirent *entry;
	struct stat about;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name) >= (int)sizeof(inside))
			continue;
		if (lstat(inside, &about) == 0 && S_ISDIR(about.st_mode) && depth < DEPTH_MAX) {
			remove_all(inside, depth + 1);
			(void)rmdir(inside);
		} else {
			(void)unlink(inside);
		}
	}
	if (directory != NULL)
		closedir(directory);
}

/* In the child. */
static void begin(const char *name)
{
	char program[NAME_BYTES + 16];
	int in = open("/dev/null", O_RDONLY);
	int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	(void)setpgid(0, 0);
	if (chdir(folder) != 0 || in < 0 || out < 0)
		_exit(STATUS_LOST);
	(void)dup2(in, 0);
	(void)dup2(out, 1);
	(void)dup2(out, 2);
	close(in);
	close(out);
	(void)snprintf(program, sizeof(program), "/tests/%s", name);
	execl(program, program, (char *)NULL);
	_exit(STATUS_LOST);
}

static double now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* How the child ended; one that takes too long is killed, and with any its group. */
static int wait_for(pid_t child, double limit)
{
	const struct timespec step = { 0, STEP_NS };
	double end = now() + limit;
	pid_t ended;
	int status = 0;

	while ((ended = waitpid(child, &status, WNOHANG)) == 0 && now() < end)
		(void)nanosleep(&step, NULL);
	(void)kill(-child, SIGKILL);
	if (ended == 0)
		ended = waitpid(child, &status, 0);
	while (waitpid(-1, NULL, WNOHANG) > 0) /* orphans, where they come to us */
		;
	if (ended != child)
		return STATUS_LOST;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The last of what it printed. */
static void show_output(void)
{
	char text[SHOWN_BYTES + 1];
	int file = open(output, O_RDONLY);
	off_t size = file >= 0 ? lseek(file, 0, SEEK_END) : 0;
	ssize_t bytes;

	if (file < 0)
		return;
	(void)lseek(file, size > SHOWN_BYTES ? size - SHOWN_BYTES : 0, SEEK_SET);
	bytes = read(file, text, SHOWN_BYTES);
	close(file);
	text[bytes > 0 ? bytes : 0] = '\0';
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		printf("posix| %.200s\n", line);
}

static void run(const char *name, double limit)
{
	pid_t child;
	int status;

	remove_all("/tmp", 0);
	(void)mkdir(folder, 0700);
	child = fork();
	if (child == 0)
		begin(name);
	status = child > 0 ? wait_for(child, limit) : STATUS_LOST;
	if (status != 0)
		show_output();
	printf("posix: %s %d\n", name, status);
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	char name[NAME_BYTES];
	FILE *list = argc == 3 ? fopen(argv[1], "r") : NULL;
	double limit = argc == 3 ? strtod(argv[2], NULL) : 0;

	if (list == NULL || limit <= 0) {
		fprintf(stderr, "posix_init: usage: posix_init LIST SECONDS: %s\n", strerror(errno));
		return 2;
	}
	while (fgets(name, sizeof(name), list) != NULL) {
		name[strcspn(name, "\n")] = '\0';
		if (name[0] != '\0')
			run(name, limit);
	}
	fclose(list);
	puts("posix: all done");
	return 0;
}
