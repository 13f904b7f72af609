// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Bytes that tell where they were, for what must come out as it went in. */
#ifndef TESTS_LINUX_PATTERN_H
#define TESTS_LINUX_PATTERN_H

#include <fcntl.h>
#include <unistd.h>

#include "tests/linux/claims.h"

enum { BYTES = 300000 };

static char text[BYTES], back[BYTES];

static void pattern(void)
{
	for (unsigned i = 0; i < BYTES; i++)
		text[i] = (char)(i * 31 + i / 251);
}

static inline int file_of(const char *name, size_t bytes)
{
	int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0644);

	CLAIM(fd >= 0 && write(fd, text, bytes) == (ssize_t)bytes && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

#endif
