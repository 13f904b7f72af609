// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Who a program is, what it may, what machine it is on, and what /proc, /dev and the terminal tell. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void users(void)
{
	uid_t a, b, c;
	gid_t groups[4];

	CLAIM(getuid() == 0 && geteuid() == 0 && getgid() == 0 && getegid() == 0);
	CLAIM(getresuid(&a, &b, &c) == 0 && a == 0 && b == 0 && c == 0);
	CLAIM(getresgid(&a, &b, &c) == 0 && a == 0);
	CLAIM(syscall(SYS_setuid, 0) == 0 && syscall(SYS_setgid, 0) == 0);
	CLAIM(syscall(SYS_setresuid, -1, 0, -1) == 0 && syscall(SYS_setreuid, 0, 0) == 0 && syscall(SYS_setregid, 0, -1) == 0);
	CLAIM(getgroups(4, groups) >= 0);
	CLAIM(setgroups(0, groups) == 0);
}

static void machine(void)
{
	struct utsname name;
	struct sysinfo info;
	unsigned cpu = 99, node = 99;
	cpu_set_t set;
	char random[300];

	CLAIM(uname(&name) == 0 && strcmp(name.sysname, "Linux") == 0 && strcmp(name.machine, "aarch64") == 0);
	CLAIM(sysinfo(&info) == 0 && info.totalram > 0 && info.freeram <= info.totalram && info.mem_unit > 0);
	CLAIM(sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) >= 1);
	CLAIM(syscall(SYS_getcpu, &cpu, &node, NULL) == 0 && cpu < 8 && node == 0);
	CLAIM(sched_yield() == 0);
	memset(random, 0, sizeof(random));
	CLAIM(getrandom(random, sizeof(random), 0) == sizeof(random) && random[0] + random[100] + random[299] + random[7] != 0);
	REFUSED(getrandom(random, 1, 0xff00), EINVAL);
	REFUSED(syscall(SYS_uname, 16), EFAULT);
}

static void limits(void)
{
	struct rlimit limit, lower;
	struct sched_param priority = { 0 };
	struct timespec slice;

	CLAIM(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 64);
	lower = (struct rlimit){ 32, limit.rlim_max };
	CLAIM(setrlimit(RLIMIT_NOFILE, &lower) == 0);
	REFUSED(fcntl(0, F_DUPFD, 40), EINVAL);
	lower.rlim_cur = 3; /* those there are: nothing is made that could not be opened */
	CLAIM(setrlimit(RLIMIT_NOFILE, &lower) == 0);
	REFUSED(open("/tmp/beyond", O_CREAT | O_WRONLY, 0600), EMFILE);
	REFUSED(access("/tmp/beyond", F_OK), ENOENT);
	lower.rlim_cur = limit.rlim_cur;
	CLAIM(setrlimit(RLIMIT_NOFILE, &lower) == 0);
	lower = (struct rlimit){ 5, 4 };
	REFUSED(setrlimit(RLIMIT_CORE, &lower), EINVAL);
	REFUSED(getrlimit(99, &limit), EINVAL);
	CLAIM(syscall(SYS_sched_getscheduler, 0) == SCHED_OTHER);
	CLAIM(syscall(SYS_sched_getparam, 0, &priority) == 0 && priority.sched_priority == 0);
	CLAIM(syscall(SYS_sched_get_priority_max, SCHED_FIFO) == 99 && syscall(SYS_sched_get_priority_min, SCHED_FIFO) == 1);
	CLAIM(syscall(SYS_sched_rr_get_interval, 0, &slice) == 0);
	CLAIM(getpriority(PRIO_PROCESS, 0) == 0 || errno == ENOSYS);
}

/* A child's own beginning is what its maker had. */
static void hints_inherited(void)
{
	CLAIM(prctl(PR_SET_TIMERSLACK, 9, 0, 0, 0) == 0 && prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0) == 0 && prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) == 1234);
	CLAIM(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1);
}

static void hints(void)
{
	CLAIM(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) == 50000 && prctl(PR_SET_TIMERSLACK, 1234, 0, 0, 0) == 0 && prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) == 1234);
	CLAIM(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_THP_DISABLE, 5, 0, 0, 0) == 0 && prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1);
	REFUSED(prctl(PR_SET_THP_DISABLE, 0, 1, 0, 0), EINVAL);
	REFUSED(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 1), EINVAL);
	claims_apart(hints_inherited);
	CLAIM(prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0) == 0 && prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) == 50000);
	CLAIM(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0) == 0 && prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0);
}

static void names(void)
{
	char name[16];
	int signal = -1;

	CLAIM(prctl(PR_SET_NAME, "a-name-that-is-too-long") == 0);
	CLAIM(prctl(PR_GET_NAME, name) == 0 && strcmp(name, "a-name-that-is-") == 0);
	CLAIM(prctl(PR_SET_PDEATHSIG, 15) == 0 && prctl(PR_GET_PDEATHSIG, &signal) == 0 && signal == 15);
	CLAIM(prctl(PR_SET_PDEATHSIG, 0) == 0);
	CLAIM(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CLAIM(prctl(PR_GET_DUMPABLE) >= 0);
	REFUSED(prctl(9999), EINVAL);
	CLAIM(getpid() > 0 && getppid() >= 0 && gettid() == getpid());
	CLAIM(getpgid(0) == getpgrp() && getsid(0) > 0);
}

/* A whole file of /proc or /sys: its bytes, or -1. */
static ssize_t text(const char *path, char *to, size_t room)
{
	int fd = open(path, O_RDONLY);
	ssize_t bytes = fd >= 0 ? read(fd, to, room - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (bytes >= 0)
		to[bytes] = 0;
	return bytes;
}

static void proc(void)
{
	static const char *const paths[] = {
		"/proc/self/maps", "/proc/self/stat", "/proc/self/status", "/proc/self/cmdline", "/proc/self/mounts", "/proc/meminfo", "/proc/cpuinfo",
		"/proc/stat", "/proc/uptime", "/proc/loadavg", "/proc/mounts", "/proc/filesystems", "/proc/version", "/proc/self/statm", "/proc/self/comm",
		"/proc/sys/vm/overcommit_memory", "/proc/sys/net/core/somaxconn", "/proc/sys/kernel/osrelease", "/sys/devices/system/cpu/online",
		"/proc/self/smaps",
	};
	static char to[16384];
	int there = 0;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		ssize_t bytes = text(paths[i], to, sizeof(to));

		there += bytes > 0;
		if (bytes <= 0)
			printf("(not there: %s)\n", paths[i]);
	}
	CLAIM(there >= 16);
	CLAIM(text("/proc/self/maps", to, sizeof(to)) > 0 && strstr(to, "[stack]") != NULL);
	CLAIM(text("/proc/self/status", to, sizeof(to)) > 0 && strstr(to, "Pid:") != NULL);
	CLAIM(text("/proc/meminfo", to, sizeof(to)) > 0 && strstr(to, "MemTotal:") != NULL);
	CLAIM(readlink("/proc/self/exe", to, sizeof(to)) > 0);
	CLAIM(readlink("/proc/self/fd/0", to, sizeof(to)) > 0);
	CLAIM(text("/proc/self/none", to, sizeof(to)) == -1);
	CLAIM(text("/proc/sys/kernel/random/uuid", to, sizeof(to)) == 37 && text("/proc/sys/kernel/random/uuid", to + 40, sizeof(to) - 40) == 37);
	CLAIM(strspn(to, "0123456789abcdef-") == 36 && to[8] == '-' && to[14] == '4' && to[36] == '\n' && strcmp(to, to + 40) != 0);
	CLAIM(text("/proc/sys/kernel/random/boot_id", to, sizeof(to)) == 37 && text("/proc/sys/kernel/random/boot_id", to + 40, sizeof(to) - 40) == 37);
	CLAIM(strspn(to, "0123456789abcdef-") == 36 && to[8] == '-' && to[14] == '4' && to[36] == '\n' && strcmp(to, to + 40) == 0);
	CLAIM(text("/proc/sys/kernel/random/entropy_avail", to, sizeof(to)) == 4 && strcmp(to, "256\n") == 0);
	CLAIM(text("/proc/sys/kernel/random/poolsize", to, sizeof(to)) == 4 && strcmp(to, "256\n") == 0);
}

static void devices(void)
{
	char data[64] = "x";
	int zero = open("/dev/zero", O_RDWR);
	int full = open("/dev/full", O_RDWR);
	int null = open("/dev/null", O_RDWR);
	int random = open("/dev/urandom", O_RDONLY);

	CLAIM(read(zero, data, sizeof(data)) == sizeof(data) && data[0] == 0);
	CLAIM(write(zero, data, 8) == 8 && write(null, data, 8) == 8 && read(null, data, 8) == 0);
	REFUSED(write(full, data, 8), ENOSPC);
	CLAIM(read(full, data, 8) == 8);
	CLAIM(read(random, data, sizeof(data)) == sizeof(data));
	REFUSED(ioctl(null, TCGETS, data), ENOTTY);
	close(zero);
	close(full);
	close(null);
	close(random);
}

static void terminal(void)
{
	struct termios mode, raw;
	struct winsize size, other = { .ws_row = 30, .ws_col = 100 };
	int group = 0;
	int waiting = -1;

	CLAIM(isatty(1) == 1);
	CLAIM(tcgetattr(1, &mode) == 0 && (mode.c_lflag & ICANON) != 0);
	raw = mode;
	cfmakeraw(&raw);
	CLAIM(tcsetattr(1, TCSANOW, &raw) == 0 && tcgetattr(1, &raw) == 0 && (raw.c_lflag & ICANON) == 0);
	CLAIM(tcsetattr(1, TCSADRAIN, &mode) == 0 && tcsetattr(1, TCSAFLUSH, &mode) == 0);
	CLAIM(ioctl(1, TIOCGWINSZ, &size) == 0);
	CLAIM(ioctl(1, TIOCSWINSZ, &other) == 0 && ioctl(1, TIOCGWINSZ, &other) == 0 && other.ws_col == 100);
	CLAIM(ioctl(1, TIOCSWINSZ, &size) == 0);
	CLAIM(ioctl(1, FIONREAD, &waiting) == 0 && waiting == 0);
	if (ioctl(1, TIOCGPGRP, &group) == 0) {
		CLAIM(group == getpgrp());
		CLAIM(ioctl(1, TIOCSPGRP, &group) == 0);
	}
	CLAIM(tcflush(1, TCIFLUSH) == 0);
	REFUSED(ioctl(1, 0x9999, 0), ENOTTY);
	REFUSED(ioctl(1, TCGETS, 16), EFAULT);
}

static void clocks(void)
{
	static const clockid_t known[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW,
					   CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME };
	struct timespec at, then, resolution;
	struct rusage use;
	struct tms ticks;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		CLAIM(syscall(SYS_clock_gettime, known[i], &at) == 0 && at.tv_nsec < 1000000000);
		CLAIM(syscall(SYS_clock_getres, known[i], &resolution) == 0);
	}
	REFUSED(syscall(SYS_clock_gettime, 77, &at), EINVAL);
	CLAIM(clock_gettime(CLOCK_MONOTONIC, &at) == 0);
	CLAIM(clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = 2000000 }, NULL) == 0);
	CLAIM(clock_gettime(CLOCK_MONOTONIC, &then) == 0);
	CLAIM((then.tv_sec - at.tv_sec) * 1000000000 + then.tv_nsec - at.tv_nsec >= 2000000);
	at = (struct timespec){ 0, 0 };
	CLAIM(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0);
	REFUSED(nanosleep(&(struct timespec){ .tv_nsec = 1000000000 }, NULL), EINVAL);
	CLAIM(getrusage(RUSAGE_SELF, &use) == 0 && getrusage(RUSAGE_CHILDREN, &use) == 0);
	REFUSED(getrusage(77, &use), EINVAL);
	CLAIM(times(&ticks) != -1);
}

int main(void)
{
	users();
	machine();
	limits();
	names();
	hints();
	proc();
	devices();
	terminal();
	clocks();
	return claims_end("identity");
}
