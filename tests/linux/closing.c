// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Threads that open and close files of their own, with little memory: what was closed is in nobody's way. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS = 3, ROUNDS = 8000 };

static void *opens(void *arg)
{
	const char *path = arg;
	unsigned refused = 0;
	struct stat stat_;

	for (int round = 0; round < ROUNDS; round++) {
		int fd = open(path, O_RDONLY | O_CREAT, 0600);

		refused += fd < 0;
		if (fd >= 0)
			close(fd);
		refused += stat(path, &stat_) != 0;
	}
	CLAIM(refused == 0);
	return NULL;
}

int main(void)
{
	static char paths[THREADS][8] = { "/tmp/a", "/tmp/b", "/tmp/c" };
	pthread_t threads[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		CLAIM(pthread_create(&threads[i], NULL, opens, paths[i]) == 0);
	for (unsigned i = 0; i < THREADS; i++)
		CLAIM(pthread_join(threads[i], NULL) == 0);
	return claims_end("closing");
}
