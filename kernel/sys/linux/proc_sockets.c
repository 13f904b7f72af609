// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What /proc/net says of sockets: of those that processes of the family have open, which is all that they may know. How much waits in one is not told.
 *
 * Spec: proc(5); Linux, net/ipv4/tcp_ipv4.c: tcp4_seq_show(), net/ipv6/tcp_ipv6.c, net/ipv4/udp.c, net/unix/af_unix.c: unix_seq_show()
 */
#include "kernel/core/libc.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/socket.h"
#include "kernel/sys/linux/text.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/wait.h"
#include "lib/string.h"

enum { SOCKETS_MAX = 2048 /* the rest is not told */, PLACES = 2 * SOCKETS_MAX /* a power of two */, ADDRESS_AT = 4, PORT_AT = 2, ADDRESS6_AT = 8, PATH_AT = 2 };
/* include/net/tcp_states.h; include/uapi/linux/net.h: SS_* */
enum { TCP_ESTABLISHED = 1, TCP_CLOSE = 7, TCP_LISTEN = 10, SS_UNCONNECTED = 1, SS_CONNECTED = 3, SO_ACCEPTCON = 1 << 16 };

/* Those of one kind, each once, held: by their numbers, so that many processes with many of the same take no longer than they must. */
struct sockets {
	int family, type; /* 0: any type */
	unsigned count;
	struct linux_socket *places[PLACES]; /* NULL: free */
};

/* Takes over the hold of `file`. */
static void add(struct sockets *sockets, struct linux_file *file)
{
	struct linux_socket *socket = linux_socket_find(file);
	bool told = socket != NULL && socket->family == sockets->family && (sockets->type == 0 || socket->type == sockets->type) && sockets->count < SOCKETS_MAX;
	uint64_t place = told ? socket->id % PLACES : 0;

	while (told && sockets->places[place] != NULL && sockets->places[place] != socket)
		place = (place + 1) % PLACES;
	if (!told || sockets->places[place] != NULL) {
		linux_file_put(file);
		return;
	}
	sockets->places[place] = socket;
	sockets->count++;
}

static void collect(struct sockets *sockets, const struct process *asking)
{
	struct linux_file *file;
	struct process *process;

	for (unsigned after = 0; (process = linux_family_next(asking, after, 0)) != NULL; object_put(&process->object)) {
		after = process->number;
		linux_give_way(thread_current());
		for (int fd = linux_fd_next(process, 0); fd >= 0; fd = linux_fd_next(process, fd + 1))
			if (linux_fd_get(process, fd, 0, &file) == STATUS_OK)
				add(sockets, file);
	}
}

static uint16_t port_of(const struct linux_address *address)
{
	return (uint16_t)(address->bytes[PORT_AT] << 8 | address->bytes[PORT_AT + 1]);
}

/* Words as they are in memory, which is how Linux tells them. */
static void inet_name(struct linux_text *text, const struct linux_socket *socket, const struct linux_address *address)
{
	bool six = socket->family == LINUX_AF_INET6;
	uint32_t words[4];

	memcpy(words, address->bytes + (six ? ADDRESS6_AT : ADDRESS_AT), six ? 16 : 4);
	for (unsigned i = 0; i < (six ? 4u : 1u); i++)
		format_to(&text->sink, "%08X", words[i]);
	format_to(&text->sink, ":%04X ", port_of(address));
}

static uint8_t inet_state(struct linux_socket *socket, const struct linux_address *peer)
{
	uint8_t info[LINUX_OPTION_MAX] = { 0 };

	if (socket->type != LINUX_SOCK_STREAM)
		return port_of(peer) != 0 ? TCP_ESTABLISHED : TCP_CLOSE;
	return socket->ops->option(socket, LINUX_IPPROTO_TCP, LINUX_TCP_INFO, info) > 0 ? info[0] : TCP_CLOSE;
}

/* What is bound to nothing is not told. */
static bool inet_line(struct linux_text *text, struct linux_socket *socket, unsigned number)
{
	struct linux_address name = { 0 };
	struct linux_address peer = { 0 };

	if (socket->ops->name(socket, false, &name) != STATUS_OK || port_of(&name) == 0)
		return false;
	if (socket->listening || socket->ops->name(socket, true, &peer) != STATUS_OK)
		memset(&peer, 0, sizeof(peer));
	format_to(&text->sink, socket->type == LINUX_SOCK_STREAM ? "%4u: " : "%5u: ", number);
	inet_name(text, socket, &name);
	inet_name(text, socket, &peer);
	format_to(&text->sink, "%02X 00000000:00000000 00:00000000 00000000 %5u        0 %llu 2 0000000000000000", inet_state(socket, &peer), socket->user,
		  (unsigned long long)socket->id);
	format_to(&text->sink, socket->type == LINUX_SOCK_STREAM ? " 0 0 0 10 -1\n" : " 0\n");
	return true;
}

/* As /proc/net/unix tells it: "@" for what begins an abstract name, and for each NUL in it. */
static bool unix_line(struct linux_text *text, struct linux_socket *socket)
{
	struct linux_address name = { 0 };
	struct linux_address peer = { 0 };
	bool connected = socket->ops->name(socket, true, &peer) == STATUS_OK;
	bool named = socket->ops->name(socket, false, &name) == STATUS_OK && name.length > PATH_AT;

	format_to(&text->sink, "%016u: %08X %08X %08X %04X %02X %5llu", 0, 2, 0, socket->listening ? SO_ACCEPTCON : 0, socket->type,
		  connected ? SS_CONNECTED : SS_UNCONNECTED, (unsigned long long)socket->id);
	for (uint32_t i = PATH_AT; named && i < name.length && (i == PATH_AT || name.bytes[i] != 0 || name.bytes[PATH_AT] == 0); i++)
		format_to(&text->sink, i == PATH_AT ? " %c" : "%c", name.bytes[i] != 0 ? name.bytes[i] : '@');
	format_to(&text->sink, "\n");
	return true;
}

static void tell(struct linux_text *text, const struct process *asking, const char *header, int family, int type)
{
	struct sockets *sockets = calloc(1, sizeof(*sockets));
	unsigned number = 0;

	if (sockets == NULL) {
		text->failed = true;
		return;
	}
	format_to(&text->sink, "%s\n", header);
	sockets->family = family;
	sockets->type = type;
	collect(sockets, asking);
	for (unsigned i = 0; i < PLACES; i++) {
		struct linux_socket *socket = sockets->places[i];

		if (socket == NULL)
			continue;
		number += family == LINUX_AF_UNIX ? unix_line(text, socket) : inet_line(text, socket, number);
		linux_file_put(&socket->file);
	}
	free(sockets);
}

#define NAMES "local_address rem_address  "
#define NAMES6 "local_address                         remote_address                       "
#define COLUMNS " st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define COLUMNS_UDP COLUMNS " ref pointer drops"

void linux_proc_net_tcp(struct linux_text *text, struct process *of)
{
	tell(text, of, "  sl  " NAMES COLUMNS, LINUX_AF_INET, LINUX_SOCK_STREAM);
}

void linux_proc_net_tcp6(struct linux_text *text, struct process *of)
{
	tell(text, of, "  sl  " NAMES6 COLUMNS, LINUX_AF_INET6, LINUX_SOCK_STREAM);
}

void linux_proc_net_udp(struct linux_text *text, struct process *of)
{
	tell(text, of, "   sl  " NAMES COLUMNS_UDP, LINUX_AF_INET, LINUX_SOCK_DGRAM);
}

void linux_proc_net_udp6(struct linux_text *text, struct process *of)
{
	tell(text, of, "   sl  " NAMES6 COLUMNS_UDP, LINUX_AF_INET6, LINUX_SOCK_DGRAM);
}

void linux_proc_net_unix(struct linux_text *text, struct process *of)
{
	tell(text, of, "Num       RefCount Protocol Flags    Type St Inode Path", LINUX_AF_UNIX, 0);
}
