// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* How long one word of a program may be, and that a longer one is too much. Spec: execve(2), "Limits on size of arguments and environment" */
#include "tests/linux/claims.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 131072 /* MAX_ARG_STRLEN: with its NUL */, WENT_WELL = 7 };

static const char program[] = "/proc/self/exe";

/* A word of so many characters, whose end is that of the memory there is. */
static char *word(size_t length)
{
	static char *end;

	if (end == NULL) {
		char *memory = mmap(NULL, 2 * MOST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CLAIM(memory != MAP_FAILED && munmap(memory + 2 * MOST - 4096, 4096) == 0);
		end = memory + 2 * MOST - 4096;
	}
	memset(end - length - 1, 'x', length);
	end[-1] = 0;
	return end - length - 1;
}

/* Has itself run with a word of so many characters as argument and as environment. */
static int runs_with(size_t length)
{
	char *arguments[] = { "longest", word(length), NULL }, *environment[] = { arguments[1], NULL };
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		execve(program, arguments, environment);
		_exit(99);
	}
	CLAIM(child > 0 && waitpid(child, &status, 0) == child);
	return WIFEXITED(status) && WEXITSTATUS(status) == WENT_WELL;
}

static void refused(void)
{
	char *longer = word(MOST);
	char *few[] = { "longest", NULL }, *many[] = { "longest", longer, NULL }, *alone[] = { longer, NULL };

	REFUSED(execve(program, many, few), E2BIG);
	REFUSED(execve(program, few, many), E2BIG);
	REFUSED(execve(program, alone, few), E2BIG);
	/* That there is no end is not looked for behind what is too long. */
	longer[MOST] = 'x';
	REFUSED(execve(program, many, few), E2BIG);
	many[1] = longer + 1;
	REFUSED(execve(program, many, few), E2BIG);
	many[1] = longer + 2;
	REFUSED(execve(program, many, few), EFAULT);
}

int main(int argc, char **argv, char **environment)
{
	if (argc > 1)
		return strlen(argv[1]) > 1000 && environment[0] != NULL && strcmp(argv[1], environment[0]) == 0 && environment[1] == NULL ? WENT_WELL : 1;
	for (size_t length = 2000; length < MOST - 1; length = length * 4 + 95)
		CLAIM(runs_with(length));
	CLAIM(runs_with(MOST - 1));
	refused();
	return claims_end("longest");
}
