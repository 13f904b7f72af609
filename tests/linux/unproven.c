// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What was not signed is not executed: not what was written, not what lies in a file. Unlike the others this is not so on Linux. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/linux/claims.h"

enum { PAGE = 4096 };

int main(void)
{
	char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *code = (void *)((unsigned long)main & ~(PAGE - 1ul));
	int fd = open("/tmp/code", O_RDWR | O_CREAT, 0700);
	char *argv[] = { "/tmp/code", NULL };

	REFUSED(mprotect(at, PAGE, PROT_READ | PROT_EXEC), EACCES);
	REFUSED(mprotect(at, PAGE, PROT_WRITE | PROT_EXEC), EACCES);
	CLAIM(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EACCES);
	CLAIM(write(fd, code, PAGE) == PAGE);
	CLAIM(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EACCES);
	REFUSED(mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), EACCES);
	close(fd);
	fd = (int)syscall(SYS_memfd_create, "code", 0);
	CLAIM(write(fd, code, PAGE) == PAGE);
	CLAIM(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EACCES);
	REFUSED(fexecve(fd, argv, argv + 1), EACCES);
	close(fd);
	REFUSED(execv("/tmp/code", argv), EACCES);
	return claims_end("unproven");
}
