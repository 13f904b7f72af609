// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A file that is mapped: what was stored to it stays, whatever else is done to the file, and what is cut off is gone. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <sys/mman.h>

enum { PAGE = 4096, PAGES = 4 };

static const char path[] = "/tmp/mapped";
static volatile char *map;
static int fd;

/* A byte of the file, as it is read. */
static char byte_at(off_t at)
{
	char byte = '?';

	CLAIM(pread(fd, &byte, 1, at) == 1);
	return byte;
}

static void store(char first)
{
	for (int i = 0; i < PAGES; i++)
		map[i * PAGE + 1] = (char)(first + i);
}

/* Memory and file have what was stored to the first pages, and zeroes behind. */
static void have(char first, int pages)
{
	for (int i = 0; i < PAGES; i++) {
		char expected = i < pages ? (char)(first + i) : 0;

		CLAIM(map[i * PAGE + 1] == expected);
		CLAIM(byte_at(i * PAGE + 1) == expected);
	}
}

/* Stored bytes are not yet in the file when its size changes. */
static void size_changes(void)
{
	store('a');
	CLAIM(ftruncate(fd, 2 * PAGES * PAGE) == 0);
	have('a', PAGES);
	store('e');
	CLAIM(truncate(path, 3 * PAGES * PAGE) == 0);
	have('e', PAGES);
	store('i');
	CLAIM(ftruncate(fd, PAGE + 2) == 0);
	CLAIM(map[1] == 'i' && map[PAGE + 1] == 'j');
	CLAIM(ftruncate(fd, PAGES * PAGE) == 0);
	have('i', 2);
	store('m');
	CLAIM(truncate(path, PAGE + 1) == 0 && truncate(path, PAGES * PAGE) == 0);
	have('m', 1);
	store('q');
	CLAIM(close(open(path, O_RDWR | O_TRUNC)) == 0 && truncate(path, PAGES * PAGE) == 0);
	have('q', 0);
}

/* Nor when others write beside them. */
static void others_write(void)
{
	int appends = open(path, O_WRONLY | O_APPEND);

	store('a');
	CLAIM(pwrite(fd, "0", 1, 2 * PAGE) == 1);
	CLAIM(map[2 * PAGE] == '0');
	have('a', PAGES);
	store('e');
	CLAIM(write(appends, "1", 1) == 1);
	have('e', PAGES);
	CLAIM(ftruncate(fd, PAGES * PAGE - 1) == 0 && write(appends, "23", 2) == 2);
	CLAIM(map[PAGES * PAGE - 1] == '2');
	store('i');
	CLAIM(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * PAGE, PAGE * 2) == 0);
	have('i', 2);
	close(appends);
}

int main(void)
{
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	CLAIM(ftruncate(fd, PAGES * PAGE) == 0);
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CLAIM(map != MAP_FAILED);
	size_changes();
	others_write();
	return claims_end("mapped");
}
