// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Exact numbers: how long a path may be told, how often a timer fired, whom a word's bits wake, what devices, mounts and mappings say of themselves. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, MS = 1000000, NAMES = 15 };

#define BAD ((void *)16)

static int64_t now_ns(clockid_t clock)
{
	struct timespec at = { 0 };

	CLAIM(clock_gettime(clock, &at) == 0);
	return at.tv_sec * 1000000000ll + at.tv_nsec;
}

static void directories(void)
{
	static char name[256];
	int fd = -1;

	CLAIM(mkdir("/tmp/d", 0700) == 0 && chdir("/tmp/d") == 0);
	REFUSED(syscall(SYS_getcwd, text, 6), ERANGE);
	REFUSED(syscall(SYS_getcwd, text, 0), ERANGE);
	CLAIM(syscall(SYS_getcwd, text, 7) == 7 && strcmp(text, "/tmp/d") == 0 && syscall(SYS_getcwd, text, 1 << 20) == 7);
	REFUSED(syscall(SYS_getcwd, BAD, 100), EFAULT);
	REFUSED(syscall(SYS_fchdir, AT_FDCWD), EBADF);
	REFUSED(syscall(SYS_fchdir, 99, AT_FDCWD), EBADF);
	CLAIM(chdir("/") == 0 && syscall(SYS_getcwd, text, 2) == 2 && strcmp(text, "/") == 0);
	REFUSED(syscall(SYS_getcwd, text, 1), ERANGE);
	CLAIM((fd = open("/tmp/d", O_RDONLY)) >= 0 && syscall(SYS_fchdir, fd, AT_FDCWD) == 0 && close(fd) == 0);
	/* A link may be as long as a path. */
	memset(text, '/', 4000);
	memcpy(text + 4000, "tmp", 4);
	CLAIM(symlink(text, "/tmp/link") == 0 && access("/tmp/link/d/.", F_OK) == 0);
	CLAIM(unlink("/tmp/link") == 0);
	/* The longest path there is: 4096 with its end. */
	memset(name, 'n', 255);
	for (int i = 0; i < NAMES; i++)
		CLAIM(mkdir(name, 0700) == 0 && chdir(name) == 0);
	name[4095 - 6 - NAMES * 256 - 1] = 0;
	CLAIM(mkdir(name, 0700) == 0 && chdir(name) == 0 && syscall(SYS_getcwd, text, 8192) == 4096 && strlen(text) == 4095);
	CLAIM(syscall(SYS_getcwd, text, 4096) == 4096 && access(text, F_OK) == 0 && chdir("..") == 0 && rmdir(name) == 0);
	name[strlen(name)] = 'n';
	for (int i = 0; i < NAMES; i++)
		CLAIM(chdir("..") == 0 && rmdir(name) == 0);
	CLAIM(chdir("/") == 0 && rmdir("/tmp/d") == 0);
	CLAIM(umask(0777) == 022 && umask(01022) == 0777 && umask(022) == 022);
}

/* Each expiry since it was read last is counted, no more and no less. */
static void expiries(void)
{
	static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME };

	for (int i = 0; i < 4; i++) {
		struct itimerspec setting = { .it_value = { 0, 2 * MS }, .it_interval = { 0, MS } };
		clockid_t clock = clocks[i % 2];
		int fd = timerfd_create(clock, TFD_NONBLOCK);
		int64_t before = now_ns(clock);
		int64_t after = 0;
		uint64_t ticks = 0;

		if (i >= 2) {
			setting.it_value.tv_sec = (before + 2 * MS) / 1000000000;
			setting.it_value.tv_nsec = (before + 2 * MS) % 1000000000;
		}
		CLAIM(timerfd_settime(fd, i >= 2 ? TFD_TIMER_ABSTIME : 0, &setting, NULL) == 0 && (after = now_ns(clock)) > 0);
		usleep(7500);
		before = now_ns(clock) - (i >= 2 ? before : after);
		CLAIM(read(fd, &ticks, 8) == 8 && (int64_t)ticks >= before / MS - 1 && (int64_t)ticks <= before / MS + 1 && ticks >= 6);
		CLAIM(timerfd_gettime(fd, &setting) == 0 && setting.it_interval.tv_nsec == MS && setting.it_value.tv_nsec <= MS && setting.it_value.tv_nsec > 0);
		REFUSED(read(fd, &ticks, 8), EAGAIN);
		/* One that was set to the past fired as often as it would have. */
		setting.it_value = (struct timespec){ now_ns(clock) / 1000000000 - (now_ns(clock) >= 1000000000), 1 };
		setting.it_interval = (struct timespec){ 100, 0 };
		CLAIM(timerfd_settime(fd, TFD_TIMER_ABSTIME, &setting, NULL) == 0 && read(fd, &ticks, 8) == 8 && ticks == 1);
		setting.it_interval.tv_sec = 0;
		CLAIM(timerfd_settime(fd, TFD_TIMER_ABSTIME, &setting, NULL) == 0 && read(fd, &ticks, 8) == 8 && ticks == 1);
		REFUSED(read(fd, &ticks, 8), EAGAIN);
		CLAIM(close(fd) == 0);
	}
}

static unsigned word;

static void *waits_for_bits(void *arg)
{
	return (void *)(intptr_t)syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, (unsigned)(uintptr_t)arg);
}

static long wake_bits(unsigned bits)
{
	return syscall(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, bits);
}

static void bits(void)
{
	pthread_t threads[3];
	struct timespec past = { 0, 0 };

	for (uintptr_t i = 0; i < 3; i++)
		CLAIM(pthread_create(&threads[i], NULL, waits_for_bits, (void *)(1ul << i)) == 0);
	usleep(3000);
	CLAIM(wake_bits(8) == 0 && wake_bits(1) == 1 && wake_bits(1) == 0 && wake_bits(6) == 2 && wake_bits(0xffffffff) == 0);
	for (int i = 0; i < 3; i++)
		CLAIM(pthread_join(threads[i], NULL) == 0);
	REFUSED(wake_bits(0), EINVAL);
	REFUSED(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, 0), EINVAL);
	REFUSED(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 1, NULL, NULL, 1), EAGAIN);
	REFUSED(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &past, NULL, 1), ETIMEDOUT); /* a date */
	REFUSED(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &past), ETIMEDOUT);
	REFUSED(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &(struct timespec){ 0, 1000000000 }), EINVAL);
	REFUSED(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, BAD), EFAULT);
	REFUSED(syscall(SYS_futex, (char *)&word + 1, FUTEX_WAKE_PRIVATE, 1), EINVAL);
	REFUSED(syscall(SYS_futex, &word, 99, 1), ENOSYS);
	REFUSED(syscall(SYS_futex, 0x7ffffff000, FUTEX_WAKE, 1), EFAULT); /* behind the last that a program has */
}

static void devices(void)
{
	static const struct {
		const char *name;
		unsigned minor;
	} known[] = { { "/dev/null", 3 }, { "/dev/zero", 5 }, { "/dev/full", 7 }, { "/dev/random", 8 }, { "/dev/urandom", 9 } };
	struct stat is, other;
	int fd = -1;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		CLAIM(stat(known[i].name, &is) == 0 && S_ISCHR(is.st_mode) && (is.st_mode & 07777) == 0666 && is.st_nlink == 1 && is.st_size == 0);
		CLAIM(major(is.st_rdev) == 1 && minor(is.st_rdev) == known[i].minor && (fd = open(known[i].name, O_RDWR)) >= 0);
		CLAIM(fstat(fd, &other) == 0 && other.st_mode == is.st_mode && other.st_rdev == is.st_rdev && other.st_nlink == 1 && close(fd) == 0);
	}
	CLAIM((fd = eventfd(0, 0)) >= 0 && fstat(fd, &is) == 0 && (is.st_mode & 07777) == 0600 && is.st_nlink == 1 && close(fd) == 0);
	REFUSED(open("/dev/none", O_RDONLY), ENOENT);
	CLAIM(stat("/dev", &is) == 0 && S_ISDIR(is.st_mode) && is.st_nlink >= 2);
}

/* What has no name is in a file system, too. */
static void nameless(void)
{
	struct statfs found;
	int ends[2], fd;

	CLAIM(pipe(ends) == 0 && fstatfs(ends[0], &found) == 0 && found.f_type == 0x50495045 && (found.f_flags & 0x20) != 0);
	CLAIM(found.f_bsize == PAGE && found.f_frsize == PAGE && found.f_namelen == 255 && found.f_blocks == 0 && found.f_files == 0);
	REFUSED(syscall(SYS_fstatfs, ends[0], BAD), EFAULT);
	CLAIM(close(ends[0]) == 0 && close(ends[1]) == 0);
	CLAIM((fd = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0 && fstatfs(fd, &found) == 0 && found.f_type == 0x534f434b && close(fd) == 0);
	CLAIM((fd = eventfd(0, 0)) >= 0 && fstatfs(fd, &found) == 0 && found.f_type == 0x09041934 && close(fd) == 0);
	CLAIM((fd = open("/dev/null", O_RDONLY)) >= 0 && fstatfs(fd, &found) == 0 && found.f_type == 0x01021994 && close(fd) == 0);
}

/* What is another file system has its line among the mounts; and nothing else has. */
static void mounts(void)
{
	DIR *root = opendir("/");
	struct stat base, is;
	struct dirent *entry;
	char path[300];

	CLAIM(load("/proc/mounts") && stat("/", &base) == 0 && root != NULL);
	while (root != NULL && (entry = readdir(root)) != NULL) {
		if (entry->d_name[0] == '.' || entry->d_type != DT_DIR || snprintf(path, sizeof(path), "/%s", entry->d_name) < 0 || stat(path, &is) != 0)
			continue;
		snprintf(path, sizeof(path), " /%s ", entry->d_name);
		if (strcmp(path, " /app ") != 0) /* the root itself, once more */
			CLAIM((is.st_dev != base.st_dev) == (strstr(text, path) != NULL));
	}
	CLAIM(closedir(root) == 0 && text[strlen(text) - 1] == '\n' && strstr(text, " / ") != NULL);
}

/* A mount's options are what statfs tells of it. */
static void mount_options(void)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} known[] = { { "ro", 1 }, { "nosuid", 2 }, { "nodev", 4 }, { "noexec", 8 }, { "noatime", 0x400 } };
	char path[64], options[128];
	struct statfs found;

	CLAIM(load("/proc/mounts"));
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		CLAIM(sscanf(line, "%*s %63s %*s %120s", path, options) == 2 && statfs(path, &found) == 0 && (found.f_flags & 0x20) != 0);
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			int named = 0;
			char copy[128];

			for (char *option = strtok(strcpy(copy, options), ","); option != NULL; option = strtok(NULL, ","))
				named |= strcmp(option, known[i].name) == 0;
			CLAIM(named == ((found.f_flags & known[i].flag) != 0));
		}
	}
}

/* The same mounts with their devices' numbers. Spec: proc_pid_mountinfo(5) */
static void mounts_at_length(void)
{
	unsigned number, parent, major, minor, count = 0, all = 0;
	char from[64], path[64], options[64], kind[32];
	struct stat is;

	CLAIM(load("/proc/self/mountinfo"));
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1, count++) {
		CLAIM(sscanf(line, "%u %u %u:%u %63s %63s %63s - %31s", &number, &parent, &major, &minor, from, path, options, kind) == 8);
		CLAIM(number >= parent && from[0] == '/' && stat(path, &is) == 0 && is.st_dev == makedev(major, minor));
	}
	CLAIM(load("/proc/self/mounts"));
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
		all++;
	CLAIM(count > 1 && count == all);
}

/* In hundredths of a second since the machine began. */
static unsigned long long own_beginning(void)
{
	const char *at = load("/proc/self/stat") ? strrchr(text, ')') : NULL;

	for (unsigned field = 2; at != NULL && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at != NULL ? strtoull(at, NULL, 10) : 0;
}

/* When the machine began, and a process: as ps tells it. */
static void beginnings(void)
{
	unsigned long long began, least;
	struct timespec since;
	const char *at;
	int status;

	CLAIM(clock_gettime(CLOCK_BOOTTIME, &since) == 0 && load("/proc/stat") && (at = strstr(text, "\nbtime ")) != NULL);
	began = at != NULL ? strtoull(at + 7, NULL, 10) : 0;
	CLAIM((long long)(time(NULL) - began - (unsigned long long)since.tv_sec) <= 1 && began + (unsigned long long)since.tv_sec <= (unsigned long long)time(NULL) + 1);
	CLAIM(usleep(50000) == 0);
	least = own_beginning() + 5;
	pid_t child = fork();

	if (child == 0)
		_exit(!(own_beginning() >= least && own_beginning() < least + 1000));
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
}

/* The program's own file is named where it is mapped, and what is appended to a file is seen where that is mapped. */
static void mapped(void)
{
	char self[300] = "";
	char *at = MAP_FAILED;
	const char *line;
	int fd = open("/tmp/appended", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);

	CLAIM(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0 && load("/proc/self/maps") && (line = strstr(text, self)) != NULL);
	while (line != NULL && line > text && line[-1] != '\n')
		line--;
	CLAIM(line != NULL && strtoul(line, NULL, 16) <= (uintptr_t)mapped && strstr(line, " r-xp ") != NULL);
	CLAIM(write(fd, "first", 5) == 5 && (at = mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0)) != MAP_FAILED && memcmp(at, "first", 6) == 0);
	CLAIM(lseek(fd, 2, SEEK_SET) == 2 && write(fd, "second", 6) == 6 && memcmp(at, "firstsecond", 12) == 0 && lseek(fd, 0, SEEK_CUR) == 11);
	CLAIM(pwrite(fd, "third", 5, 0) == 5 && memcmp(at, "firstsecondthird", 17) == 0); /* as Linux does it */
	CLAIM(lseek(fd, 0, SEEK_CUR) == 11);
	CLAIM(munmap(at, 3 * PAGE) == 0 && close(fd) == 0 && unlink("/tmp/appended") == 0);
}

/* What a process held it holds no more, whatever number it held it by. */
static void held_by_first(void)
{
	struct flock range = { .l_type = F_WRLCK };
	int status = 1;
	int fd = open("/tmp/held", O_RDWR | O_CREAT, 0600);
	pid_t child = fork();

	if (child == 0)
		_exit(dup2(fd, 0) != 0 || close(fd) != 0 || fcntl(0, F_SETLK, &range) != 0);
	CLAIM(waitpid(child, &status, 0) == child && status == 0 && fcntl(fd, F_SETLK, &range) == 0);
	CLAIM(close(fd) == 0 && unlink("/tmp/held") == 0);
}

static void day(void)
{
	struct timeval at = { 0 };
	int zone[2] = { 7, 7 };

	CLAIM(syscall(SYS_gettimeofday, &at, zone) == 0 && at.tv_sec > 0 && zone[0] == 0 && zone[1] == 0 && syscall(SYS_gettimeofday, NULL, NULL) == 0);
	REFUSED(syscall(SYS_gettimeofday, BAD, NULL), EFAULT);
	REFUSED(syscall(SYS_gettimeofday, NULL, BAD), EFAULT);
	CLAIM(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL) == 0);
	REFUSED(syscall(SYS_clock_getres, CLOCK_MONOTONIC, BAD), EFAULT);
	REFUSED(syscall(SYS_clock_getres, 77, NULL), EINVAL);
	REFUSED(syscall(SYS_nanosleep, &(struct timespec){ -1, 0 }, NULL), EINVAL);
	REFUSED(syscall(SYS_nanosleep, &(struct timespec){ 0, 1000000000 }, NULL), EINVAL);
	REFUSED(syscall(SYS_nanosleep, BAD, NULL), EFAULT);
	REFUSED(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, NULL), EFAULT);
	REFUSED(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &(struct timespec){ 0, 1 }, NULL), EOPNOTSUPP);
	for (int clock = CLOCK_MONOTONIC_RAW; clock <= CLOCK_MONOTONIC_COARSE; clock++)
		REFUSED(syscall(SYS_clock_nanosleep, clock, TIMER_ABSTIME, &(struct timespec){ 0, 1 }, NULL), EOPNOTSUPP);
	REFUSED(syscall(SYS_clock_nanosleep, 77, 0, &(struct timespec){ 0, 1 }, NULL), EINVAL);
}

static void ignore(int signal_)
{
	(void)signal_;
}

/* What is left of a sleep that a signal cut short. */
static void rest_of_sleep(void)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	const struct itimerval soon = { .it_value = { 0, 3000 } };
	struct timespec left = { 9, 9 };
	int64_t begin = 0;

	CLAIM(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &soon, NULL) == 0 && (begin = now_ns(CLOCK_MONOTONIC)) > 0);
	REFUSED(nanosleep(&(struct timespec){ 5, 0 }, &left), EINTR);
	begin = 5000000000ll - (now_ns(CLOCK_MONOTONIC) - begin);
	CLAIM(left.tv_sec == 4 && left.tv_nsec >= 900 * MS && left.tv_sec * 1000000000ll + left.tv_nsec >= begin && left.tv_nsec < 999 * MS);
	CLAIM(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	REFUSED(poll(NULL, 0, 5000), EINTR);
	CLAIM(setitimer(ITIMER_REAL, &soon, NULL) == 0 && (left = (struct timespec){ 5, 0 }).tv_sec == 5);
	REFUSED(syscall(SYS_ppoll, NULL, 0, &left, NULL, 8), EINTR);
	CLAIM(left.tv_sec == 4 && left.tv_nsec >= 900 * MS); /* of the time, too */
	CLAIM(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	REFUSED(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &left, NULL), EINTR);
	CLAIM(left.tv_sec == 4 && left.tv_nsec >= 800 * MS);
}

int main(void)
{
	directories();
	expiries();
	bits();
	devices();
	nameless();
	mounts();
	mount_options();
	mounts_at_length();
	beginnings();
	mapped();
	held_by_first();
	day();
	rest_of_sleep();
	return claims_end("details");
}
