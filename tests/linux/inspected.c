// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What /proc tells of another process: where it is, what it runs and what it has open, and to whom. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH = 64, LONG = 256, USER = 1000, ROUNDS = 40, CAP_SYS_PTRACE = 19, READABLE = 50 /* a descriptor that all of them have */ };

static char path[PATH], target[LONG];

static const char *of(pid_t pid, const char *what)
{
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	return path;
}

static const char *of_fd(pid_t pid, int fd)
{
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	return path;
}

/* A link's text; "": it cannot be had, and errno says why. */
static const char *told(const char *of_link)
{
	ssize_t bytes;

	errno = 0;
	bytes = readlink(of_link, target, sizeof(target) - 1);
	target[bytes > 0 ? bytes : 0] = '\0';
	return target;
}

static int is_told(const char *of_link, const char *due)
{
	return strcmp(told(of_link), due) == 0;
}

/* How many descriptors the process is told to have; -1: it is not told. */
static int descriptors(pid_t pid)
{
	DIR *list = opendir(of(pid, "fd"));
	struct dirent *entry;
	int count = 0;

	if (list == NULL)
		return -1;
	while ((entry = readdir(list)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(list);
	return count;
}

/* A process to be looked at, as `becomes` makes it. It ends with its maker's end of `told`. */
struct subject {
	pid_t pid;
	int end;
};

static int hides; /* what is begun stays as it has become */

static struct subject begin(int (*becomes)(void))
{
	struct subject subject;
	int says[2], ends[2];
	char byte = 0;

	CLAIM(pipe(says) == 0 && pipe(ends) == 0);
	subject.pid = fork();
	if (subject.pid == 0) {
		close(ends[1]);
		byte = (char)becomes();
		if (!hides)
			prctl(PR_SET_DUMPABLE, 1); /* it is not, once it has become another user */
		if (write(says[1], &byte, 1) != 1 || read(ends[0], &byte, 1) != 0)
			_exit(1);
		_exit(0);
	}
	CLAIM(read(says[0], &byte, 1) == 1 && byte == 1);
	CLAIM(close(says[0]) == 0 && close(says[1]) == 0 && close(ends[0]) == 0);
	subject.end = ends[1];
	return subject;
}

static void end(struct subject subject)
{
	int status = -1;

	CLAIM(close(subject.end) == 0 && waitpid(subject.pid, &status, 0) == subject.pid && status == 0);
}

static int pipe_ends[2], file, connected[2];

static int elsewhere(void)
{
	return chdir("/tmp/inspected/below") == 0 && close(pipe_ends[1]) == 0 && lseek(file, 3, SEEK_SET) == 3;
}

/* As root. What has a name is opened anew. */
static void by_root(void)
{
	char due[LONG], byte = 0;
	struct subject subject;
	struct stat is, other;
	int fd, own;

	CLAIM((file = open("/tmp/inspected/file", O_RDWR | O_CREAT | O_TRUNC, 0600)) >= 0 && write(file, "abcdef", 6) == 6);
	CLAIM(pipe(pipe_ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, connected) == 0);
	subject = begin(elsewhere);
	snprintf(due, sizeof(due), "%s", told("/proc/self/exe"));
	CLAIM(is_told(of(subject.pid, "cwd"), "/tmp/inspected/below") && is_told("/proc/self/cwd", "/") && is_told(of(subject.pid, "root"), "/"));
	CLAIM(due[0] == '/' && is_told(of(subject.pid, "exe"), due));
	CLAIM(stat(of(subject.pid, "cwd/../file"), &is) == 0 && fstat(file, &other) == 0 && is.st_ino == other.st_ino);
	CLAIM(stat(of(subject.pid, "exe"), &is) == 0 && stat(due, &other) == 0 && is.st_ino == other.st_ino);
	CLAIM(is_told(of_fd(subject.pid, file), "/tmp/inspected/file") && stat(path, &is) == 0 && is.st_size == 6);
	CLAIM((fd = open(of_fd(subject.pid, file), O_RDONLY)) >= 0 && read(fd, &byte, 1) == 1 && byte == 'a' && lseek(file, 0, SEEK_CUR) == 3 && close(fd) == 0);
	snprintf(due, sizeof(due), "%s", told(of_fd(getpid(), connected[0])));
	CLAIM(strncmp(due, "socket:[", 8) == 0 && is_told(of_fd(subject.pid, connected[0]), due) && stat(path, &is) == 0 && S_ISSOCK(is.st_mode));
	snprintf(due, sizeof(due), "%s", told(of_fd(getpid(), pipe_ends[0])));
	CLAIM(strncmp(due, "pipe:[", 6) == 0 && is_told(of_fd(subject.pid, pipe_ends[0]), due) && fstat(pipe_ends[0], &other) == 0);
	CLAIM(stat(path, &is) == 0 && S_ISFIFO(is.st_mode) && is.st_ino == other.st_ino && lstat(path, &is) == 0 && S_ISLNK(is.st_mode));
	CLAIM(is_told(of_fd(subject.pid, pipe_ends[1]), "") && errno == ENOENT && strlen(told(of_fd(getpid(), pipe_ends[1]))) > 0);
	REFUSED(open(of_fd(subject.pid, pipe_ends[1]), O_RDONLY), ENOENT);
	if (getpid() == 1) { /* on Linux a pipe can be opened so, and a socket is ENXIO */
		REFUSED(open(of_fd(subject.pid, pipe_ends[0]), O_RDONLY), EACCES);
		REFUSED(open(of_fd(subject.pid, connected[0]), O_RDONLY), EACCES);
	}
	REFUSED(open(of_fd(subject.pid, 1000), O_RDONLY), ENOENT);
	own = descriptors(getpid()) - 1; /* less the one that is read */
	CLAIM(descriptors(subject.pid) == own - 1 - 1 + 3); /* not the pipe's end, nor that of its own; but three that were its maker's when it was made */
	CLAIM(stat(of(subject.pid, "fd"), &is) == 0 && (is.st_mode & 07777) == 0500);
	CLAIM(kill(subject.pid, SIGKILL) == 0 && waitid(P_PID, (id_t)subject.pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) == 0);
	CLAIM(is_told(of(subject.pid, "cwd"), "") && errno == ENOENT && is_told(of(subject.pid, "root"), "") && errno == ENOENT);
	CLAIM(is_told(of(subject.pid, "exe"), "") && errno == ENOENT && descriptors(subject.pid) <= 0 && is_told(of_fd(subject.pid, file), ""));
	CLAIM(waitpid(subject.pid, NULL, 0) == subject.pid && close(subject.end) == 0 && is_told(of(subject.pid, "cwd"), "") && errno == ENOENT);
	CLAIM(close(file) == 0 && close(pipe_ends[0]) == 0 && close(pipe_ends[1]) == 0 && close(connected[0]) == 0 && close(connected[1]) == 0);
}

static int jailed(void)
{
	return chroot("/tmp/inspected") == 0 && chdir("/below") == 0;
}

static void by_root_from_outside(void)
{
	struct subject subject = begin(jailed);
	struct stat is, other;

	CLAIM(is_told(of(subject.pid, "root"), "/tmp/inspected") && is_told(of(subject.pid, "cwd"), "/tmp/inspected/below"));
	CLAIM(stat(of(subject.pid, "root"), &is) == 0 && stat("/tmp/inspected", &other) == 0 && is.st_ino == other.st_ino);
	end(subject);
}

static int become(unsigned user, unsigned group)
{
	return setgroups(0, NULL) == 0 && setresgid(group, group, group) == 0 && setresuid(user, user, user) == 0;
}

static int user(void)
{
	return become(USER, USER);
}

static int another_user(void)
{
	return become(USER + 1, USER);
}

static int another_group(void)
{
	return become(USER, USER + 1);
}

static int once_another(void)
{
	return setresgid(USER, USER, USER) == 0 && setresuid(USER, USER, USER + 1) == 0;
}

static int for_another(void)
{
	return setresgid(USER, USER, USER) == 0 && setresuid(USER + 1, USER, USER) == 0;
}

/* Of the same user, but with what that does not have. */
static int keeper(void)
{
	return prctl(PR_SET_KEEPCAPS, 1) == 0 && become(USER, USER);
}

static int root(void)
{
	return 1;
}

static struct subject looked_at;

static void may(void)
{
	char due[LONG];

	CLAIM(user());
	snprintf(due, sizeof(due), "%s", told("/proc/self/exe"));
	CLAIM(due[0] == '/' && is_told(of(looked_at.pid, "exe"), due) && is_told(of(looked_at.pid, "cwd"), "/") && is_told(of(looked_at.pid, "root"), "/"));
	CLAIM(descriptors(looked_at.pid) > 0 && strlen(told(of_fd(looked_at.pid, 1))) > 0);
	CLAIM(load(of(looked_at.pid, "maps")) && load(of(looked_at.pid, "smaps")) && load(of(looked_at.pid, "auxv")));
	CLAIM(is_told(of_fd(looked_at.pid, READABLE), "/tmp/inspected/readable") && load(path) && strcmp(text, "read") == 0);
}

/* Nor by another way: what it is called and whether it runs anybody may know. */
static void may_not(void)
{
	CLAIM(user());
	REFUSED(readlink(of(looked_at.pid, "cwd"), target, sizeof(target)), EACCES);
	REFUSED(readlink(of(looked_at.pid, "root"), target, sizeof(target)), EACCES);
	REFUSED(readlink(of(looked_at.pid, "exe"), target, sizeof(target)), EACCES);
	REFUSED(open(of(looked_at.pid, "exe"), O_RDONLY), EACCES);
	REFUSED(chdir(of(looked_at.pid, "cwd")), EACCES);
	REFUSED(readlink(of_fd(looked_at.pid, 1), target, sizeof(target)), EACCES);
	REFUSED(open(of_fd(looked_at.pid, 1), O_WRONLY), EACCES);
	REFUSED(open(of_fd(looked_at.pid, READABLE), O_RDONLY), EACCES);
	REFUSED(access(of_fd(looked_at.pid, READABLE), F_OK), EACCES);
	REFUSED(open(of(looked_at.pid, "maps"), O_RDONLY), EACCES);
	REFUSED(open(of(looked_at.pid, "smaps"), O_RDONLY), EACCES);
	CLAIM(load(of(looked_at.pid, "stat")) && load(of(looked_at.pid, "status")) && load(of(looked_at.pid, "comm")) && load(of(looked_at.pid, "cmdline")));
}

/* Those of another user are not even listed. */
static void may_not_list(void)
{
	may_not();
	REFUSED(open(of(looked_at.pid, "fd"), O_RDONLY | O_DIRECTORY), EACCES);
	REFUSED(open(of(looked_at.pid, "auxv"), O_RDONLY), EACCES);
	REFUSED(open(of(looked_at.pid, "environ"), O_RDONLY), EACCES);
}

static void with(int (*becomes)(void), void (*claims)(void))
{
	looked_at = begin(becomes);
	claims_apart(claims);
	end(looked_at);
}

/* CAP_SYS_PTRACE alone, of a user that is not root: that it may look does not say that it may list, for which there are modes. */
static void tracer(void)
{
	struct {
		unsigned version;
		int pid;
	} head = { 0x20080522, 0 };
	const unsigned words[6] = { 1u << CAP_SYS_PTRACE, 1u << CAP_SYS_PTRACE };

	CLAIM(keeper() && syscall(SYS_capset, &head, words) == 0);
	CLAIM(is_told(of(looked_at.pid, "cwd"), "/") && strlen(told(of(looked_at.pid, "exe"))) > 0 && load(of(looked_at.pid, "maps")));
	REFUSED(open(of(looked_at.pid, "fd"), O_RDONLY | O_DIRECTORY), EACCES);
}

/* Who opens files as somebody else finds its own descriptors all the same. */
static void own(void)
{
	struct stat is;

	CLAIM(setfsuid(USER) == 0 && descriptors(getpid()) >= 3 && strlen(told(of_fd(getpid(), 1))) > 0 && stat("/proc/self/fd/1", &is) == 0);
	CLAIM(strlen(told("/proc/self/cwd")) > 0 && load("/proc/self/maps"));
}

static int says_dumpable(void)
{
	return prctl(PR_GET_DUMPABLE);
}

/* Who acts as another is not dumpable, without saying so. */
static int hidden(void)
{
	return become(USER, USER) && says_dumpable() == 0;
}

/* A subject that does not say that it is dumpable again. */
static struct subject begin_hidden(int (*becomes)(void))
{
	struct subject subject;

	hides = 1;
	subject = begin(becomes);
	hides = 0;
	return subject;
}

static void owners_are(unsigned inner)
{
	static const char *const kept[] = { "", "task", "net" };
	static const char *const others[] = { "fd", "environ", "status", "cwd" };
	struct stat is;

	for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		CLAIM(stat(of(looked_at.pid, kept[i]), &is) == 0 && is.st_uid == USER && is.st_gid == USER);
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CLAIM(lstat(of(looked_at.pid, others[i]), &is) == 0 && is.st_uid == inner && is.st_gid == inner);
}

static int to_itself(void)
{
	char name[] = "named";
	int fd;

	if (!hidden() || descriptors(getpid()) < 3 || strlen(told("/proc/self/exe")) == 0 || !load("/proc/self/maps"))
		return 0;
	if (open("/proc/self/environ", O_RDONLY) >= 0 || errno != EACCES || open("/proc/self/comm", O_WRONLY) >= 0 || errno != EACCES)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", getpid());
	fd = open(path, O_WRONLY);
	return fd >= 0 && write(fd, name, 5) == 5 && close(fd) == 0 && prctl(PR_GET_NAME, target) == 0 && strcmp(target, name) == 0;
}

/* What it says that it is counts, too; who is not dumpable is root's to look into alone, until it says otherwise or runs another program. */
static void hiding(void)
{
	int status;
	pid_t pid;

	CLAIM(says_dumpable() == 1);
	REFUSED(prctl(PR_SET_DUMPABLE, 2), EINVAL);
	REFUSED(prctl(PR_SET_DUMPABLE, -1), EINVAL);
	CLAIM(says_dumpable() == 1 && prctl(PR_SET_DUMPABLE, 0) == 0 && says_dumpable() == 0);
	pid = fork();
	if (pid == 0)
		_exit(says_dumpable() != 0);
	CLAIM(waitpid(pid, &status, 0) == pid && status == 0);
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "inspected", "dumpable", NULL);
		_exit(3);
	}
	CLAIM(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 1);
	CLAIM(prctl(PR_SET_DUMPABLE, 1) == 0 && setresuid(0, 0, USER) == 0 && says_dumpable() == 1 && setresuid(0, 0, 0) == 0);
	CLAIM(setfsuid(USER) == 0 && setfsuid(0) == USER && says_dumpable() == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
	looked_at = begin_hidden(hidden);
	owners_are(0);
	claims_apart(may_not_list);
	CLAIM(is_told(of(looked_at.pid, "cwd"), "/") && descriptors(looked_at.pid) > 0); /* to root */
	end(looked_at);
	looked_at = begin_hidden(to_itself);
	end(looked_at);
	looked_at = begin(user);
	owners_are(USER);
	end(looked_at);
}

/* It opens, closes, goes elsewhere, and becomes another program at last. */
static void live(void)
{
	for (int i = 0; i < 6; i++) {
		int fds[2];

		if (pipe(fds) != 0 || chdir(i % 2 == 0 ? "/tmp/inspected" : "/tmp/inspected/below") != 0 || close(fds[0]) != 0 || dup2(0, fds[1]) < 0 || close(fds[1]) != 0)
			_exit(2);
	}
	execl("/proc/self/exe", "inspected", "ends", NULL);
	_exit(3);
}

static int look(pid_t pid)
{
	static const char *const links[] = { "cwd", "root", "exe" };
	struct dirent *entry;
	struct stat is;
	int seen = 0;
	DIR *list;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		seen += strlen(told(of(pid, links[i]))) > 0;
	list = opendir(of(pid, "fd"));
	while (list != NULL && (entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.')
			seen += strlen(told(of_fd(pid, atoi(entry->d_name)))) > 0 && stat(path, &is) == 0;
	if (list != NULL)
		closedir(list);
	return seen;
}

/* Whatever they do meanwhile, and whenever they end. */
static void while_they_live(int rounds)
{
	int status, seen = 0;

	for (int i = 0; i < rounds; i++) {
		pid_t child = fork();

		if (child == 0)
			live();
		for (int k = 0; k < 6; k++)
			seen += look(child);
		if (i % 3 == 0)
			kill(child, SIGKILL);
		seen += look(child);
		CLAIM(waitpid(child, &status, 0) == child && (status == 0 || (i % 3 == 0 && WIFSIGNALED(status))));
		CLAIM(look(child) == 0);
	}
	CLAIM(seen > rounds);
}

int main(int argc, char **argv)
{
	long kib;

	if (argc > 1 && strcmp(argv[1], "ends") == 0)
		return 0;
	if (argc > 1 && strcmp(argv[1], "dumpable") == 0)
		return says_dumpable();
	CLAIM(mkdir("/tmp/inspected", 0755) == 0 && mkdir("/tmp/inspected/below", 0755) == 0);
	by_root();
	by_root_from_outside();
	CLAIM((file = open("/tmp/inspected/readable", O_RDWR | O_CREAT, 0644)) >= 0 && write(file, "read", 4) == 4 && dup2(file, READABLE) == READABLE && close(file) == 0);
	with(user, may);
	with(another_user, may_not_list);
	with(another_group, may_not);
	with(once_another, may_not);
	with(for_another, may_not);
	with(keeper, may_not);
	with(root, may_not_list);
	with(root, tracer);
	claims_apart(own);
	claims_apart(hiding);
	while_they_live(ROUNDS); /* what is not there before the first time stays */
	kib = free_kib();
	while_they_live(ROUNDS);
	CLAIM(getpid() != 1 || is_given_back(kib));
	return claims_end("inspected");
}
