// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A program out of the host's folder: what it has not touched yet is what was signed, though its file is emptied when it has begun. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { WORDS = 1 << 16, ANSWER = 42 };

/* Far from everything else. */
static const unsigned words[WORDS] = { [0] = 1, [WORDS / 2] = 2, [WORDS - 1] = 3 };

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_WRONLY | O_TRUNC) : -1;
	unsigned sum = 0;

	if (fd < 0)
		return 1;
	close(fd);
	for (int i = 0; i < WORDS; i++)
		sum += *(const volatile unsigned *)&words[i];
	printf("answer: %u\n", sum);
	return sum == 6 ? ANSWER : 1;
}
