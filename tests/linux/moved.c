// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Where one is when the directory that one is in is moved, or goes: in /tmp, or where the only argument says. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EXCHANGE = 2, LEVELS = 40, LONG = 250, LONG_LEVELS = 17, TIMES = 60 };

static char top[PATH_MAX]; /* all is below */

/* A path below the top. */
static const char *at(const char *name)
{
	static char made[4][PATH_MAX + 64];
	static unsigned next;
	char *path = made[next++ % 4];

	snprintf(path, sizeof(made[0]), "%s%s%s", top, *name != '\0' ? "/" : "", name);
	return path;
}

static int is_at(const char *path)
{
	char is[PATH_MAX];

	return getcwd(is, sizeof(is)) != NULL && strcmp(is, path) == 0;
}

static void make(const char *name)
{
	CLAIM(mkdir(at(name), 0755) == 0);
}

static void mark(const char *name)
{
	CLAIM(close(open(at(name), O_CREAT | O_EXCL | O_WRONLY, 0600)) == 0);
}

static int is_there(const char *path)
{
	struct stat is;

	return stat(path, &is) == 0;
}

static void moved_by_itself(void)
{
	make("a"), make("a/in"), make("b");
	mark("mark"), mark("a/mark-a"), mark("b/mark-b");
	CLAIM(chdir(at("a/in")) == 0 && is_at(at("a/in")));
	CLAIM(rename(at("a/in"), at("a/out")) == 0 && is_at(at("a/out")) && is_there("../mark-a"));
	CLAIM(rename(".././out", at("b/out")) == 0 && is_at(at("b/out")) && is_there("../mark-b") && !is_there("../mark-a"));
	CLAIM(mkdir("../made", 0755) == 0 && is_there(at("b/made")) && rmdir("../made") == 0 && is_at(at("b/out")));
	CLAIM(chdir("..") == 0 && is_at(at("b")) && is_there("mark-b") && is_there("../mark") && chdir("..") == 0 && is_at(at("")));
	CLAIM(chdir("..") == 0 && chdir(at("")) == 0 && rmdir("b/out") == 0);
}

static void moved_above(void)
{
	make("b/c"), make("b/c/d");
	CLAIM(chdir(at("b/c/d")) == 0 && rename(at("b"), at("e")) == 0 && is_at(at("e/c/d")) && is_there("../../mark-b") && is_there("../../../mark"));
	CLAIM(rename(at("e"), at("a/e")) == 0 && is_at(at("a/e/c/d")) && is_there("../../../mark-a") && is_there("../../../../mark"));
	CLAIM(chdir("../..") == 0 && is_at(at("a/e")) && rename(at("a/e"), at("b")) == 0 && is_at(at("b")) && is_there("../mark") && chdir(at("")) == 0);
	CLAIM(rmdir("b/c/d") == 0 && rmdir("b/c") == 0);
}

/* By another process; and what is open is where it is, too. */
static void moved_by_another(void)
{
	int fd = -1;

	make("a/in"), make("a/in/on");
	CLAIM(chdir(at("a/in")) == 0 && (fd = open("on", O_RDONLY | O_DIRECTORY)) >= 0);
	if (fork() == 0)
		_exit(rename(at("a/in"), at("b/in")) != 0);
	CLAIM(wait(NULL) > 0 && is_at(at("b/in")) && is_there("../mark-b") && faccessat(fd, "../../mark-b", F_OK, 0) == 0);
	CLAIM(rename(at("b/in/on"), at("a/on")) == 0 && faccessat(fd, "../mark-a", F_OK, 0) == 0 && fchdir(fd) == 0 && is_at(at("a/on")));
	CLAIM(chdir(at("")) == 0 && close(fd) == 0 && rmdir("a/on") == 0 && rmdir("b/in") == 0);
}

/* What was removed is nowhere, and above it is what was. */
static void removed(void)
{
	make("x"), make("x/y");
	CLAIM(chdir(at("x/y")) == 0 && rmdir(at("x/y")) == 0 && getcwd((char[PATH_MAX]){ 0 }, PATH_MAX) == NULL && errno == ENOENT);
	REFUSED(open("made", O_CREAT | O_WRONLY, 0600), ENOENT);
	REFUSED(mkdir("made", 0700), ENOENT);
	CLAIM(rmdir(at("x")) == 0 && is_there("../../mark") && chdir("../..") == 0 && is_at(at("")));
}

/* Its old name is another's. */
static void replaced(void)
{
	make("n"), make("n/i");
	CLAIM(chdir(at("n/i")) == 0 && rename(at("n"), at("o")) == 0);
	make("n"), make("n/i");
	CLAIM(is_at(at("o/i")) && chdir("../../n/i") == 0 && is_at(at("n/i")) && chdir(at("")) == 0);
	CLAIM(rmdir("n/i") == 0 && rmdir("n") == 0 && rmdir("o/i") == 0 && rmdir("o") == 0);
}

/* Where a file system exchanges names. */
static void exchanged(void)
{
	make("p"), make("q"), make("q/r");
	CLAIM(chdir(at("p")) == 0);
	if (syscall(SYS_renameat2, AT_FDCWD, at("p"), AT_FDCWD, at("q/r"), EXCHANGE) == 0)
		CLAIM(is_at(at("q/r")) && is_there("../../mark") && chdir("..") == 0 && is_at(at("q")));
	CLAIM(chdir(at("")) == 0 && rmdir("q/r") == 0 && rmdir("q") == 0 && rmdir("p") == 0);
}

/* The root itself is moved, of those who have another. */
static void root_moved(void)
{
	int fd = open(at(""), O_RDONLY | O_DIRECTORY);

	CLAIM(mkdir("jail", 0755) == 0 && mkdir("jail/in", 0755) == 0 && chroot("jail") == 0 && chdir("../../../../..") == 0 && is_there("proc"));
	CLAIM(chdir("/in") == 0 && is_at("/in"));
	CLAIM(renameat(fd, "jail", fd, "cell") == 0 && is_at("/in") && rename("/in", "/on") == 0 && is_at("/on"));
	CLAIM(chdir("..") == 0 && is_at("/") && chdir("..") == 0 && is_at("/") && is_there("on"));
	CLAIM(mkdir("on/x", 0755) == 0 && mkdir("to", 0755) == 0 && chdir("on/x") == 0 && rename("/on/x", "/to/x") == 0 && is_at("/to/x"));
	CLAIM(chdir("..") == 0 && is_at("/to") && chdir("..") == 0 && is_at("/") && chdir("..") == 0 && is_at("/") && rmdir("to/x") == 0 && rmdir("to") == 0);
	CLAIM(unlinkat(fd, "cell/on", AT_REMOVEDIR) == 0 && unlinkat(fd, "cell", AT_REMOVEDIR) == 0);
}

/* Deep, and among many. */
static void deep(void)
{
	char path[PATH_MAX] = "a/deep", name[32];
	size_t len = strlen(path);

	make(path);
	for (unsigned i = 0; i < LEVELS; i++) {
		len += (size_t)snprintf(path + len, sizeof(path) - len, "/level-%02u", i);
		make(path);
		snprintf(name, sizeof(name), "a/beside-%02u", i);
		make(name);
	}
	CLAIM(chdir(at(path)) == 0 && rename(at("a/deep"), at("b/even-deeper")) == 0);
	memmove(path + 13, path + 6, len - 6 + 1);
	memcpy(path, "b/even-deeper", 13);
	CLAIM(is_at(at(path)));
	for (unsigned i = 0; i < LEVELS; i++)
		CLAIM(chdir("..") == 0);
	CLAIM(is_at(at("b/even-deeper")) && is_there("../mark-b") && chdir(at("")) == 0);
	for (len = strlen(path); len > 1; len = (size_t)(strrchr(path, '/') - path), path[len] = '\0')
		CLAIM(rmdir(at(path)) == 0);
}

/* No path is long enough: one is somewhere even so. */
static void too_deep(void)
{
	char name[LONG + 1] = "", path[2 * PATH_MAX];
	unsigned levels = 0;

	memset(name, 'n', LONG);
	make("t");
	CLAIM(chdir(at("t")) == 0);
	while (levels < LONG_LEVELS && mkdir(name, 0755) == 0 && chdir(name) == 0)
		levels++;
	CLAIM(levels == LONG_LEVELS || errno == ENAMETOOLONG); /* such as where the host has paths */
	if (levels == LONG_LEVELS) {
		REFUSED(syscall(SYS_getcwd, path, sizeof(path)), ENAMETOOLONG);
		REFUSED(syscall(SYS_getcwd, path, 10), ENAMETOOLONG);
	}
	CLAIM(rename(at("t"), at("u")) == 0);
	if (levels == LONG_LEVELS)
		REFUSED(syscall(SYS_getcwd, path, sizeof(path)), ENAMETOOLONG);
	for (; levels > 0; levels--)
		CLAIM(chdir("..") == 0 && rmdir(name) == 0);
	CLAIM(is_at(at("u")) && chdir("..") == 0 && is_at(at("")) && rmdir("u") == 0);
	REFUSED(syscall(SYS_getcwd, path, strlen(top)), ERANGE);
	CLAIM(syscall(SYS_getcwd, path, strlen(top) + 1) == (long)strlen(top) + 1);
}

/* Whoever is moved again and again takes no more memory for it. */
static void again_and_again(void)
{
	long before = 0;

	make("f"), make("f/g"), make("f/g/h");
	for (unsigned i = 0; i < TIMES; i++) {
		if (i == 3)
			before = free_kib();
		CLAIM(chdir(at("f/g/h")) == 0 && rename(at("f/g"), at("g")) == 0 && is_at(at("g/h")) && is_there("../../mark"));
		CLAIM(rename(at("g"), at("f/g")) == 0 && is_at(at("f/g/h")) && is_there("../../../mark") && chdir("..") == 0 && is_at(at("f/g")));
	}
	CLAIM(chdir(at("")) == 0 && rmdir("f/g/h") == 0 && rmdir("f/g") == 0 && rmdir("f") == 0);
	if (getpid() == 1)
		CLAIM(is_given_back(before - 12));
}

int main(int argc, char **argv)
{
	snprintf(top, sizeof(top), "%s/moved", argc > 1 ? argv[1] : "/tmp");
	make("");
	CLAIM(chdir(top) == 0);
	moved_by_itself();
	moved_above();
	moved_by_another();
	removed();
	replaced();
	exchanged();
	claims_apart(root_moved);
	deep();
	too_deep();
	again_and_again();
	return claims_end("moved");
}
