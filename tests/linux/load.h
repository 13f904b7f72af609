// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Files that the kernel makes up, as text. */
#ifndef TESTS_LINUX_LOAD_H
#define TESTS_LINUX_LOAD_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[65536];

/* The whole file into `text`; 0: it is not there. */
static inline int load(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t bytes = 0;
	ssize_t got;

	while ((got = read(fd, text + bytes, sizeof(text) - 1 - (size_t)bytes)) > 0)
		bytes += got;
	text[bytes] = 0;
	return close(fd) == 0 && bytes > 0;
}

/* The number behind a word of `text`; -1: it is not there. */
static inline long number_behind(const char *word)
{
	const char *at = strstr(text, word);

	return at != NULL ? strtol(at + strlen(word), NULL, 10) : -1;
}

/* KiB that the process may still have: here all that it and its family give back is there again, elsewhere others take some, too. */
static inline long free_kib(void)
{
	return load("/proc/meminfo") ? number_behind("MemFree:") : -1;
}

/* Whether as much is free again: what is closed on one CPU may be given back by another, a little later; so is what looking takes itself. */
static inline int is_given_back(long kib)
{
	for (unsigned i = 0; i < 1000; i++) {
		if (free_kib() >= kib)
			return 1;
		usleep(1000);
	}
	return 0;
}

#endif
