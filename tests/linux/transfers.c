// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Bytes from file to file, in pieces, at places; paths in all their forms; what UDP and options of sockets give besides. */
#include "tests/linux/claims.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROUNDS = 100 };

static void files(void)
{
	struct iovec pieces[3] = { { "one", 3 }, { "", 0 }, { "two", 3 } };
	char a[4], b[8];
	struct iovec parts[2] = { { a, 2 }, { b, 4 } };
	off_t offset = 1, to = 0;
	int from = open("/tmp/from", O_CREAT | O_RDWR | O_TRUNC, 0644);
	int other = open("/tmp/other", O_CREAT | O_RDWR | O_TRUNC, 0644);
	int ends[2];

	CLAIM(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
	CLAIM(writev(from, pieces, 3) == 6);
	CLAIM(preadv(from, parts, 2, 0) == 6 && memcmp(a, "on", 2) == 0 && memcmp(b, "etwo", 4) == 0);
	CLAIM(pwritev(from, pieces, 1, 6) == 3 && pwrite(from, "!", 1, 9) == 1);
	CLAIM(syscall(SYS_preadv2, from, parts, 2, 1L, 0L, 0) == 6);
	CLAIM(sendfile(other, from, &offset, 4) == 4 && offset == 5);
	CLAIM(sendfile(ends[1], from, &offset, 100) == 5 && read(ends[0], b, sizeof(b)) == 5);
	CLAIM(syscall(SYS_copy_file_range, from, &to, other, NULL, 3L, 0) == 3);
	CLAIM(lseek(other, 0, SEEK_SET) == 0 && read(other, b, 8) == 7 && memcmp(b, "netwone", 7) == 0);
	CLAIM(ftruncate(other, 3) == 0 && lseek(other, 0, SEEK_END) == 3 && truncate("/tmp/other", 10) == 0);
	CLAIM(posix_fallocate(other, 0, 20) == 0 && lseek(other, 0, SEEK_END) == 20);
	CLAIM(fsync(other) == 0 && fdatasync(other) == 0 && syscall(SYS_sync) == 0);
	CLAIM(syscall(SYS_sync_file_range, other, 0l, 0l, 7) == 0 && syscall(SYS_sync_file_range, other, 1l, 5l, 2) == 0);
	REFUSED(syscall(SYS_sync_file_range, other, 0l, 0l, 8), EINVAL);
	REFUSED(syscall(SYS_sync_file_range, other, -1l, 0l, 0), EINVAL);
	REFUSED(syscall(SYS_sync_file_range, other, INT64_MAX, 1l, 0), EINVAL);
	REFUSED(syscall(SYS_sync_file_range, open("/dev/null", O_RDWR), 0l, 0l, 2), ESPIPE);
	REFUSED(syscall(SYS_sync_file_range, -1, 0l, 0l, 8), EBADF);
	CLAIM(flock(from, LOCK_EX) == 0 && flock(from, LOCK_UN) == 0);
	REFUSED(readv(from, parts, -1), EINVAL);
	REFUSED(pread(ends[0], b, 1, 0), ESPIPE);
	REFUSED(lseek(ends[0], 0, SEEK_SET), ESPIPE);
	REFUSED(read(ends[0], b, 1), EAGAIN);
	REFUSED(lseek(from, -1, SEEK_SET), EINVAL);
	CLAIM(dup3(from, 50, O_CLOEXEC) == 50 && fcntl(50, F_GETFD) == FD_CLOEXEC);
	REFUSED(dup3(from, from, 0), EINVAL);
	CLAIM(syscall(SYS_close_range, 50, 60, 0) == 0);
	REFUSED(fcntl(50, F_GETFD), EBADF);
	CLAIM(fcntl(ends[1], F_GETPIPE_SZ) > 0);
	close(ends[0]);
	close(ends[1]);
	close(from);
	close(other);
}

static pthread_barrier_t start;

static void *allocates(void *arg)
{
	pthread_barrier_wait(&start);
	CLAIM(fallocate(*(int *)arg, 0, 0, 100) == 0);
	return NULL;
}

/* Room that is made while another writes takes nothing of what that wrote. */
static void allocated(void)
{
	static const char data[1000];
	int fd = open("/tmp/allocated", O_CREAT | O_RDWR | O_TRUNC, 0644);

	CLAIM(pthread_barrier_init(&start, NULL, 2) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_t other;

		CLAIM(ftruncate(fd, 0) == 0 && pthread_create(&other, NULL, allocates, &fd) == 0);
		pthread_barrier_wait(&start);
		CLAIM(pwrite(fd, data, sizeof(data), 0) == sizeof(data) && pthread_join(other, NULL) == 0);
		CLAIM(lseek(fd, 0, SEEK_END) == sizeof(data));
	}
	CLAIM(close(fd) == 0 && unlink("/tmp/allocated") == 0);
}

static void paths(void)
{
	struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };
	struct statfs space;
	struct stat is;
	char text[256];
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);
	DIR *list;
	int seen = 0;

	CLAIM(mkdirat(tmp, "d", 0755) == 0);
	REFUSED(mkdir("/tmp/d", 0755), EEXIST);
	CLAIM(symlinkat("d", tmp, "l") == 0 && readlinkat(tmp, "l", text, sizeof(text)) == 1 && text[0] == 'd');
	CLAIM(fstatat(tmp, "l", &is, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(is.st_mode));
	CLAIM(stat("/tmp/l/../l/.", &is) == 0 && S_ISDIR(is.st_mode));
	close(openat(tmp, "d/f", O_CREAT | O_WRONLY, 0640));
	CLAIM(linkat(tmp, "d/f", tmp, "d/g", 0) == 0 && stat("/tmp/d/g", &is) == 0 && is.st_nlink == 2);
	CLAIM(fchmodat(tmp, "d/f", 0600, 0) == 0 && stat("/tmp/d/g", &is) == 0 && (is.st_mode & 07777) == 0600);
	CLAIM(utimensat(tmp, "d/f", times, 0) == 0 && stat("/tmp/d/f", &is) == 0 && is.st_mtime == 2000);
	CLAIM(faccessat(tmp, "d/f", R_OK | W_OK, 0) == 0);
	REFUSED(access("/tmp/d/none", F_OK), ENOENT);
	CLAIM(renameat(tmp, "d/g", tmp, "h") == 0);
	REFUSED(rename("/tmp/h", "/app/h"), EXDEV);
	REFUSED(open("/tmp/l", O_RDONLY | O_NOFOLLOW), ELOOP);
	REFUSED(open("/tmp/h/x", O_RDONLY), ENOTDIR);
	CLAIM(chdir("/tmp/d") == 0 && getcwd(text, sizeof(text)) != NULL && strcmp(text, "/tmp/d") == 0);
	REFUSED(syscall(SYS_getcwd, text, 2), ERANGE);
	CLAIM(fchdir(tmp) == 0 && getcwd(text, sizeof(text)) != NULL && strcmp(text, "/tmp") == 0);
	CLAIM(umask(077) == 022 && umask(022) == 077);
	CLAIM(statfs("/tmp", &space) == 0 && space.f_bsize > 0 && fstatfs(tmp, &space) == 0);
	CLAIM(chown("/tmp/h", 0, 0) == 0);
	list = opendir("/tmp/d");
	while (list != NULL && readdir(list) != NULL)
		seen++;
	CLAIM(seen == 3);
	closedir(list);
	REFUSED(rmdir("/tmp/d"), ENOTEMPTY);
	CLAIM(unlink("/tmp/d/f") == 0 && rmdir("/tmp/d") == 0 && unlink("/tmp/l") == 0 && unlink("/tmp/h") == 0);
	close(tmp);
}

static void options(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(5454), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 at6 = { .sin6_family = AF_INET6, .sin6_port = htons(5455) };
	struct timeval limit = { .tv_usec = 2000 };
	struct linger linger;
	struct ucred who;
	socklen_t bytes = sizeof(int);
	int value = 0;
	char data[8];
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	int tcp = socket(AF_INET, SOCK_STREAM, 0);
	int six = socket(AF_INET6, SOCK_STREAM, 0);

	CLAIM(getsockopt(udp, SOL_SOCKET, SO_TYPE, &value, &bytes) == 0 && value == SOCK_DGRAM);
	CLAIM(getsockopt(tcp, SOL_SOCKET, SO_DOMAIN, &value, &bytes) == 0 && value == AF_INET);
	CLAIM(getsockopt(tcp, SOL_SOCKET, SO_PROTOCOL, &value, &bytes) == 0 && value == IPPROTO_TCP);
	CLAIM(getsockopt(tcp, SOL_SOCKET, SO_ERROR, &value, &bytes) == 0 && value == 0);
	CLAIM(getsockopt(tcp, SOL_SOCKET, SO_ACCEPTCONN, &value, &bytes) == 0 && value == 0);
	value = 1;
	CLAIM(setsockopt(tcp, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof(value)) == 0);
	value = 0;
	CLAIM(getsockopt(tcp, SOL_SOCKET, SO_KEEPALIVE, &value, &bytes) == 0 && value == 1);
	bytes = sizeof(linger);
	CLAIM(getsockopt(tcp, SOL_SOCKET, SO_LINGER, &linger, &bytes) == 0 && linger.l_onoff == 0);
	bytes = sizeof(who);
	CLAIM(getsockopt(tcp, SOL_SOCKET, SO_PEERCRED, &who, &bytes) == 0);
	CLAIM(setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
	bytes = sizeof(limit);
	CLAIM(getsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &limit, &bytes) == 0 && limit.tv_usec == 2000);
	CLAIM(bind(udp, (struct sockaddr *)&at, sizeof(at)) == 0);
	REFUSED(recv(udp, data, sizeof(data), 0), EAGAIN);
	CLAIM(connect(udp, (struct sockaddr *)&at, sizeof(at)) == 0);
	bytes = sizeof(at);
	CLAIM(getpeername(udp, (struct sockaddr *)&at, &bytes) == 0 && getsockname(udp, (struct sockaddr *)&at, &bytes) == 0);
	CLAIM(send(udp, "self", 4, 0) == 4 && recv(udp, data, 2, MSG_PEEK) == 2 && recv(udp, data, sizeof(data), 0) == 4);
	CLAIM(shutdown(udp, SHUT_RDWR) == 0);
	CLAIM(bind(six, (struct sockaddr *)&at6, sizeof(at6)) == 0 && listen(six, 1) == 0);
	REFUSED(bind(tcp, (struct sockaddr *)&at6, sizeof(at6)), EAFNOSUPPORT);
	REFUSED(bind(tcp, (struct sockaddr *)&at, 4), EINVAL);
	REFUSED(shutdown(tcp, SHUT_RD), ENOTCONN);
	close(udp);
	close(tcp);
	close(six);
}

int main(void)
{
	files();
	allocated();
	paths();
	options();
	return claims_end("transfers");
}
