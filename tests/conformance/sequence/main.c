// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Runs sequences of system calls from the file /sequence.txt, and prints what each came to: tests/conformance/differential.py makes
 * the file and compares what kernels say.
 *
 *     S 7                  sequence 7 begins, in a process of its own, with no file of the last one left
 *     12 pread 3 100 0     its operation 12: a name, and up to six numbers
 *
 * printed as `@7.12 pread = 100 h=1c2d3e4f`. Errors are negative numbers. With the argument `machine` it is a whole machine's
 * first process: it mounts /tmp and /dev/pts, brings up the loopback device, runs the sequences and switches the machine off.
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/conformance/sequence/call.h"

enum { TEXT_BYTES = 4 << 20, WORD_BYTES = 32, SIGCHLD_NUMBER = 17 };

int slots[SLOTS];
uint8_t buffer[BUFFER_BYTES];
int probe_pipe[2];
static char text[TEXT_BYTES];

static const struct operation *const families[] = {files_operations, names_operations, descriptors_operations, memory_operations,
	events_operations, signals_operations, timers_operations, sockets_operations, process_operations, splices_operations, users_operations,
	identities_operations, terminals_operations, watches_operations, locks_operations, queues_operations, sysv_operations};

int fd_of(long slot)
{
	return slot >= 0 && slot < SLOTS ? slots[slot] : (int)slot;
}

long keep(long slot, long result)
{
	if (result >= 0 && slot >= 0 && slot < SLOTS)
		slots[slot] = (int)result;
	return result;
}

const char *name_of(long number)
{
	static char long_name[300];
	static const char *const names[] = {"/tmp/a", "/tmp/b", "/tmp/c", "/tmp/d", "/tmp/d/e", "/tmp/d/f", "/tmp/g", "/tmp/g/h", "/tmp/link",
		"/tmp/a/x", "/tmp/none/x", "", "/tmp", "/tmp/d/../a", "/tmp/./b/", long_name, "a", "d/e", ".", "d/..", "/tmp/.", "//tmp///c", "/tmp/s1",
		"/tmp/s2"};

	if (long_name[0] == '\0') {
		memset(long_name, 'n', sizeof(long_name) - 1);
		memcpy(long_name, "/tmp/", 5);
	}
	return number >= 0 && number < (long)(sizeof(names) / sizeof(names[0])) ? names[number] : (const char *)8;
}

void fill(long seed, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buffer[i] = (uint8_t)((size_t)seed * 31 + i * 7 + (i >> 8));
}

/* Fowler, Noll and Vo's hash, 1a. */
unsigned digest(const void *data, size_t len)
{
	unsigned hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ ((const uint8_t *)data)[i]) * 16777619u;
	return hash;
}

void say(struct line *line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int len = format_vprint(line->text + line->len, LINE_BYTES - line->len, fmt, args);
	va_end(args);
	line->len = line->len + (size_t)len < LINE_BYTES ? line->len + (size_t)len : LINE_BYTES - 1;
}

size_t at_most(long len, size_t most)
{
	return len < 0 ? 0 : (size_t)len < most ? (size_t)len : most;
}

static void print(const char *data, size_t len)
{
	while (len > 0) {
		long done = SYS(write, 1, data, len);
		if (done <= 0)
			return;
		data += done;
		len -= (size_t)done;
	}
}

static const struct operation *find(const char *name)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct operation *operation = families[i]; operation->name; operation++)
			if (strcmp(operation->name, name) == 0)
				return operation;
	return NULL;
}

/* The next number of a line; 0 where there is none. */
static long number(const char **at)
{
	long value = 0;
	bool negative;

	while (**at == ' ')
		++*at;
	negative = **at == '-';
	*at += negative;
	while (**at >= '0' && **at <= '9')
		value = value * 10 + (*(*at)++ - '0');
	return negative ? -value : value;
}

/* One operation; `at` is behind its number. */
static void run_operation(long sequence, long index, const char *at)
{
	struct line line = {.len = 0}, more = {.len = 0};
	char name[WORD_BYTES];
	long arg[ARGS];
	size_t len = 0;

	while (*at == ' ')
		at++;
	while (*at > ' ' && len + 1 < sizeof(name))
		name[len++] = *at++;
	name[len] = '\0';
	for (int i = 0; i < ARGS; i++)
		arg[i] = number(&at);
	const struct operation *operation = find(name);
	if (operation) {
		long result = operation->run(arg, &more);
		say(&line, "@%ld.%ld %s = %ld%s\n", sequence, index, name, result, more.text);
	} else {
		say(&line, "@%ld.%ld %s is no operation\n", sequence, index, name);
	}
	print(line.text, line.len);
}

static const char *next_line(const char *at)
{
	while (*at && *at != '\n')
		at++;
	return at + (*at == '\n');
}

/* What nothing is left of behind it but files: a sequence may give up for good what the next one needs. */
static void run_apart(long sequence, const char *at)
{
	struct line line = {.len = 0};
	int status = 0;
	long child = SYS(clone, SIGCHLD_NUMBER);

	if (child == 0) {
		for (; *at && *at != 'S'; at = next_line(at)) {
			long index = number(&at);
			run_operation(sequence, index, at);
		}
		sysv_leave();
		SYS(exit_group, 0);
	}
	SYS(wait4, child, &status, 0, NULL);
	if (child < 0 || status != 0) {
		say(&line, "@%ld.0 died %ld %x\n", sequence, child < 0 ? child : 0, status);
		print(line.text, line.len);
	}
}

static void run_text(const char *at)
{
	for (; *at; at = next_line(at)) {
		if (*at != 'S')
			continue;
		at++;
		long sequence = number(&at);
		files_reset();
		queues_reset();
		sysv_reset();
		run_apart(sequence, next_line(at));
	}
	files_reset();
	queues_reset();
	sysv_reset();
}

static void run(void)
{
	size_t len = 0;
	long fd = SYS(openat, AT_FDCWD, "/sequence.txt", O_RDONLY), got;

	if (fd < 0) {
		print("@no sequence\n", 13);
		return;
	}
	while (len + 1 < sizeof(text) && (got = SYS(read, fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	SYS(close, fd);
	if (SYS(pipe2, probe_pipe, O_NONBLOCK) < 0)
		print("@no pipe\n", 9);
	for (int i = 0; i < SLOTS; i++)
		slots[i] = -1;
	process_init();
	memory_init();
	signals_init();
	run_text(text);
	print("@end\n", 5);
}

static void bring_up_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	long fd = SYS(socket, AF_INET, SOCK_DGRAM, 0);

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	SYS(ioctl, fd, SIOCSIFFLAGS, &request);
	SYS(close, fd);
}

/* In a session of its own, which has no terminal. */
static void run_alone(void)
{
	struct line line = {.len = 0};
	int status = 0;
	long child = SYS(clone, SIGCHLD_NUMBER);

	if (child == 0) {
		SYS(setsid);
		run();
		SYS(exit_group, 0);
	}
	SYS(wait4, child, &status);
	if (child < 0 || status != 0) {
		say(&line, "@died %d\n", status);
		print(line.text, line.len);
	}
}

static void machine(void)
{
	SYS(mount, "tmpfs", "/tmp", "tmpfs", 0, "mode=1777");
	SYS(mkdirat, AT_FDCWD, "/dev", 0755);
	SYS(mkdirat, AT_FDCWD, "/dev/pts", 0755);
	SYS(mknodat, AT_FDCWD, "/dev/tty", S_IFCHR | 0666, 5 << 8);
	SYS(mount, "devpts", "/dev/pts", "devpts", 0, "ptmxmode=666");
	bring_up_loopback();
	run_alone();
	SYS(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF);
}

/* Called by _start with the stack as the kernel left it: argc, argv. */
void start(const long *stack) __attribute__((noreturn));
void start(const long *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);

	if (stack[0] > 1 && strcmp(argv[1], "machine") == 0)
		machine();
	else
		run_alone();
	SYS(exit_group, 0);
	__builtin_unreachable();
}

__asm__(".globl _start\n_start:\tmov x29, #0\n\tmov x0, sp\n\tb start\n");
