// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Open files: reading, writing, places, sizes. */
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "tests/conformance/sequence/call.h"

static long do_open(const long *arg, struct line *line)
{
	(void)line;
	return keep(arg[0], SYS(openat, AT_FDCWD, name_of(arg[1]), arg[2], arg[3]));
}

static long do_openat(const long *arg, struct line *line)
{
	(void)line;
	return keep(arg[0], SYS(openat, fd_of(arg[1]), name_of(arg[2]), arg[3], arg[4]));
}

/* What was read, of a call that returned how much. */
static long told(long result, const void *data, struct line *line)
{
	if (result > 0)
		say(line, " h=%08x", digest(data, (size_t)result));
	return result;
}

static long do_read(const long *arg, struct line *line)
{
	return told(SYS(read, fd_of(arg[0]), buffer, at_most(arg[1], BUFFER_BYTES)), buffer, line);
}

static long do_pread(const long *arg, struct line *line)
{
	return told(SYS(pread64, fd_of(arg[0]), buffer, at_most(arg[1], BUFFER_BYTES), arg[2]), buffer, line);
}

static long do_write(const long *arg, struct line *line)
{
	size_t len = at_most(arg[1], BUFFER_BYTES);

	(void)line;
	fill(arg[2], len);
	return SYS(write, fd_of(arg[0]), buffer, len);
}

static long do_pwrite(const long *arg, struct line *line)
{
	size_t len = at_most(arg[1], BUFFER_BYTES);

	(void)line;
	fill(arg[2], len);
	return SYS(pwrite64, fd_of(arg[0]), buffer, len, arg[3]);
}

/* Two pieces of the buffer; a count of pieces, which may be none or too many. */
static size_t pieces(const long *arg, struct iovec *vec)
{
	size_t first = at_most(arg[1], BUFFER_BYTES / 2), second = at_most(arg[2], BUFFER_BYTES / 2);

	vec[0] = (struct iovec){buffer, first};
	vec[1] = (struct iovec){buffer + first, second};
	return first + second;
}

static long do_readv(const long *arg, struct line *line)
{
	struct iovec vec[2];

	pieces(arg, vec);
	return told(SYS(readv, fd_of(arg[0]), vec, arg[3]), buffer, line);
}

static long do_writev(const long *arg, struct line *line)
{
	struct iovec vec[2];

	(void)line;
	fill(arg[4], pieces(arg, vec));
	return SYS(writev, fd_of(arg[0]), vec, arg[3]);
}

static long do_preadv(const long *arg, struct line *line)
{
	struct iovec vec[2];

	pieces(arg, vec);
	return told(SYS(preadv, fd_of(arg[0]), vec, arg[3], arg[4], 0), buffer, line);
}

static long do_lseek(const long *arg, struct line *line)
{
	(void)line;
	return SYS(lseek, fd_of(arg[0]), arg[1], arg[2]);
}

static long do_ftruncate(const long *arg, struct line *line)
{
	(void)line;
	return SYS(ftruncate, fd_of(arg[0]), arg[1]);
}

static long do_fallocate(const long *arg, struct line *line)
{
	(void)line;
	return SYS(fallocate, fd_of(arg[0]), arg[1], arg[2], arg[3]);
}

static long do_fsync(const long *arg, struct line *line)
{
	(void)line;
	return arg[1] ? SYS(fdatasync, fd_of(arg[0])) : SYS(fsync, fd_of(arg[0]));
}

/* Of a folder, how large it is and how many names it has is the file system's business. */
static void say_stat(struct line *line, const struct stat *st)
{
	say(line, " mode=%o uid=%u gid=%u", st->st_mode, st->st_uid, st->st_gid);
	if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
		say(line, " size=%ld links=%u", (long)st->st_size, (unsigned)st->st_nlink);
}

static long do_fstat(const long *arg, struct line *line)
{
	struct stat st;
	long result = SYS(fstat, fd_of(arg[0]), &st);

	if (result == 0)
		say_stat(line, &st);
	return result;
}

static long do_stat(const long *arg, struct line *line)
{
	struct stat st;
	long result = SYS(newfstatat, AT_FDCWD, name_of(arg[0]), &st, arg[1]);

	if (result == 0)
		say_stat(line, &st);
	return result;
}

static long do_statat(const long *arg, struct line *line)
{
	struct stat st;
	long result = SYS(newfstatat, fd_of(arg[0]), name_of(arg[1]), &st, arg[2]);

	if (result == 0)
		say_stat(line, &st);
	return result;
}

static long do_statx(const long *arg, struct line *line)
{
	struct statx st;
	long result = SYS(statx, AT_FDCWD, name_of(arg[0]), arg[1], STATX_BASIC_STATS, &st);

	if (result == 0)
		say(line, " mode=%o", st.stx_mode);
	if (result == 0 && S_ISREG(st.stx_mode))
		say(line, " size=%ld links=%u", (long)st.stx_size, st.stx_nlink);
	return result;
}

static long do_sendfile(const long *arg, struct line *line)
{
	int64_t offset = arg[3];
	long result = SYS(sendfile, fd_of(arg[0]), fd_of(arg[1]), arg[2] ? &offset : NULL, at_most(arg[4], 1 << 20));

	if (arg[2] && result >= 0)
		say(line, " offset=%ld", (long)offset);
	return result;
}

static long do_copy_file_range(const long *arg, struct line *line)
{
	(void)line;
	return SYS(copy_file_range, fd_of(arg[0]), NULL, fd_of(arg[1]), NULL, at_most(arg[2], 1 << 20), 0);
}

const struct operation files_operations[] = {
	{"open", do_open}, {"openat", do_openat}, {"read", do_read}, {"pread", do_pread}, {"write", do_write}, {"pwrite", do_pwrite},
	{"readv", do_readv}, {"writev", do_writev}, {"preadv", do_preadv}, {"lseek", do_lseek}, {"ftruncate", do_ftruncate},
	{"fallocate", do_fallocate}, {"fsync", do_fsync}, {"fstat", do_fstat}, {"stat", do_stat}, {"statat", do_statat}, {"statx", do_statx},
	{"sendfile", do_sendfile}, {"copy_file_range", do_copy_file_range}, {NULL, NULL},
};
