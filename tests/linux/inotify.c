// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* inotify: what is done to files and directories is told once, in its order, to who asked for it, and to nobody else. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OFTEN = 4200 };

static uint32_t cookies[2]; /* of the last two moves */

static void add(char *text, size_t room, const struct inotify_event *event)
{
	static const char *const names[] = { "access", "modify", "attrib", "close_write", "close_nowrite", "open", "moved_from", "moved_to", "create",
					     "delete", "delete_self", "move_self", [14] = "overflow", [15] = "ignored", [30] = "directory" };
	size_t at = strlen(text);

	at += (size_t)snprintf(text + at, room - at, "%d", event->wd);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (event->mask >> i & 1)
			at += (size_t)snprintf(text + at, room - at, " %s", names[i] != NULL ? names[i] : "?");
	if (event->len > 0)
		at += (size_t)snprintf(text + at, room - at, " %s", event->name);
	snprintf(text + at, room - at, "\n");
	if (event->mask & (IN_MOVED_FROM | IN_MOVED_TO)) {
		cookies[0] = cookies[1];
		cookies[1] = event->cookie;
	}
}

/* What there is to be read is exactly this. */
static void told_at(int fd, const char *due, int line)
{
	char data[8192] __attribute__((aligned(8))), text[8192] = "";
	ssize_t got = read(fd, data, sizeof(data));

	for (ssize_t at = 0; at < got; at += (ssize_t)sizeof(struct inotify_event) + ((struct inotify_event *)(data + at))->len)
		add(text, sizeof(text), (struct inotify_event *)(data + at));
	if (strcmp(text, due) == 0)
		return;
	claims_failed++;
	printf("WRONG: %s:%d: told\n%sand due was\n%s", __FILE__, line, text, due);
}
#define TOLD(fd, due) told_at(fd, due, __LINE__)

static void make(const char *path, const char *content)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);

	CLAIM(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
	close(fd);
}

static void calls(void)
{
	char link[32], text[64];
	int32_t bytes = -1;
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), file = open("/tmp/watched/plain", O_CREAT | O_RDWR, 0644), one;

	CLAIM(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GETFL) & O_NONBLOCK);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CLAIM(readlink(link, text, sizeof(text)) == 18 && memcmp(text, "anon_inode:inotify", 18) == 0);
	REFUSED(inotify_init1(1), EINVAL);
	REFUSED(read(fd, text, sizeof(text)), EAGAIN);
	REFUSED(write(fd, text, 1), EBADF);
	REFUSED(inotify_add_watch(fd, "/tmp/watched/plain", 0), EINVAL);
	REFUSED(inotify_add_watch(fd, "/tmp/watched/plain", 1 << 16), EINVAL);
	REFUSED(inotify_add_watch(fd, "/tmp/watched/plain", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), EINVAL);
	REFUSED(inotify_add_watch(fd, "/tmp/watched/plain", IN_OPEN | IN_ONLYDIR), ENOTDIR);
	REFUSED(inotify_add_watch(fd, "/tmp/watched/none", IN_OPEN), ENOENT);
	REFUSED(inotify_add_watch(fd, "", IN_OPEN), ENOENT);
	REFUSED(inotify_add_watch(fd, (char *)16, IN_OPEN), EFAULT);
	REFUSED(inotify_add_watch(file, "/tmp", IN_OPEN), EINVAL);
	REFUSED(inotify_add_watch(1000, "/tmp", IN_OPEN), EBADF);
	REFUSED(inotify_rm_watch(fd, 1), EINVAL);
	REFUSED(inotify_rm_watch(fd, -1), EINVAL);
	REFUSED(inotify_rm_watch(file, 1), EINVAL);
	REFUSED(inotify_rm_watch(-1, 1), EBADF);
	one = inotify_add_watch(fd, "/tmp/watched/plain", IN_MODIFY);
	CLAIM(one == 1 && inotify_add_watch(fd, "/tmp/watched/../watched/plain", IN_MODIFY) == 1);
	REFUSED(inotify_add_watch(fd, "/tmp/watched/plain", IN_MODIFY | IN_MASK_CREATE), EEXIST);
	CLAIM(inotify_add_watch(fd, "/tmp", IN_DELETE) == 2);
	CLAIM(write(file, "abc", 3) == 3 && ioctl(fd, FIONREAD, &bytes) == 0 && bytes == 16);
	CLAIM(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 0) == 1);
	REFUSED(read(fd, text, 15), EINVAL);
	REFUSED(ioctl(fd, TIOCGWINSZ, text), ENOTTY);
	TOLD(fd, "1 modify\n");
	CLAIM(ioctl(fd, FIONREAD, &bytes) == 0 && bytes == 0 && write(file, "abc", 3) == 3 && ioctl(fd, FIONREAD, &bytes) == 0 && bytes == 16);
	TOLD(fd, "1 modify\n");
	CLAIM(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 0) == 0);
	CLAIM(inotify_rm_watch(fd, 1) == 0);
	REFUSED(inotify_rm_watch(fd, 1), EINVAL);
	CLAIM(write(file, "abc", 3) == 3);
	TOLD(fd, "1 ignored\n");
	CLAIM(inotify_add_watch(fd, "/tmp/watched/plain", IN_OPEN) == 3);
	close(fd);
	close(file);
	CLAIM(unlink("/tmp/watched/plain") == 0);
}

static void contents(int fd)
{
	static const struct timespec accessed[2] = { { 5, 0 }, { 0, UTIME_OMIT } }, modified[2] = { { 0, UTIME_OMIT }, { 5, 0 } };
	char data[8];
	int file;

	make("/tmp/watched/a", "content");
	TOLD(fd, "1 create a\n1 open a\n1 modify a\n1 close_write a\n");
	CLAIM(inotify_add_watch(fd, "/tmp/watched/a", IN_ALL_EVENTS) == 2);
	file = open("/tmp/watched/a", O_RDWR);
	CLAIM(read(file, data, 8) == 7 && read(file, data, 8) == 0);
	TOLD(fd, "1 open a\n2 open\n1 access a\n2 access\n");
	CLAIM(pwrite(file, "x", 1, 0) == 1 && pwrite(file, "y", 1, 1) == 1 && ftruncate(file, 2) == 0);
	TOLD(fd, "1 modify a\n2 modify\n1 modify a\n2 modify\n1 modify a\n2 modify\n");
	CLAIM(fchmod(file, 0600) == 0 && dup2(file, 50) == 50);
	close(file);
	TOLD(fd, "1 attrib a\n2 attrib\n");
	close(50);
	TOLD(fd, "1 close_write a\n2 close_write\n");
	close(open("/tmp/watched/a", O_RDONLY));
	close(open("/tmp/watched/a", O_PATH));
	TOLD(fd, "1 open a\n2 open\n1 close_nowrite a\n2 close_nowrite\n");
	close(open("/tmp/watched/a", O_WRONLY | O_TRUNC));
	TOLD(fd, "1 modify a\n2 modify\n1 open a\n2 open\n1 close_write a\n2 close_write\n");
	CLAIM(truncate("/tmp/watched/a", 9) == 0 && chmod("/tmp/watched/a", 0644) == 0 && chown("/tmp/watched/a", 0, 0) == 0);
	CLAIM(chown("/tmp/watched/a", (uid_t)-1, (gid_t)-1) == 0); /* which nobody is told */
	TOLD(fd, "1 modify a\n2 modify\n1 attrib a\n2 attrib\n1 attrib a\n2 attrib\n");
	CLAIM(utimensat(AT_FDCWD, "/tmp/watched/a", NULL, 0) == 0 && access("/tmp/watched/a", R_OK) == 0);
	TOLD(fd, "1 attrib a\n2 attrib\n");
	CLAIM(utimensat(AT_FDCWD, "/tmp/watched/a", accessed, 0) == 0 && utimensat(AT_FDCWD, "/tmp/watched/a", modified, 0) == 0);
	TOLD(fd, "1 access a\n2 access\n1 modify a\n2 modify\n"); /* one of the times alone */
	CLAIM(inotify_rm_watch(fd, 2) == 0 && unlink("/tmp/watched/a") == 0);
	TOLD(fd, "2 ignored\n1 delete a\n");
}

static void names(int fd)
{
	uint32_t before;

	CLAIM(mkdir("/tmp/watched/d", 0755) == 0 && symlink("x", "/tmp/watched/s") == 0 && mkfifo("/tmp/watched/p", 0600) == 0);
	TOLD(fd, "1 create directory d\n1 create s\n1 create p\n");
	make("/tmp/watched/d/deep", "");
	TOLD(fd, "");
	CLAIM(inotify_add_watch(fd, "/tmp/watched/d", IN_ALL_EVENTS) == 3 && mkdir("/tmp/watched/e", 0755) == 0);
	TOLD(fd, "1 create directory e\n");
	REFUSED(rmdir("/tmp/watched/d"), ENOTEMPTY);
	REFUSED(rename("/tmp/watched/e", "/tmp/watched/d"), ENOTEMPTY);
	TOLD(fd, ""); /* of what was not done */
	CLAIM(rmdir("/tmp/watched/e") == 0);
	TOLD(fd, "1 delete directory e\n");
	CLAIM(rename("/tmp/watched/d/deep", "/tmp/watched/up") == 0);
	TOLD(fd, "3 moved_from deep\n1 moved_to up\n");
	CLAIM(cookies[0] != 0 && cookies[0] == cookies[1]);
	before = cookies[0];
	CLAIM(rename("/tmp/watched/up", "/tmp/watched/d/up") == 0);
	TOLD(fd, "1 moved_from up\n3 moved_to up\n");
	CLAIM(cookies[0] != 0 && cookies[0] == cookies[1] && cookies[0] != before);
	CLAIM(link("/tmp/watched/d/up", "/tmp/watched/again") == 0);
	CLAIM(inotify_add_watch(fd, "/tmp/watched/again", IN_ALL_EVENTS) == 4);
	TOLD(fd, "1 create again\n");
	CLAIM(rename("/tmp/watched/again", "/tmp/watched/d/up") == 0); /* the same file: nothing is done */
	TOLD(fd, "");
	CLAIM(unlink("/tmp/watched/d/up") == 0);
	TOLD(fd, "4 attrib\n3 delete up\n");
	CLAIM(rename("/tmp/watched/again", "/tmp/watched/once") == 0);
	TOLD(fd, "1 moved_from again\n1 moved_to once\n4 move_self\n");
	make("/tmp/other", "");
	CLAIM(rename("/tmp/other", "/tmp/watched/once") == 0);
	TOLD(fd, "1 moved_to once\n4 attrib\n4 delete_self\n4 ignored\n");
	CLAIM(inotify_add_watch(fd, "/tmp/watched/once", IN_ALL_EVENTS) == 5);
	CLAIM(unlink("/tmp/watched/once") == 0);
	TOLD(fd, "5 attrib\n5 delete_self\n5 ignored\n1 delete once\n");
	CLAIM(rename("/tmp/watched/d", "/tmp/watched/e") == 0);
	TOLD(fd, "1 moved_from directory d\n1 moved_to directory e\n3 move_self\n");
	CLAIM(rmdir("/tmp/watched/e") == 0);
	TOLD(fd, "3 delete_self\n3 ignored\n1 delete directory e\n");
	REFUSED(mkdir("/tmp/watched", 0755), EEXIST);
	REFUSED(unlink("/tmp/watched/none"), ENOENT);
	CLAIM(unlink("/tmp/watched/s") == 0 && unlink("/tmp/watched/p") == 0);
	TOLD(fd, "1 delete s\n1 delete p\n");
}

/* How often something was watched is no matter, only how much is. */
static void over_and_over(void)
{
	int fd = inotify_init1(IN_NONBLOCK), wrong = 0;

	for (int i = 1; i <= OFTEN; i++)
		wrong += inotify_add_watch(fd, "/tmp/watched", IN_OPEN) != i || inotify_rm_watch(fd, i) != 0;
	CLAIM(wrong == 0 && close(fd) == 0 && (fd = inotify_init1(0)) >= 0 && fcntl(fd, F_GETFD) == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 && close(fd) == 0);
}

/* What is open is told under the name that it has by now, to who watches the directory where it is. */
static void renamed(void)
{
	int fd = inotify_init1(IN_NONBLOCK), file, other, folder;

	CLAIM(mkdir("/tmp/watched/in", 0755) == 0 && mkdir("/tmp/watched/out", 0755) == 0);
	file = open("/tmp/watched/in/a", O_CREAT | O_RDWR, 0644);
	other = open("/tmp/watched/in/a", O_RDONLY);
	CLAIM(rename("/tmp/watched/in/a", "/tmp/watched/in/before") == 0);
	CLAIM(inotify_add_watch(fd, "/tmp/watched/in", IN_ALL_EVENTS) == 1 && inotify_add_watch(fd, "/tmp/watched/out", IN_ALL_EVENTS) == 2);
	CLAIM(write(file, "x", 1) == 1 && rename("/tmp/watched/in/before", "/tmp/watched/out/b") == 0 && write(file, "x", 1) == 1 && ftruncate(file, 0) == 0);
	TOLD(fd, "1 modify before\n1 moved_from before\n2 moved_to b\n2 modify b\n");
	CLAIM(close(other) == 0 && fchmod(file, 0600) == 0);
	TOLD(fd, "2 close_nowrite b\n2 attrib b\n");
	/* Another of that name is not it, nor is what had its name before. */
	CLAIM((other = open("/tmp/watched/in/b", O_CREAT | O_WRONLY, 0644)) >= 0 && rename("/tmp/watched/in/b", "/tmp/watched/in/c") == 0);
	CLAIM(write(file, "x", 1) == 1 && write(other, "x", 1) == 1);
	TOLD(fd, "1 create b\n1 open b\n1 moved_from b\n1 moved_to c\n2 modify b\n1 modify c\n");
	CLAIM(syscall(SYS_renameat2, AT_FDCWD, "/tmp/watched/in/c", AT_FDCWD, "/tmp/watched/out/b", 2 /* RENAME_EXCHANGE */) == 0 && write(file, "x", 1) == 1 && write(other, "x", 1) == 1);
	TOLD(fd, "1 moved_from c\n2 moved_to b\n2 moved_from b\n1 moved_to c\n1 modify c\n2 modify b\n");
	/* What is replaced, or loses its name, keeps that; and one of two names of a file is not the other. */
	CLAIM(rename("/tmp/watched/in/c", "/tmp/watched/out/b") == 0 && close(other) == 0 && link("/tmp/watched/out/b", "/tmp/watched/in/d") == 0);
	TOLD(fd, "1 moved_from c\n2 moved_to b\n2 close_write b\n1 create d\n");
	CLAIM(rename("/tmp/watched/in/d", "/tmp/watched/in/e") == 0 && write(file, "x", 1) == 1);
	CLAIM(rename("/tmp/watched/in/e", "/tmp/watched/out/b") == 0 && unlink("/tmp/watched/out/b") == 0 && close(file) == 0);
	TOLD(fd, "1 moved_from d\n1 moved_to e\n2 modify b\n2 delete b\n2 close_write b\n");
	CLAIM((folder = open("/tmp/watched/in", O_RDONLY | O_DIRECTORY)) >= 0 && (file = openat(folder, "e", O_WRONLY)) >= 0);
	CLAIM(rename("/tmp/watched/in", "/tmp/watched/out/in") == 0 && write(file, "x", 1) == 1 && close(file) == 0 && close(folder) == 0);
	TOLD(fd, "1 open directory\n1 open e\n2 moved_to directory in\n1 move_self\n1 modify e\n1 close_write e\n2 close_nowrite directory in\n1 close_nowrite directory\n");
	CLAIM(unlink("/tmp/watched/out/in/e") == 0 && rmdir("/tmp/watched/out/in") == 0 && rmdir("/tmp/watched/out") == 0 && close(fd) == 0);
}

/* What is said again before anybody has read it is said once, where nothing else was said in between. */
static void once(void)
{
	int fd = inotify_init1(IN_NONBLOCK), a = open("/tmp/watched/a", O_CREAT | O_WRONLY, 0644), b = open("/tmp/watched/b", O_CREAT | O_WRONLY, 0644);

	CLAIM(inotify_add_watch(fd, "/tmp/watched", IN_MODIFY) == 1 && inotify_add_watch(fd, "/tmp/watched/b", IN_MODIFY | IN_ATTRIB) == 2);
	for (int i = 0; i < 3; i++)
		CLAIM(write(a, "x", 1) == 1);
	TOLD(fd, "1 modify a\n");
	CLAIM(write(a, "x", 1) == 1 && write(b, "x", 1) == 1 && write(a, "x", 1) == 1 && write(a, "x", 1) == 1 && fchmod(b, 0600) == 0 && fchmod(b, 0644) == 0);
	TOLD(fd, "1 modify a\n1 modify b\n2 modify\n1 modify a\n2 attrib\n");
	CLAIM(close(a) == 0 && close(b) == 0 && close(fd) == 0 && unlink("/tmp/watched/a") == 0 && unlink("/tmp/watched/b") == 0);
}

static void masks(int fd)
{
	CLAIM(inotify_add_watch(fd, "/tmp/watched", IN_CREATE) == 1);
	make("/tmp/watched/m", "");
	TOLD(fd, "1 create m\n");
	CLAIM(inotify_add_watch(fd, "/tmp/watched", IN_DELETE | IN_MASK_ADD) == 1 && unlink("/tmp/watched/m") == 0);
	make("/tmp/watched/m", "");
	TOLD(fd, "1 delete m\n1 create m\n");
	CLAIM(inotify_add_watch(fd, "/tmp/watched/m", IN_OPEN | IN_ONESHOT) == 6);
	for (int i = 0; i < 3; i++)
		close(open("/tmp/watched/m", O_RDONLY));
	TOLD(fd, "6 open\n6 ignored\n");
	REFUSED(inotify_rm_watch(fd, 6), EINVAL);
	CLAIM(symlink("m", "/tmp/watched/link") == 0 && inotify_add_watch(fd, "/tmp/watched/link", IN_OPEN | IN_DONT_FOLLOW) == 7);
	close(open("/tmp/watched/link", O_RDONLY));
	CLAIM(inotify_rm_watch(fd, 7) == 0 && inotify_add_watch(fd, "/tmp/watched/link", IN_OPEN) == 8);
	close(open("/tmp/watched/link", O_RDONLY));
	TOLD(fd, "1 create link\n7 ignored\n8 open\n");
	CLAIM(unlink("/tmp/watched/link") == 0 && unlink("/tmp/watched/m") == 0);
	TOLD(fd, "1 delete link\n8 ignored\n1 delete m\n");
}

/* What nobody reads is lost from some point on, and that is told. */
static void overflow(int fd)
{
	char data[65536] __attribute__((aligned(8)));
	unsigned events = 0, lost = 0, behind = 0;
	ssize_t got;

	CLAIM(inotify_add_watch(fd, "/tmp/watched", IN_CREATE | IN_DELETE) == 1);
	for (int i = 0; i < 8300; i++)
		if (mkdir("/tmp/watched/o", 0700) != 0 || rmdir("/tmp/watched/o") != 0)
			CLAIM(!"made and removed");
	/* Where one was read there may be room for one more, behind what tells of the others. */
	CLAIM(read(fd, data, 32) == 32 && mkdir("/tmp/watched/o", 0700) == 0 && rmdir("/tmp/watched/o") == 0);
	while ((got = read(fd, data, sizeof(data))) > 0)
		for (ssize_t at = 0; at < got; at += (ssize_t)sizeof(struct inotify_event) + ((struct inotify_event *)(data + at))->len) {
			const struct inotify_event *event = (struct inotify_event *)(data + at);

			events++;
			lost += event->mask == IN_Q_OVERFLOW && event->wd == -1;
			behind += lost > 0 && event->mask != IN_Q_OVERFLOW;
		}
	CLAIM(lost == 1 && behind <= 1 && events > 1000 && events < 20000);
	CLAIM(mkdir("/tmp/watched/o", 0700) == 0 && rmdir("/tmp/watched/o") == 0);
	TOLD(fd, "1 create directory o\n1 delete directory o\n");
}

static void *late(void *arg)
{
	(void)arg;
	usleep(20000);
	make("/tmp/watched/late", "");
	return NULL;
}

/* Who waits is woken, by read and by epoll; a child's doings are told, and its instance is the parent's. */
static void waits(void)
{
	struct epoll_event ready = { .events = EPOLLIN };
	char data[256] __attribute__((aligned(8)));
	int fd = inotify_init1(0), set = epoll_create1(0), status = 0;
	pthread_t other;
	pid_t child;

	CLAIM(inotify_add_watch(fd, "/tmp/watched", IN_CREATE | IN_DELETE) == 1 && epoll_ctl(set, EPOLL_CTL_ADD, fd, &ready) == 0);
	pthread_create(&other, NULL, late, NULL);
	CLAIM(read(fd, data, sizeof(data)) == 32 && strcmp(((struct inotify_event *)data)->name, "late") == 0);
	pthread_join(other, NULL);
	CLAIM(epoll_wait(set, &ready, 1, 0) == 0);
	child = fork();
	if (child == 0) {
		usleep(20000);
		_exit(unlink("/tmp/watched/late") != 0);
	}
	CLAIM(epoll_wait(set, &ready, 1, 5000) == 1);
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	TOLD(fd, "1 delete late\n");
	close(set);
	close(fd);
}

/* Watches come and go while others do what they watch. */
static volatile int stop;

static void *busy(void *arg)
{
	char path[32];

	snprintf(path, sizeof(path), "/tmp/watched/busy%d", (int)(intptr_t)arg);
	while (!stop) {
		make(path, "x");
		unlink(path);
	}
	return NULL;
}

static void race(void)
{
	char data[4096] __attribute__((aligned(8)));
	pthread_t others[2];
	unsigned events = 0;

	for (int i = 0; i < 2; i++)
		pthread_create(&others[i], NULL, busy, (void *)(intptr_t)i);
	for (int i = 0; i < 20; i++) {
		int fd = inotify_init1(IN_NONBLOCK), watch = inotify_add_watch(fd, "/tmp/watched", IN_ALL_EVENTS);

		CLAIM(watch == 1);
		(void)inotify_add_watch(fd, "/tmp/watched/busy0", IN_ALL_EVENTS | IN_ONESHOT);
		usleep(200);
		events += read(fd, data, sizeof(data)) > 0;
		if (i % 2 == 0)
			CLAIM(inotify_rm_watch(fd, watch) == 0);
		close(fd);
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(others[i], NULL);
	CLAIM(events > 0);
}

int main(void)
{
	int fd = inotify_init1(IN_NONBLOCK);

	CLAIM(mkdir("/tmp/watched", 0755) == 0);
	calls();
	once();
	renamed();
	over_and_over();
	CLAIM(inotify_add_watch(fd, "/tmp/watched", IN_ALL_EVENTS | IN_ONLYDIR) == 1);
	contents(fd);
	names(fd);
	masks(fd);
	overflow(fd);
	overflow(fd); /* which is told each time */
	waits();
	race();
	CLAIM(rmdir("/tmp/watched") == 0);
	close(fd);
	return claims_end("inotify");
}
