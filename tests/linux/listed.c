// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sockets have numbers, by which /proc/self/fd and /proc/net tell of them, whoever has them open. */
#include "tests/linux/claims.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_BYTES = 512, LISTEN = 0x0a, ESTABLISHED = 1, CLOSE_WAIT = 8, FIN_WAIT2 = 5, CLOSED = 7, USER = 1000 };

static unsigned long number_of(int fd)
{
	struct stat told;

	return fstat(fd, &told) == 0 ? (unsigned long)told.st_ino : 0;
}

/* Whether the descriptor's link says the same. */
static int is_linked(int fd)
{
	char path[32], is[64] = "", due[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(due, sizeof(due), "socket:[%lu]", number_of(fd));
	return readlink(path, is, sizeof(is) - 1) > 0 && strcmp(is, due) == 0;
}

/* The line of a file that has a field with the socket's number; how many have. */
static int line_of(const char *path, int fd, int field, char line[LINE_BYTES])
{
	char read[LINE_BYTES], due[32];
	FILE *file = fopen(path, "r");
	int found = 0;

	CLAIM(file != NULL);
	snprintf(due, sizeof(due), "%lu", number_of(fd));
	while (file != NULL && fgets(read, sizeof(read), file) != NULL) {
		char copy[LINE_BYTES], *rest = copy, *word = NULL;

		memcpy(copy, read, sizeof(copy));
		for (int i = 0; i < field; i++)
			while ((word = strsep(&rest, " \n")) != NULL && *word == '\0')
				;
		if (word != NULL && strcmp(word, due) == 0) {
			memcpy(line, read, sizeof(read));
			found++;
		}
	}
	if (file != NULL)
		fclose(file);
	return found;
}

/* Of a TCP or UDP socket of IPv4: once, with both names and the state. */
static int is_told(const char *path, int fd, uint32_t from, int from_port, uint32_t to, int to_port, int state, unsigned user)
{
	char line[LINE_BYTES] = "";
	unsigned is[5] = { 0 }, owner = ~0u;
	int found = line_of(path, fd, 10, line);
	int parts = sscanf(line, " %*d: %x:%x %x:%x %x %*x:%*x %*x:%*x %*x %u", &is[0], &is[1], &is[2], &is[3], &is[4], &owner);

	if (found == 1 && parts == 6 && is[0] == from && is[1] == (unsigned)from_port && is[2] == to && is[3] == (unsigned)to_port && is[4] == (unsigned)state && owner == user)
		return 1;
	printf("%d times, %d parts: %s", found, parts, line);
	return 0;
}

static int port_of(int fd)
{
	struct sockaddr_in name = { 0 };
	socklen_t bytes = sizeof(name);

	return getsockname(fd, (struct sockaddr *)&name, &bytes) == 0 ? ntohs(name.sin_port) : -1;
}

static const struct sockaddr_in self = { .sin_family = AF_INET, .sin_addr.s_addr = 0x0100007f };

static void tcp(void)
{
	struct sockaddr_in to = self;
	char line[LINE_BYTES];
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int status = -1;
	int server, copy;
	pid_t child;

	CLAIM(number_of(listener) != 0 && number_of(client) != 0 && number_of(listener) != number_of(client) && is_linked(listener) && is_linked(client));
	CLAIM(line_of("/proc/net/tcp", client, 10, line) == 0); /* it has no name yet */
	CLAIM(bind(listener, (const struct sockaddr *)&self, sizeof(self)) == 0 && listen(listener, 4) == 0);
	CLAIM(is_told("/proc/net/tcp", listener, 0x0100007f, port_of(listener), 0, 0, LISTEN, 0));
	to.sin_port = htons((uint16_t)port_of(listener));
	CLAIM(connect(client, (const struct sockaddr *)&to, sizeof(to)) == 0);
	server = accept(listener, NULL, NULL);
	CLAIM(is_told("/proc/net/tcp", client, 0x0100007f, port_of(client), 0x0100007f, port_of(listener), ESTABLISHED, 0));
	CLAIM(is_told("/proc/net/tcp", server, 0x0100007f, port_of(listener), 0x0100007f, port_of(client), ESTABLISHED, 0));
	copy = dup(server);
	CLAIM(number_of(copy) == number_of(server) && line_of("/proc/net/tcp", copy, 10, line) == 1 && close(copy) == 0);
	child = fork(); /* what two have is told once */
	if (child == 0)
		_exit(line_of("/proc/net/tcp", client, 10, line) != 1);
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
	CLAIM(shutdown(client, SHUT_WR) == 0 && read(server, line, 1) == 0);
	CLAIM(is_told("/proc/net/tcp", server, 0x0100007f, port_of(listener), 0x0100007f, port_of(client), CLOSE_WAIT, 0));
	CLAIM(is_told("/proc/net/tcp", client, 0x0100007f, port_of(client), 0x0100007f, port_of(listener), FIN_WAIT2, 0));
	CLAIM(line_of("/proc/net/tcp6", listener, 10, line) == 0 && line_of("/proc/net/udp", listener, 10, line) == 0);
	CLAIM(close(client) == 0 && close(server) == 0 && close(listener) == 0);
}

static void udp(void)
{
	struct sockaddr_in to = self;
	char line[LINE_BYTES];
	int one = socket(AF_INET, SOCK_DGRAM, 0);
	int two = socket(AF_INET, SOCK_DGRAM, 0);

	CLAIM(line_of("/proc/net/udp", one, 10, line) == 0);
	CLAIM(bind(one, (const struct sockaddr *)&self, sizeof(self)) == 0 && is_told("/proc/net/udp", one, 0x0100007f, port_of(one), 0, 0, CLOSED, 0));
	to.sin_port = htons((uint16_t)port_of(one));
	CLAIM(connect(two, (const struct sockaddr *)&to, sizeof(to)) == 0);
	CLAIM(is_told("/proc/net/udp", two, 0x0100007f, port_of(two), 0x0100007f, port_of(one), ESTABLISHED, 0));
	CLAIM(close(one) == 0 && close(two) == 0);
}

static void six(void)
{
	const struct sockaddr_in6 name = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int listener = socket(AF_INET6, SOCK_STREAM, 0);
	char line[LINE_BYTES] = "", due[96];

	CLAIM(bind(listener, (const struct sockaddr *)&name, sizeof(name)) == 0 && listen(listener, 1) == 0 && line_of("/proc/net/tcp6", listener, 10, line) == 1);
	snprintf(due, sizeof(due), ": 00000000000000000000000001000000:%04X 00000000000000000000000000000000:0000 0A ", port_of(listener));
	CLAIM(strstr(line, due) != NULL && close(listener) == 0);
}

static void local(void)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "/tmp/named" };
	struct sockaddr_un abstract = { .sun_family = AF_UNIX, .sun_path = "\0ab\0c" };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int other = socket(AF_UNIX, SOCK_DGRAM, 0);
	char line[LINE_BYTES] = "";
	unsigned flags = 0, type = 0, state = 0;
	int pair[2];

	CLAIM(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && is_linked(pair[0]) && number_of(pair[0]) != number_of(pair[1]));
	CLAIM(bind(listener, (const struct sockaddr *)&path, sizeof(path)) == 0 && listen(listener, 1) == 0);
	CLAIM(bind(other, (const struct sockaddr *)&abstract, offsetof(struct sockaddr_un, sun_path) + 5) == 0);
	CLAIM(line_of("/proc/net/unix", listener, 7, line) == 1 && strstr(line, " /tmp/named\n") != NULL);
	CLAIM(sscanf(line, "%*x: %*x %*x %x %x %x", &flags, &type, &state) == 3 && flags == 0x10000 && type == SOCK_STREAM && state == 1);
	CLAIM(line_of("/proc/net/unix", other, 7, line) == 1 && strstr(line, " @ab@c\n") != NULL);
	CLAIM(sscanf(line, "%*x: %*x %*x %x %x %x", &flags, &type, &state) == 3 && flags == 0 && type == SOCK_DGRAM && state == 1);
	CLAIM(line_of("/proc/net/unix", pair[1], 7, line) == 1);
	CLAIM(sscanf(line, "%*x: %*x %*x %x %x %x", &flags, &type, &state) == 3 && flags == 0 && type == SOCK_SEQPACKET && state == 3);
	CLAIM(close(listener) == 0 && close(other) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
}

static void of_a_user(void)
{
	struct stat told;
	int listener;

	CLAIM(setgid(USER + 1) == 0 && setuid(USER) == 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	CLAIM(fstat(listener, &told) == 0 && S_ISSOCK(told.st_mode) && told.st_uid == USER);
	CLAIM(bind(listener, (const struct sockaddr *)&self, sizeof(self)) == 0 && listen(listener, 4) == 0);
	CLAIM(is_told("/proc/net/tcp", listener, 0x0100007f, port_of(listener), 0, 0, LISTEN, USER));
}

int main(void)
{
	tcp();
	udp();
	six();
	local();
	of_a_user();
	return claims_end("listed");
}
