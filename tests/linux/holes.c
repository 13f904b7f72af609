// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Holes made in files: what is there reads as zeroes, wherever it is looked at, and takes up nothing. Spec: fallocate(2) */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, BYTES = 4 * PAGE, HOLE = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE };
enum { COLLAPSE = 8, ZERO = 16, INSERT = 32, UNSHARE = 64 }; /* linux/falloc.h */

static char whole[BYTES], text[BYTES];

static int filled(void)
{
	int fd = open("/tmp/hole", O_RDWR | O_CREAT | O_TRUNC, 0600);

	memset(whole, 'x', sizeof(whole));
	CLAIM(fd >= 0 && write(fd, whole, sizeof(whole)) == sizeof(whole));
	return fd;
}

/* Whether the file is as it was but for zeroes in [from, to). */
static int has_hole(int fd, size_t from, size_t to)
{
	memset(whole, 'x', sizeof(whole));
	memset(whole + from, 0, to - from);
	return pread(fd, text, sizeof(text), 0) == sizeof(text) && memcmp(text, whole, sizeof(whole)) == 0;
}

static void zeroes(void)
{
	struct stat is;
	int fd = filled(), none = inotify_init1(IN_NONBLOCK);

	CLAIM(inotify_add_watch(none, "/tmp/hole", IN_ALL_EVENTS) > 0);
	CLAIM(lseek(fd, 7, SEEK_SET) == 7 && fallocate(fd, HOLE, 10, 20) == 0 && has_hole(fd, 10, 30) && lseek(fd, 0, SEEK_CUR) == 7);
	CLAIM(read(none, text, sizeof(text)) > 0 && ((struct inotify_event *)(void *)text)->mask == IN_MODIFY && close(none) == 0);
	CLAIM(fallocate(fd, HOLE, 1, 2 * PAGE) == 0 && has_hole(fd, 1, 2 * PAGE + 1) && fstat(fd, &is) == 0 && is.st_blocks == 3 * PAGE / 512);
	CLAIM(fallocate(fd, HOLE, 0, BYTES - 1) == 0 && has_hole(fd, 0, BYTES - 1) && fstat(fd, &is) == 0 && is.st_blocks == PAGE / 512);
	CLAIM(fallocate(fd, HOLE, BYTES, PAGE) == 0 && fallocate(fd, HOLE, 5 * BYTES, INT64_MAX - 5 * BYTES) == 0 && has_hole(fd, 0, BYTES - 1));
	CLAIM(fallocate(fd, HOLE, BYTES - 1, 100) == 0 && fstat(fd, &is) == 0 && is.st_size == BYTES && has_hole(fd, 0, BYTES));
	CLAIM(pwrite(fd, "y", 1, PAGE) == 1 && ftruncate(fd, BYTES + PAGE) == 0 && pread(fd, text, 1, BYTES + 5) == 1 && text[0] == 0 && close(fd) == 0);
	fd = filled();
	CLAIM(close(fd) == 0 && (fd = open("/tmp/hole", O_RDWR | O_APPEND)) >= 0 && fallocate(fd, HOLE, 0, 5) == 0 && has_hole(fd, 0, 5) && close(fd) == 0);
}

/* Memory that shows the file shows the hole, and what it was changed to before is gone. */
static void mapped(void)
{
	int fd = filled();
	volatile char *shared = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CLAIM(shared != MAP_FAILED);
	shared[5] = 'a';
	shared[PAGE] = 'b';
	shared[3 * PAGE] = 'x';
	CLAIM(fallocate(fd, HOLE, PAGE - 1, 2 * PAGE) == 0 && shared[PAGE - 2] == 'x' && shared[PAGE - 1] == 0 && shared[PAGE] == 0 && shared[3 * PAGE - 2] == 0 && shared[3 * PAGE - 1] == 'x');
	CLAIM(shared[5] == 'a' && pread(fd, text, 1, 5) == 1 && text[0] == 'a' && pread(fd, text, 1, PAGE) == 1 && text[0] == 0);
	shared[PAGE] = 'c';
	CLAIM(pread(fd, text, 1, PAGE) == 1 && text[0] == 'c' && munmap((void *)(uintptr_t)shared, BYTES) == 0 && close(fd) == 0);
}

/* What memory has that shows the file is in the file when it has been synchronized: it takes up room there. */
static void synchronized(void)
{
	int fd = open("/tmp/hole", O_RDWR | O_CREAT | O_TRUNC, 0600);
	volatile char *shared;
	struct stat stat;

	CLAIM(ftruncate(fd, BYTES) == 0 && fstat(fd, &stat) == 0 && stat.st_blocks == 0);
	shared = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	shared[PAGE] = 'a';
	CLAIM(fsync(fd) == 0 && fstat(fd, &stat) == 0 && stat.st_blocks == PAGE / 512);
	CLAIM(munmap((void *)(uintptr_t)shared, BYTES) == 0 && close(fd) == 0);
}

/* What goes with what, and on what. */
static void refused(void)
{
	int fd = filled(), reader = open("/tmp/hole", O_RDONLY), null = open("/dev/null", O_RDWR), pair[2];

	REFUSED(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
	REFUSED(fallocate(fd, HOLE | ZERO, 0, 1), EOPNOTSUPP);
	REFUSED(fallocate(fd, 4, 0, 1), EOPNOTSUPP);
	REFUSED(fallocate(fd, HOLE | 128, 0, 1), EOPNOTSUPP);
	REFUSED(fallocate(fd, COLLAPSE | FALLOC_FL_KEEP_SIZE, 0, 1), EINVAL);
	REFUSED(fallocate(fd, INSERT | FALLOC_FL_KEEP_SIZE, 0, 1), EINVAL);
	REFUSED(fallocate(fd, UNSHARE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1), EINVAL);
	REFUSED(fallocate(fd, HOLE, 0, 0), EINVAL);
	REFUSED(fallocate(fd, HOLE, -1, 2), EINVAL);
	REFUSED(fallocate(fd, HOLE, INT64_MAX, 2), EFBIG);
	REFUSED(fallocate(reader, HOLE, 0, 1), EBADF);
	REFUSED(fallocate(reader, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
	REFUSED(fallocate(null, HOLE, 0, 1), ENODEV);
	REFUSED(fallocate(null, 4, 0, 1), EOPNOTSUPP);
	CLAIM(pipe(pair) == 0);
	REFUSED(fallocate(pair[1], HOLE, 0, 1), ESPIPE);
	CLAIM(has_hole(fd, 0, 0) && close(fd) == 0 && close(reader) == 0 && close(null) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0 && unlink("/tmp/hole") == 0);
}

static void sealed(void)
{
	int fd = memfd_create("hole", MFD_ALLOW_SEALING);

	memset(whole, 'x', sizeof(whole));
	CLAIM(fd >= 0 && write(fd, whole, sizeof(whole)) == sizeof(whole) && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) == 0);
	CLAIM(fallocate(fd, HOLE, PAGE, PAGE) == 0 && fallocate(fd, HOLE, BYTES, PAGE) == 0 && has_hole(fd, PAGE, 2 * PAGE));
	CLAIM(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0);
	REFUSED(fallocate(fd, HOLE, 0, 1), EPERM);
	CLAIM(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
	REFUSED(fallocate(fd, HOLE, 2 * BYTES, 1), EPERM);
	CLAIM(has_hole(fd, PAGE, 2 * PAGE) && close(fd) == 0);
}

int main(void)
{
	zeroes();
	mapped();
	synchronized();
	refused();
	sealed();
	return claims_end("holes");
}
