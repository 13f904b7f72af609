// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Extended attributes of what has none. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BAD ((void *)16)

static const char name[] = "user.test";

static void by_path(void)
{
	char value[8];

	CLAIM(listxattr("/tmp/f", value, sizeof(value)) == 0 && llistxattr("/tmp/link", NULL, 0) == 0);
	REFUSED(getxattr("/tmp/f", name, value, sizeof(value)), EOPNOTSUPP);
	REFUSED(lgetxattr("/tmp/f", name, value, sizeof(value)), EOPNOTSUPP);
	REFUSED(setxattr("/tmp/f", name, "x", 1, 0), EOPNOTSUPP);
	REFUSED(setxattr("/tmp/link", name, "x", 1, XATTR_CREATE), EOPNOTSUPP);
	REFUSED(removexattr("/tmp/f", name), EOPNOTSUPP);
	REFUSED(getxattr("/tmp/nothing", name, value, sizeof(value)), ENOENT);
	REFUSED(listxattr("/tmp/nothing", value, sizeof(value)), ENOENT);
	REFUSED(lgetxattr("/tmp/f/x", name, value, sizeof(value)), ENOTDIR);
	REFUSED(removexattr("/tmp/nothing", BAD), ENOENT);
	REFUSED(setxattr(BAD, name, "x", 1, 0), EFAULT);
	REFUSED(getxattr("/proc/version", name, value, sizeof(value)), EOPNOTSUPP);
}

static void by_descriptor(int fd)
{
	char value[8];
	int pair[2];

	REFUSED(fgetxattr(fd, name, value, sizeof(value)), EOPNOTSUPP);
	REFUSED(fsetxattr(fd, name, "x", 1, XATTR_REPLACE), EOPNOTSUPP);
	REFUSED(fremovexattr(fd, name), EOPNOTSUPP);
	CLAIM(flistxattr(fd, value, sizeof(value)) == 0 && pipe(pair) == 0);
	REFUSED(fgetxattr(pair[0], "security.test", value, sizeof(value)), EOPNOTSUPP);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
	REFUSED(fgetxattr(-1, name, value, sizeof(value)), EBADF);
	REFUSED(flistxattr(99, value, sizeof(value)), EBADF);
	fd = open("/tmp/f", O_PATH);
	REFUSED(fsetxattr(fd, name, "x", 1, 0), EBADF);
	CLAIM(close(fd) == 0);
}

/* In which order what is asked for is looked at. */
static void badly_asked(int fd)
{
	static char large[70000];
	char longest[256];

	memset(longest, 'n', sizeof(longest));
	memcpy(longest, "user.", 5);
	longest[255] = '\0';
	REFUSED(fgetxattr(fd, longest, NULL, 0), EOPNOTSUPP);
	REFUSED(fsetxattr(fd, name, large, 65536, 0), EOPNOTSUPP);
	REFUSED(fsetxattr(fd, name, large, 65537, 0), E2BIG);
	REFUSED(fsetxattr(fd, name, BAD, 1, 0), EFAULT);
	REFUSED(fsetxattr(fd, name, large, 1, 4), EINVAL);
	REFUSED(fsetxattr(fd, BAD, large, 1, 4), EINVAL);
	REFUSED(fsetxattr(fd, BAD, large, 65537, 0), EFAULT);
	REFUSED(fsetxattr(fd, "", large, 1, 0), ERANGE);
	REFUSED(fgetxattr(fd, "", large, 1), ERANGE);
	REFUSED(fremovexattr(fd, ""), ERANGE);
	REFUSED(fremovexattr(fd, BAD), EFAULT);
	longest[255] = 'n';
	memcpy(large, longest, sizeof(longest));
	REFUSED(fgetxattr(fd, large, NULL, 0), ERANGE);
	REFUSED(fremovexattr(fd, large), ERANGE);
}

int main(void)
{
	int fd = open("/tmp/f", O_RDWR | O_CREAT, 0600);

	CLAIM(fd >= 0 && symlink("f", "/tmp/link") == 0);
	by_path();
	by_descriptor(fd);
	badly_asked(fd);
	return claims_end("attributes");
}
