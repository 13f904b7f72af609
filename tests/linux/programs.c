// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a program finds when it begins, and programs that become others: descriptors, threads, handlers and memory across execve; scripts. */
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/linux/claims.h"

extern char **environ;

static int ended_with(pid_t child)
{
	int status = 0;

	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What this program, started anew with `words`, ends with. */
static int run(char **words)
{
	pid_t child = fork();

	if (child == 0) {
		execv("/proc/self/exe", words);
		_exit(100);
	}
	return ended_with(child);
}

static void beginning(char **argv)
{
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	const Elf64_Ehdr *vdso = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);

	CLAIM(argv[0] != NULL && strcmp((const char *)getauxval(AT_EXECFN), argv[0]) == 0);
	CLAIM(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_CLKTCK) == 100 && getauxval(AT_SECURE) == 0 && getauxval(AT_UID) == getuid());
	CLAIM(getauxval(AT_PHDR) != 0 && getauxval(AT_PHENT) == sizeof(Elf64_Phdr) && getauxval(AT_PHNUM) > 0 && getauxval(AT_ENTRY) != 0);
	CLAIM((getauxval(AT_HWCAP) & 3) == 3); /* fp, asimd */
	CLAIM(strcmp((const char *)getauxval(AT_PLATFORM), "aarch64") == 0);
	CLAIM(random != NULL && memcmp(random, random + 8, 8) != 0);
	CLAIM(vdso != NULL && memcmp(vdso->e_ident, ELFMAG, SELFMAG) == 0 && vdso->e_machine == EM_AARCH64);
}

/* A function of the vDSO, by its name; NULL: there is none. */
static void *vdso_find(const char *name)
{
	uintptr_t base = getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(base + header->e_phoff);
	const Elf64_Dyn *dynamic = NULL;
	uintptr_t offset = 0;
	uintptr_t at[DT_NUM] = { 0 };

	for (int i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type == PT_LOAD)
			offset = base + segment[i].p_offset - segment[i].p_vaddr;
		if (segment[i].p_type == PT_DYNAMIC)
			dynamic = (const Elf64_Dyn *)(base + segment[i].p_offset);
	}
	for (; dynamic != NULL && dynamic->d_tag != DT_NULL; dynamic++)
		if (dynamic->d_tag < DT_NUM)
			at[dynamic->d_tag] = dynamic->d_un.d_ptr + offset;
	for (uint32_t i = 0; at[DT_HASH] != 0 && i < ((const uint32_t *)at[DT_HASH])[1]; i++) {
		const Elf64_Sym *symbol = (const Elf64_Sym *)at[DT_SYMTAB] + i;

		if (symbol->st_shndx != 0 && strcmp((const char *)at[DT_STRTAB] + symbol->st_name, name) == 0)
			return (void *)(offset + symbol->st_value);
	}
	return NULL;
}

/* What no C library here asks the vDSO for. */
static void vdso_rest(void)
{
	int (*day)(struct timeval *, void *) = (int (*)(struct timeval *, void *))vdso_find("__kernel_gettimeofday");
	int (*resolution)(int, struct timespec *) = (int (*)(int, struct timespec *))vdso_find("__kernel_clock_getres");
	struct timeval at = { 0 };
	struct timespec now = { 0 };
	int zone[2] = { 9, 9 };

	CLAIM(day != NULL && resolution != NULL && vdso_find("__kernel_none") == NULL);
	if (day == NULL || resolution == NULL)
		return;
	CLAIM(clock_gettime(CLOCK_REALTIME, &now) == 0 && day(&at, zone) == 0 && zone[0] == 0 && zone[1] == 0 && day(NULL, NULL) == 0);
	CLAIM((at.tv_sec - now.tv_sec) * 1000000 + at.tv_usec - now.tv_nsec / 1000 < 1000000 && at.tv_sec >= now.tv_sec && at.tv_usec < 1000000);
	CLAIM(resolution(CLOCK_MONOTONIC, &now) == 0 && now.tv_sec == 0 && now.tv_nsec > 0 && resolution(CLOCK_REALTIME, NULL) == 0);
}

/* By the vDSO and by the call: one clock. */
static void clocks(void)
{
	struct timespec first;
	struct timespec second;
	struct timespec third;

	for (int clock = CLOCK_REALTIME; clock <= CLOCK_MONOTONIC; clock++) {
		CLAIM(clock_gettime(clock, &first) == 0);
		CLAIM(syscall(SYS_clock_gettime, clock, &second) == 0);
		CLAIM(clock_gettime(clock, &third) == 0);
		CLAIM(first.tv_sec < second.tv_sec || (first.tv_sec == second.tv_sec && first.tv_nsec <= second.tv_nsec));
		CLAIM(second.tv_sec < third.tv_sec || (second.tv_sec == third.tv_sec && second.tv_nsec <= third.tv_nsec));
		CLAIM(third.tv_sec - first.tv_sec < 2);
	}
}

/* Started anew: what was to stay has stayed, and all else has not. */
static int second(int argc, char **argv)
{
	struct sigaction action;
	sigset_t blocked;

	CLAIM(argc == 5 && strcmp(argv[2], "two words") == 0 && strcmp(argv[3], "") == 0 && argv[5] == NULL);
	CLAIM(getenv("KEPT") != NULL && strcmp(getenv("KEPT"), "yes") == 0 && environ[1] == NULL);
	CLAIM(fcntl(10, F_GETFD) == 0 && fcntl(11, F_GETFD) == -1);
	CLAIM(sigaction(SIGUSR1, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
	CLAIM(sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
	CLAIM(sigprocmask(0, NULL, &blocked) == 0 && sigismember(&blocked, SIGHUP) && !sigismember(&blocked, SIGTERM));
	CLAIM(getpid() == atoi(argv[4]) && getpid() == gettid());
	return claims_failed ? 1 : 42;
}

static void *wait_for_ever(void *arg)
{
	pause();
	return arg;
}

static void *become_another(void *arg)
{
	char number[16];
	char *words[] = { "second", "second", "two words", "", number, NULL };
	char *variables[] = { "KEPT=yes", NULL };

	snprintf(number, sizeof(number), "%d", getpid());
	execve("/proc/self/exe", words, variables);
	return arg;
}

/* From a thread that is not the first, with others that sleep. */
static void replaced(void)
{
	pid_t child = fork();

	if (child == 0) {
		sigset_t blocked;
		pthread_t thread;

		signal(SIGUSR1, (void (*)(int))(uintptr_t)_exit);
		signal(SIGUSR2, SIG_IGN);
		sigemptyset(&blocked);
		sigaddset(&blocked, SIGHUP);
		sigprocmask(SIG_SETMASK, &blocked, NULL);
		CLAIM(dup2(1, 10) == 10 && dup3(1, 11, O_CLOEXEC) == 11);
		pthread_create(&thread, NULL, wait_for_ever, NULL);
		pthread_create(&thread, NULL, become_another, NULL);
		pause();
	}
	CLAIM(ended_with(child) == 42);
}

static void file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	CLAIM(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static int run_file(const char *path)
{
	pid_t child = fork();

	if (child == 0) {
		execl(path, "called", "last", NULL);
		_exit(errno);
	}
	return ended_with(child);
}

static void scripts(void)
{
	file_write("/tmp/script", "#! /program script \nrest\n");
	CLAIM(run_file("/tmp/script") == 43);
	file_write("/tmp/outer", "#!/tmp/script");
	CLAIM(run_file("/tmp/outer") == 44);
	file_write("/tmp/loop", "#!/tmp/loop");
	CLAIM(run_file("/tmp/loop") == ELOOP);
	file_write("/tmp/none", "#!/nowhere\n");
	CLAIM(run_file("/tmp/none") == ENOENT);
	file_write("/tmp/text", "no program\n");
	CLAIM(run_file("/tmp/text") == ENOEXEC);
	CLAIM(chmod("/tmp/script", 0600) == 0 && run_file("/tmp/script") == EACCES);
	CLAIM(run_file("/tmp") == EACCES);
	CLAIM(run_file("/tmp/nothing") == ENOENT);
}

static void by_descriptor(void)
{
	char *words[] = { "argument", "exit", "9", NULL };
	pid_t child = fork();

	if (child == 0) {
		int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

		syscall(SYS_execveat, fd, "", words, environ, 0x1000 /* AT_EMPTY_PATH */);
		_exit(101);
	}
	CLAIM(ended_with(child) == 9);
}

/* Who tries to run what may not be run has it open still. */
static void what_is_refused_stays_open(void)
{
	char *words[] = { "argument", NULL };
	int fd = open("/tmp/no-program", O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (int i = 0; i < 4; i++)
		REFUSED(syscall(SYS_execveat, fd, "", words, environ, 0x1000 /* AT_EMPTY_PATH */), EACCES);
	CLAIM(write(fd, "x", 1) == 1 && fcntl(fd, F_GETFD) == 0 && close(fd) == 0 && unlink("/tmp/no-program") == 0);
}

static void refused(void)
{
	char *bad[] = { (char *)8, NULL };
	static char long_word[200000];
	char *many[64];

	REFUSED(execv("/program", bad), EFAULT);
	REFUSED(syscall(SYS_execve, 8, bad + 1, environ), EFAULT);
	memset(long_word, 'x', sizeof(long_word) - 1);
	for (int i = 0; i < 63; i++)
		many[i] = long_word;
	many[63] = NULL;
	REFUSED(execv("/program", many), E2BIG);
}

int main(int argc, char **argv)
{
	char *leave[] = { "name", "exit", "7", NULL };

	if (argc > 1 && strcmp(argv[1], "second") == 0)
		return second(argc, argv);
	if (argc > 2 && strcmp(argv[1], "exit") == 0)
		return atoi(argv[2]);
	if (argc > 2 && strcmp(argv[1], "script") == 0) /* its path, then what it was given, but for what it was called */
		return argc == 4 && strcmp(argv[2], "/tmp/script") == 0 && strcmp(argv[3], "last") == 0 ? 43 :
		       argc == 5 && strcmp(argv[3], "/tmp/outer") == 0 ? 44 : 99;
	beginning(argv);
	clocks();
	vdso_rest();
	CLAIM(run(leave) == 7);
	replaced();
	scripts();
	by_descriptor();
	what_is_refused_stays_open();
	refused();
	return claims_end("programs");
}
