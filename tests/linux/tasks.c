// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What /proc tells of threads: which there are, what they are called and by whom, and whether they run. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH = 64, NAME = 16, WAIT_MS = 5000, NOBODY = 1000, ROUNDS = 40 };

static char path[PATH];

static const char *of(int pid, int tid, const char *what)
{
	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, what);
	return path;
}

static const char *of_process(int pid, const char *what)
{
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	return path;
}

/* The state in a stat, which stands behind the name. 0: there is none. */
static char state(const char *stat)
{
	const char *at = load(stat) ? strrchr(text, ')') : NULL;

	return at != NULL ? at[2] : 0;
}

static int becomes(const char *stat, char due)
{
	for (int i = 0; i < WAIT_MS && state(stat) != due; i++)
		usleep(1000);
	return state(stat) == due;
}

static int is_called(const char *comm, const char *due)
{
	size_t bytes = strlen(due);

	return load(comm) && strlen(text) == bytes + 1 && memcmp(text, due, bytes) == 0 && text[bytes] == '\n';
}

/* Entries of a directory that are numbers, and whether `due` is one of them. */
static int count(const char *directory, int due, int *is_there)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	int numbers = 0;

	*is_there = 0;
	while (list != NULL && (entry = readdir(list)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		CLAIM(entry->d_type == DT_DIR || entry->d_type == DT_LNK);
		numbers++;
		*is_there |= atoi(entry->d_name) == due;
	}
	if (list != NULL)
		closedir(list);
	return numbers;
}

/* Another thread: it says its number, does what it is to do, and ends when it is told. */
struct other {
	pthread_t thread;
	int (*does)(void);
	int says[2], told[2];
	int tid;
};

static void *other_run(void *arg)
{
	struct other *other = arg;
	int tid = gettid();
	char byte;

	CLAIM(other->does == NULL || other->does());
	CLAIM(write(other->says[1], &tid, sizeof(tid)) == sizeof(tid));
	while (read(other->told[0], &byte, 1) < 0 && errno == EINTR)
		;
	return NULL;
}

static void other_begin(struct other *other, int (*does)(void))
{
	other->does = does;
	CLAIM(pipe(other->says) == 0 && pipe(other->told) == 0 && pthread_create(&other->thread, NULL, other_run, other) == 0);
	CLAIM(read(other->says[0], &other->tid, sizeof(other->tid)) == sizeof(other->tid));
}

static void other_end(struct other *other)
{
	CLAIM(close(other->told[1]) == 0 && pthread_join(other->thread, NULL) == 0);
	CLAIM(close(other->told[0]) == 0 && close(other->says[0]) == 0 && close(other->says[1]) == 0);
}

static int thread_self(void)
{
	char link[PATH] = "", due[PATH], comm[PATH];
	int fd = open("/proc/thread-self/status", O_RDONLY);
	static char status[4096];
	ssize_t bytes = read(fd, status, sizeof(status) - 1);

	snprintf(due, sizeof(due), "%d/task/%d", getpid(), gettid());
	snprintf(comm, sizeof(comm), "\nTgid:\t%d\n", getpid());
	status[bytes > 0 ? bytes : 0] = '\0';
	CLAIM(close(fd) == 0 && strstr(status, comm) != NULL && gettid() != getpid());
	snprintf(comm, sizeof(comm), "\nPid:\t%d\n", gettid());
	CLAIM(strstr(status, comm) != NULL && strstr(status, "\nState:\tR (running)\n") != NULL);
	return readlink("/proc/thread-self", link, sizeof(link) - 1) > 0 && strcmp(link, due) == 0;
}

static void threads(void)
{
	static const char *const alike[] = { "cmdline", "maps", "limits" };
	char link[2][PATH] = { "", "" }, due[PATH];
	struct other other;
	struct stat is;
	int fd, is_there;

	other_begin(&other, thread_self);
	CLAIM(other.tid != getpid() && count("/proc/self/task", other.tid, &is_there) == 2 && is_there);
	CLAIM(count("/proc/self/task", getpid(), &is_there) == 2 && is_there);
	CLAIM(stat(of(getpid(), other.tid, ""), &is) == 0 && S_ISDIR(is.st_mode) && (is.st_mode & 0777) == 0555);
	CLAIM(load(of(getpid(), other.tid, "status")) && number_behind("\nPid:") == other.tid && number_behind("\nTgid:") == getpid() && number_behind("\nThreads:") == 2);
	CLAIM(load(of(getpid(), getpid(), "status")) && number_behind("\nPid:") == getpid() && number_behind("\nTgid:") == getpid());
	CLAIM(load(of_process(getpid(), "status")) && number_behind("\nPid:") == getpid());
	snprintf(due, sizeof(due), "%d (", other.tid);
	CLAIM(load(of(getpid(), other.tid, "stat")) && strncmp(text, due, strlen(due)) == 0);
	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
		static char process[sizeof(text)];

		CLAIM(load(of_process(getpid(), alike[i])) && memcpy(process, text, sizeof(text)) == process);
		CLAIM(load(of(getpid(), other.tid, alike[i])) && memcmp(process, text, 64) == 0);
	}
	CLAIM(readlink("/proc/self/exe", link[0], PATH - 1) > 0 && readlink(of(getpid(), other.tid, "exe"), link[1], PATH - 1) > 0 && strcmp(link[0], link[1]) == 0);
	CLAIM(readlink(of(getpid(), other.tid, "cwd"), link[1], PATH - 1) == 1 && link[1][0] == '/' && readlink(of(getpid(), other.tid, "root"), link[1], PATH - 1) == 1);
	CLAIM(count(of(getpid(), other.tid, "fd"), other.told[0], &is_there) >= 7 && is_there);
	REFUSED(open(of(getpid(), other.tid, "task"), O_RDONLY), ENOENT);
	REFUSED(open(of(getpid(), 0, "stat"), O_RDONLY), ENOENT);
	REFUSED(open(of(getpid(), 4194303, "stat"), O_RDONLY), ENOENT);
	REFUSED(open(of_process(getpid(), "task/x"), O_RDONLY), ENOENT);
	CLAIM((fd = open(of_process(getpid(), "task"), O_RDONLY | O_DIRECTORY)) >= 0);
	snprintf(due, sizeof(due), "%d/stat", other.tid);
	CLAIM(faccessat(fd, due, R_OK, 0) == 0 && close(fd) == 0);
	other_end(&other);
	CLAIM(count("/proc/self/task", 0, &is_there) == 1 || (usleep(100000) == 0 && count("/proc/self/task", 0, &is_there) == 1));
	REFUSED(open(of(getpid(), other.tid, "stat"), O_RDONLY), ENOENT);
}

static int itself_named(void)
{
	return prctl(PR_SET_NAME, "its own") == 0;
}

static int is_heir(void)
{
	char name[NAME] = "";

	return prctl(PR_GET_NAME, name) == 0 && strcmp(name, "first") == 0;
}

static ssize_t put(const char *file, const char *what, size_t bytes)
{
	int fd = open(file, O_WRONLY);
	ssize_t put = write(fd, what, bytes);
	int why = errno;

	CLAIM(fd >= 0 && close(fd) == 0);
	errno = why;
	return put;
}

static void names(void)
{
	char name[NAME] = "";
	struct other other, heir;
	struct stat is;

	CLAIM(prctl(PR_SET_NAME, "first") == 0 && is_called("/proc/self/comm", "first"));
	other_begin(&other, itself_named);
	other_begin(&heir, is_heir);
	CLAIM(is_called("/proc/self/comm", "first") && is_called("/proc/thread-self/comm", "first") && is_called(of(getpid(), other.tid, "comm"), "its own"));
	CLAIM(prctl(PR_GET_NAME, name) == 0 && strcmp(name, "first") == 0);
	CLAIM(pthread_getname_np(other.thread, name, sizeof(name)) == 0 && strcmp(name, "its own") == 0);
	CLAIM(pthread_setname_np(heir.thread, "given") == 0 && pthread_getname_np(heir.thread, name, sizeof(name)) == 0 && strcmp(name, "given") == 0);
	CLAIM(is_called(of(getpid(), other.tid, "comm"), "its own") && is_called(of_process(getpid(), "comm"), "first"));
	CLAIM(load(of(getpid(), heir.tid, "stat")) && strstr(text, " (given) ") != NULL && load(of(getpid(), heir.tid, "status")) && strncmp(text, "Name:\tgiven\n", 12) == 0);
	/* What is written is taken to its end, and kept as far as there is room. */
	CLAIM(put(of(getpid(), other.tid, "comm"), "fifteen bytes..", 15) == 15 && is_called(path, "fifteen bytes.."));
	CLAIM(put(of(getpid(), other.tid, "comm"), "sixteen bytes, and more", 23) == 23 && is_called(path, "sixteen bytes, "));
	CLAIM(put("/proc/self/comm", "anew", 4) == 4 && is_called("/proc/self/comm", "anew") && prctl(PR_GET_NAME, name) == 0 && strcmp(name, "anew") == 0);
	CLAIM(put("/proc/self/comm", "a\nb\\c", 5) == 5 && load("/proc/self/status") && strncmp(text, "Name:\ta\\nb\\\\c\nUmask:", 20) == 0);
	CLAIM(put("/proc/self/comm", "cut\0 off", 8) == 8 && is_called("/proc/self/comm", "cut"));
	CLAIM(stat("/proc/self/comm", &is) == 0 && S_ISREG(is.st_mode) && (is.st_mode & 0777) == 0644 && stat(of(getpid(), heir.tid, "comm"), &is) == 0 && (is.st_mode & 0777) == 0644);
	REFUSED(write(open("/proc/self/comm", O_WRONLY), (const void *)16, 4), EFAULT);
	CLAIM(is_called("/proc/self/comm", "cut"));
	other_end(&other);
	other_end(&heir);
}

static int pid_of_parent, tid_of_parent;

static void by_another(void)
{
	CLAIM(is_called("/proc/self/comm", "named") && load(of(pid_of_parent, tid_of_parent, "status")) && number_behind("\nPid:") == tid_of_parent);
	REFUSED(put(of(pid_of_parent, tid_of_parent, "comm"), "mine", 4), EINVAL);
	REFUSED(put(of_process(pid_of_parent, "comm"), "mine", 4), EINVAL);
	REFUSED(open(of(getpid(), tid_of_parent, "comm"), O_RDONLY), ENOENT);
	REFUSED(access(of(getpid(), tid_of_parent, ""), F_OK), ENOENT);
	CLAIM(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
	REFUSED(open(of(pid_of_parent, tid_of_parent, "comm"), O_WRONLY), EACCES);
	REFUSED(open(of_process(pid_of_parent, "comm"), O_RDWR), EACCES);
	CLAIM(is_called(of_process(pid_of_parent, "comm"), "named"));
}

/* A child begins with its maker's name, and may look at its maker's threads, but not name them. */
static void others(void)
{
	struct other other;
	int fd;

	CLAIM(prctl(PR_SET_NAME, "named") == 0);
	other_begin(&other, itself_named);
	pid_of_parent = getpid();
	tid_of_parent = other.tid;
	claims_apart(by_another);
	CLAIM(is_called(of(getpid(), other.tid, "comm"), "its own") && is_called("/proc/self/comm", "named"));
	CLAIM((fd = open(of(getpid(), other.tid, "comm"), O_WRONLY)) >= 0);
	other_end(&other);
	for (int i = 0; i < WAIT_MS && access(of(getpid(), other.tid, "comm"), F_OK) == 0; i++)
		usleep(1000);
	REFUSED(write(fd, "late", 4), ESRCH);
	CLAIM(close(fd) == 0);
}

static _Atomic int goes_on = 1;

static void *spin(void *arg)
{
	atomic_store((_Atomic int *)arg, gettid());
	while (atomic_load(&goes_on))
		;
	return NULL;
}

static void *wait_in_futex(void *arg)
{
	static int never;

	atomic_store((_Atomic int *)arg, gettid());
	while (atomic_load(&goes_on))
		syscall(SYS_futex, &never, 0, 0, &(struct timespec){ .tv_sec = 1 }, NULL, 0);
	return NULL;
}

static void of_threads(void)
{
	static _Atomic int spinner, waiter;
	pthread_t one, two;
	struct other other;

	CLAIM(state("/proc/self/stat") == 'R' && state("/proc/thread-self/stat") == 'R');
	CLAIM(pthread_create(&one, NULL, spin, (void *)&spinner) == 0 && pthread_create(&two, NULL, wait_in_futex, (void *)&waiter) == 0);
	other_begin(&other, NULL);
	while (atomic_load(&spinner) == 0 || atomic_load(&waiter) == 0)
		usleep(1000);
	CLAIM(becomes(of(getpid(), other.tid, "stat"), 'S') && load(of(getpid(), other.tid, "status")) && strstr(text, "\nState:\tS (sleeping)\n") != NULL);
	CLAIM(becomes(of(getpid(), atomic_load(&waiter), "stat"), 'S'));
	for (int i = 0; i < 10; i++, usleep(1000))
		CLAIM(state(of(getpid(), atomic_load(&spinner), "stat")) == 'R');
	CLAIM(state("/proc/self/stat") == 'R');
	atomic_store(&goes_on, 0);
	CLAIM(pthread_join(one, NULL) == 0 && pthread_join(two, NULL) == 0);
	other_end(&other);
	atomic_store(&goes_on, 1);
}

/* Of a process its first thread's counts. */
static void of_processes(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(1);
	}
	CLAIM(becomes(of_process(child, "stat"), 'S') && becomes(of(child, child, "stat"), 'S'));
	CLAIM(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	CLAIM(state(of_process(child, "stat")) == 'T' && load(of_process(child, "status")) && strstr(text, "\nState:\tT (stopped)\n") != NULL);
	CLAIM(kill(child, SIGCONT) == 0 && becomes(of_process(child, "stat"), 'S') && kill(child, SIGKILL) == 0);
	CLAIM(becomes(of_process(child, "stat"), 'Z') && becomes(of(child, child, "stat"), 'Z') && waitpid(child, &status, 0) == child);
	REFUSED(open(of_process(child, "stat"), O_RDONLY), ENOENT);
	REFUSED(open(of_process(child, "task"), O_RDONLY), ENOENT);
}

static void *stay(void *arg)
{
	(void)arg;
	CLAIM(prctl(PR_SET_NAME, "stays") == 0);
	pause();
	return NULL;
}

/* The first thread has a process's number, and its name, also when it has ended and others go on. */
static void first_ends(void)
{
	int status, is_there;
	pid_t child = fork();
	pthread_t thread;

	if (child == 0) {
		prctl(PR_SET_NAME, "leaves");
		pthread_create(&thread, NULL, stay, NULL);
		syscall(SYS_exit, 0);
	}
	CLAIM(becomes(of_process(child, "stat"), 'Z') && is_called(of_process(child, "comm"), "leaves"));
	snprintf(path, sizeof(path), "/proc/%d/task", child);
	CLAIM(count(path, child, &is_there) == 2 && is_there);
	CLAIM(load(of(child, child, "status")) && number_behind("\nPid:") == child);
	CLAIM(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
}

static void *end_soon(void *arg)
{
	(void)arg;
	sched_yield();
	return NULL;
}

/* Threads begin and end, and then all of it, while another process looks. */
static void live(void)
{
	for (int i = 0; i < 4; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, end_soon, NULL) == 0)
			pthread_join(thread, NULL);
		prctl(PR_SET_NAME, i % 2 == 0 ? "even" : "odd");
	}
	_exit(0);
}

/* How many of the files that it has been told of could be read. */
static int look(pid_t pid)
{
	static const char *const files[] = { "comm", "stat", "status", "cmdline", "maps", "cwd", "exe", "root", "environ" };
	char directory[PATH], to[PATH];
	struct dirent *entry;
	int seen = 0;
	DIR *list;

	snprintf(directory, sizeof(directory), "/proc/%d/task", pid);
	list = opendir(directory);
	while (list != NULL && (entry = readdir(list)) != NULL)
		for (size_t i = 0; entry->d_name[0] != '.' && i < sizeof(files) / sizeof(files[0]); i++)
			seen += load(of(pid, atoi(entry->d_name), files[i])) || readlink(path, to, sizeof(to)) > 0;
	if (list != NULL)
		closedir(list);
	return seen;
}

static void while_they_end(int rounds)
{
	int status, seen = 0;

	for (int i = 0; i < rounds; i++) {
		pid_t child = fork();

		if (child == 0)
			live();
		for (int k = 0; k < 4; k++)
			seen += look(child);
		CLAIM(waitpid(child, &status, 0) == child && status == 0 && look(child) == 0);
	}
	CLAIM(seen > rounds);
}

int main(void)
{
	long kib;

	threads();
	names();
	others();
	of_threads();
	of_processes();
	first_ends();
	while_they_end(ROUNDS); /* what is not there before the first time stays */
	kib = free_kib();
	while_they_end(ROUNDS);
	CLAIM(getpid() != 1 || is_given_back(kib));
	return claims_end("tasks");
}
