// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Several who read from one socket at once: none is told of an end, or waits, while another only has not done with what is there. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAGE = 4096, ROUNDS = 60, PART = 10, SENT = 100 };

static pthread_barrier_t start;
static int pair[2];
static int file;

/* Memory that must be brought in first, by who reads into it. */
static char *slow_page(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	CLAIM(page != MAP_FAILED);
	return page;
}

struct reader {
	int flags;
	bool is_slow;
	ssize_t got;
};

static void *reader_run(void *arg)
{
	struct reader *own = arg;
	char data[SENT];
	char *to = own->is_slow ? slow_page() : data;

	pthread_barrier_wait(&start);
	own->got = recv(pair[1], to, PART, own->flags);
	if (own->is_slow)
		munmap(to, PAGE);
	return NULL;
}

/* Each gets a part. Where `ends`, nobody is at the other end any more. */
static void both(int slow_flags, bool ends)
{
	struct reader readers[2] = { { .flags = slow_flags, .is_slow = true }, { .flags = 0 } };
	static const char data[SENT];
	pthread_t threads[2];

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && write(pair[0], data, SENT) == SENT);
	if (ends)
		close(pair[0]);
	for (int i = 0; i < 2; i++)
		CLAIM(pthread_create(&threads[i], NULL, reader_run, &readers[i]) == 0);
	for (int i = 0; i < 2; i++)
		CLAIM(pthread_join(threads[i], NULL) == 0);
	CLAIM(readers[0].got == PART && readers[1].got == PART);
	if (!ends)
		close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	file = open("/tmp/readers", O_CREAT | O_RDWR | O_TRUNC, 0600);
	CLAIM(ftruncate(file, PAGE) == 0 && pthread_barrier_init(&start, NULL, 2) == 0);
	alarm(20); /* for who waits for ever */
	for (int i = 0; i < ROUNDS; i++)
		both(i & 1 ? MSG_PEEK : 0, (i & 2) != 0);
	return claims_end("readers");
}
