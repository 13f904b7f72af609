// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* openat2: what restricts the way of a path. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPENAT2 = 437 };
enum { NO_XDEV = 1, NO_MAGICLINKS = 2, NO_SYMLINKS = 4, BENEATH = 8, IN_ROOT = 16, CACHED = 32 };

struct how {
	uint64_t flags, mode, resolve;
};

static int base;

static int opens(int dirfd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct how how = { flags, flags & O_CREAT ? 0600 : 0, resolve };
	long fd = syscall(OPENAT2, dirfd, path, &how, sizeof(how));

	return (int)fd;
}

/* Whether a path from the base leads to the file `f`. */
static int leads(const char *path, uint64_t resolve)
{
	char got[2] = "";
	int fd = opens(base, path, O_RDONLY, resolve);

	if (fd < 0)
		return 0;
	CLAIM(read(fd, got, 2) == 1 && close(fd) == 0);
	return got[0] == 'f';
}

static void begin(void)
{
	int fd;

	CLAIM(mkdir("/tmp/base", 0700) == 0 && mkdir("/tmp/base/d", 0700) == 0);
	base = open("/tmp/base", O_PATH | O_DIRECTORY);
	fd = openat(base, "f", O_WRONLY | O_CREAT, 0600);
	CLAIM(write(fd, "f", 1) == 1 && close(fd) == 0);
	CLAIM(symlinkat("f", base, "in") == 0 && symlinkat("../f", base, "d/back") == 0 && symlinkat("../base/f", base, "out") == 0);
	CLAIM(symlinkat("/tmp/base/f", base, "whole") == 0 && symlinkat("/f", base, "top") == 0);
}

static void beneath(void)
{
	CLAIM(leads("f", BENEATH) && leads("d/../f", BENEATH) && leads("in", BENEATH) && leads("d/back", BENEATH) && leads("d/./../d/../f", BENEATH));
	REFUSED(opens(base, "/tmp/base/f", O_RDONLY, BENEATH), EXDEV);
	REFUSED(opens(base, "../base/f", O_RDONLY, BENEATH), EXDEV);
	REFUSED(opens(base, "d/../../base/f", O_RDONLY, BENEATH), EXDEV);
	REFUSED(opens(base, "out", O_RDONLY, BENEATH), EXDEV);
	REFUSED(opens(base, "whole", O_RDONLY, BENEATH), EXDEV);
	REFUSED(opens(base, "..", O_PATH, BENEATH), EXDEV);
	REFUSED(opens(base, "../new", O_WRONLY | O_CREAT, BENEATH), EXDEV);
	REFUSED(opens(base, "nothing", O_RDONLY, BENEATH), ENOENT);
	CLAIM(close(opens(base, ".", O_RDONLY, BENEATH)) == 0 && close(opens(base, "d/new", O_WRONLY | O_CREAT | O_EXCL, BENEATH)) == 0);
	CLAIM(close(opens(base, "whole", O_PATH | O_NOFOLLOW, BENEATH)) == 0);
}

static void as_root(void)
{
	CLAIM(leads("f", IN_ROOT) && leads("/f", IN_ROOT) && leads("../f", IN_ROOT) && leads("/../../d/../../f", IN_ROOT));
	CLAIM(leads("top", IN_ROOT) && leads("in", IN_ROOT) && leads("d/back", IN_ROOT));
	REFUSED(opens(base, "whole", O_RDONLY, IN_ROOT), ENOENT);
	REFUSED(opens(base, "out", O_RDONLY, IN_ROOT), ENOENT);
	REFUSED(opens(-1, "/f", O_RDONLY, IN_ROOT), EBADF);
}

static void without_links(void)
{
	char own[32];
	int proc = open("/proc", O_PATH | O_DIRECTORY);

	CLAIM(leads("f", NO_SYMLINKS) && leads("d/../../base/f", NO_SYMLINKS));
	REFUSED(opens(base, "in", O_RDONLY, NO_SYMLINKS), ELOOP);
	REFUSED(opens(base, "d/back", O_RDONLY, NO_SYMLINKS), ELOOP);
	REFUSED(opens(base, "in", O_RDONLY | O_NOFOLLOW, NO_SYMLINKS), ELOOP);
	CLAIM(close(opens(base, "in", O_PATH | O_NOFOLLOW, NO_SYMLINKS)) == 0);
	REFUSED(opens(proc, "self/status", O_RDONLY, NO_SYMLINKS), ELOOP);
	CLAIM(close(opens(proc, "self/status", O_RDONLY, NO_MAGICLINKS)) == 0 && leads("in", NO_MAGICLINKS));
	CLAIM(close(opens(proc, "self/status", O_RDONLY, BENEATH)) == 0);
	snprintf(own, sizeof(own), "self/fd/%d", base);
	CLAIM(close(opens(proc, own, O_PATH, 0)) == 0);
	REFUSED(opens(proc, own, O_PATH, NO_MAGICLINKS), ELOOP);
	REFUSED(opens(proc, own, O_PATH, NO_SYMLINKS), ELOOP);
	REFUSED(opens(proc, own, O_PATH, BENEATH), EXDEV);
	REFUSED(opens(proc, own, O_PATH, IN_ROOT), EXDEV);
	REFUSED(opens(proc, "self/cwd/tmp", O_PATH, NO_MAGICLINKS), ELOOP);
	REFUSED(opens(proc, "self/exe", O_PATH, NO_MAGICLINKS), ELOOP);
	CLAIM(close(proc) == 0);
}

static void within_one_file_system(void)
{
	int root = open("/", O_PATH | O_DIRECTORY), proc = open("/proc", O_PATH | O_DIRECTORY);

	REFUSED(opens(root, "proc/version", O_RDONLY, NO_XDEV), EXDEV);
	REFUSED(opens(root, "/proc/version", O_RDONLY, NO_XDEV), EXDEV);
	REFUSED(opens(proc, "..", O_PATH, NO_XDEV), EXDEV);
	REFUSED(opens(base, "../../proc", O_PATH, NO_XDEV), EXDEV);
	CLAIM(close(opens(proc, "version", O_RDONLY, NO_XDEV)) == 0 && close(opens(proc, "/", O_PATH, NO_XDEV)) == 0 && leads("d/../in", NO_XDEV));
	CLAIM(close(root) == 0 && close(proc) == 0);
}

static void how_it_is_asked(void)
{
	REFUSED(opens(base, "f", O_RDONLY, BENEATH | IN_ROOT), EINVAL);
	REFUSED(opens(base, "f", O_RDONLY, 64), EINVAL);
	REFUSED(opens(base, "g", O_WRONLY | O_CREAT, CACHED), EAGAIN);
	REFUSED(opens(base, "f", O_WRONLY | O_TRUNC, CACHED), EAGAIN);
	CLAIM(leads("f", CACHED));
}

int main(void)
{
	begin();
	beneath();
	as_root();
	without_links();
	within_one_file_system();
	how_it_is_asked();
	return claims_end("resolve");
}
