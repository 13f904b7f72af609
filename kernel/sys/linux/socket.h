// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Sockets: what is common to all families, and what each one gives (struct linux_socket_ops). A socket is an open file; what it may do with the network
 * is what the process's capability `net` allows.
 *
 * Spec: Linux, include/linux/socket.h, include/uapi/asm-generic/socket.h
 */
#ifndef KERNEL_SYS_LINUX_SOCKET_H
#define KERNEL_SYS_LINUX_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/wait.h"

enum { LINUX_AF_UNSPEC = 0, LINUX_AF_UNIX = 1, LINUX_AF_INET = 2, LINUX_AF_INET6 = 10, LINUX_AF_NETLINK = 16 };
enum { LINUX_SOCK_STREAM = 1, LINUX_SOCK_DGRAM = 2, LINUX_SOCK_RAW = 3, LINUX_SOCK_SEQPACKET = 5, LINUX_SOCK_TYPE = 0xf };
enum { LINUX_IPPROTO_IP = 0, LINUX_IPPROTO_TCP = 6, LINUX_IPPROTO_UDP = 17, LINUX_IPPROTO_IPV6 = 41 };
enum { LINUX_SOL_SOCKET = 1, LINUX_SOL_NETLINK = 270, LINUX_SO_REUSEADDR = 2, LINUX_SO_KEEPALIVE = 9, LINUX_SO_REUSEPORT = 15, LINUX_SO_RCVLOWAT = 18, LINUX_SO_TIMESTAMP = 29, LINUX_SO_TIMESTAMPNS = 35 };
enum {
	LINUX_TCP_MAXSEG = 2, LINUX_TCP_KEEPIDLE = 4, LINUX_TCP_KEEPINTVL = 5, LINUX_TCP_KEEPCNT = 6, LINUX_TCP_INFO = 11, LINUX_TCP_CONGESTION = 13, LINUX_TCP_USER_TIMEOUT = 18,
};
enum { LINUX_IP_TOS = 1, LINUX_IP_TTL = 2, LINUX_IP_PKTINFO = 8, LINUX_IP_RECVTTL = 12, LINUX_IP_RECVTOS = 13, LINUX_IP_MTU = 14, LINUX_IP_MULTICAST_TTL = 33 };
enum {
	LINUX_IPV6_UNICAST_HOPS = 16, LINUX_IPV6_MULTICAST_HOPS = 18, LINUX_IPV6_RECVPKTINFO = 49, LINUX_IPV6_PKTINFO = 50, LINUX_IPV6_RECVHOPLIMIT = 51,
	LINUX_IPV6_HOPLIMIT = 52, LINUX_IPV6_RECVTCLASS = 66, LINUX_IPV6_TCLASS = 67,
};
enum { LINUX_SHUT_RD = 0, LINUX_SHUT_WR = 1, LINUX_SHUT_RDWR = 2 };

enum {
	LINUX_MSG_OOB = 1, LINUX_MSG_PEEK = 2, LINUX_MSG_CTRUNC = 8, LINUX_MSG_TRUNC = 0x20, LINUX_MSG_DONTWAIT = 0x40, LINUX_MSG_WAITALL = 0x100,
	LINUX_MSG_ERRQUEUE = 0x2000, LINUX_MSG_NOSIGNAL = 0x4000, LINUX_MSG_FASTOPEN = 0x20000000, LINUX_MSG_CMSG_CLOEXEC = 0x40000000,
};

enum { LINUX_ADDRESS_MAX = 128, LINUX_UNIX_ADDRESS_MAX = 110 /* struct sockaddr_un */, LINUX_RIGHTS_MAX = 253 /* files in one message: SCM_MAX_FD */, LINUX_SOCKET_BUFFER = 212992 };

/* struct sockaddr_storage, as far as it is used. */
struct linux_address {
	uint32_t length;
	_Alignas(8) uint8_t bytes[LINUX_ADDRESS_MAX];
	const void *fs; /* of a path that was resolved: its file's, as the file's `identity` tells it; else NULL */
	uint64_t id;
};

static inline uint16_t linux_address_family(const struct linux_address *address)
{
	return address->length >= 2 ? (uint16_t)(address->bytes[0] | address->bytes[1] << 8) : LINUX_AF_UNSPEC;
}

/* Who a process is: struct ucred. */
struct linux_credentials {
	uint32_t process, user, group;
};

struct linux_control;

/* What is sent or received at once. */
struct linux_message {
	struct linux_data *data;
	uint32_t flags;                 /* LINUX_MSG_* */
	struct linux_address *address;  /* where to; where it came from: length 0 where that has none. NULL: of no interest */
	struct linux_file **files;      /* from the heap, held each, or NULL: taken over when sent; the receiver's */
	unsigned file_count;
	struct linux_control *control; /* what else goes along, or is told, of a datagram of INET. NULL: nothing */
	bool tells_sender;     /* sent: whether or not anybody asks; received: what `sender` is */
	struct linux_credentials sender;
	uint32_t result_flags; /* of one received */
};

/* Lets go of the files that are still the message's. Context: fiber, no lock held. */
void linux_message_files_put(struct linux_message *message);

struct linux_socket;

/* STATUS_EAGAIN: it cannot be done yet. Nothing here sleeps. NULL: STATUS_ENOTSUP. Context: fiber. */
struct linux_socket_ops {
	status_t (*bind)(struct linux_socket *socket, const struct linux_address *address);
	status_t (*listen)(struct linux_socket *socket, unsigned backlog);
	status_t (*accept)(struct linux_socket *socket, struct linux_socket **out); /* one hold, the caller's */
	status_t (*connect)(struct linux_socket *socket, const struct linux_address *address); /* STATUS_EINPROGRESS: then */
	status_t (*connected)(struct linux_socket *socket); /* tells how it ended */
	status_t (*name)(struct linux_socket *socket, bool peer, struct linux_address *out);
	int64_t (*send)(struct linux_socket *socket, struct linux_message *message);
	int64_t (*receive)(struct linux_socket *socket, struct linux_message *message);
	status_t (*shutdown)(struct linux_socket *socket, int how);
	status_t (*take_error)(struct linux_socket *socket); /* what SO_ERROR tells, and forgets; NULL: never one */
	/* One of its own, of at most LINUX_OPTION_MAX bytes: how many; STATUS_ENOPROTOOPT. NULL: it has none. */
	int64_t (*option)(struct linux_socket *socket, int level, int name, void *to);
	/* setsockopt(2) of what is not at the level of all sockets. NULL: that is remembered (socket_remembered.c). */
	int64_t (*option_set)(struct thread *thread, struct linux_socket *socket, const uint64_t x[6]);
	void (*options_changed)(struct linux_socket *socket); /* one that linux_socket_option() tells; NULL: it looks when it needs them */
};

/* SO_LINGER: struct linger. */
struct linux_linger {
	int32_t on, seconds;
};

enum { LINUX_SOCKET_OPTIONS = 17, LINUX_INET_OPTIONS = 34, LINUX_OPTION_MAX = 232 /* bytes of one: struct tcp_info */ };

struct linux_socket {
	struct linux_file file;
	const struct linux_socket_ops *ops;
	uint8_t family, type;
	uint32_t user, group;        /* whose it is: of who made it */
	uint64_t id;                 /* st_ino */
	bool listening;              /* W: listen(), shutdown() */
	bool bound;                  /* W: bind() */
	struct linux_file *place;    /* W: bind(), once. Held: the file of a name that is a path, so that no other has its number; or NULL */
	_Atomic bool asks_sender;    /* SO_PASSCRED */
	struct spinlock peer_lock;
	struct linux_credentials peer; /* SO_PEERCRED. W: under its lock. Process 0: none */
	struct linux_event event;    /* something changed */
	uint64_t receive_timeout_ns; /* SO_RCVTIMEO, SO_SNDTIMEO; 0: none */
	uint64_t send_timeout_ns;
	struct linux_linger linger;
	int32_t options[LINUX_SOCKET_OPTIONS]; /* socket_remembered.c */
	int32_t *inet_options; /* LINUX_INET_OPTIONS, of its maker's, who sets it before linux_socket_init(); NULL: of no INET socket */
};

/* `socket` is zeroed, and becomes a file with one hold. */
void linux_socket_init(struct linux_socket *socket, const struct linux_file_ops *file_ops, const struct linux_socket_ops *ops, int family, int type);

/* Whom SO_PEERCRED tells of; process 0: nobody. Context: any. */
struct linux_credentials linux_socket_peer(struct linux_socket *socket);
void linux_socket_peer_set(struct linux_socket *socket, struct linux_credentials peer);

/* What read and write of every socket are. */
int64_t linux_socket_read(struct linux_file *file, struct linux_data *data, uint64_t offset);
int64_t linux_socket_write(struct linux_file *file, struct linux_data *data, uint64_t offset);
status_t linux_socket_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type);

static inline struct linux_socket *linux_socket_of(struct linux_file *file)
{
	return LIST_OWNER(file, struct linux_socket, file);
}

/* Of IPv4 or of IPv6. */
static inline bool linux_socket_is_inet(const struct linux_socket *socket)
{
	return socket->inet_options != NULL;
}

/* Whether a call with these MSG_* waits. */
static inline bool linux_socket_waits(const struct linux_socket *socket, uint32_t flags)
{
	return !(flags & LINUX_MSG_DONTWAIT) && !(linux_file_flags(&socket->file) & LINUX_O_NONBLOCK);
}

/* As connect(2) with these MSG_*: waits where they do. A UNIX socket's address has been resolved. Context: the thread's fiber. */
MUST_CHECK int64_t linux_socket_connect(struct thread *thread, struct linux_socket *socket, const struct linux_address *address, uint32_t flags);

/* The socket that a file is; NULL: it is none. */
struct linux_socket *linux_socket_find(struct linux_file *file);

/* Makers, by family. STATUS_EACCES where the process has no network; STATUS_ENOMEM, STATUS_EPROTONOSUPPORT. Context: fiber. */
MUST_CHECK status_t linux_inet_make(struct process *process, int family, int type, int protocol, struct linux_socket **out);
MUST_CHECK status_t linux_netlink_make(struct process *process, int type, int protocol, struct linux_socket **out);
MUST_CHECK status_t linux_unix_make(int type, struct linux_socket **out);
MUST_CHECK status_t linux_unix_pair(int type, struct linux_socket *out[2]);

/* Whether any name will do: one that the socket has already, as well. */
static inline bool linux_unix_asks_any(const struct linux_socket *socket, const struct linux_address *name)
{
	return socket->family == LINUX_AF_UNIX && name->length == 2 && linux_address_family(name) == LINUX_AF_UNIX;
}

/* What hinders a datagram of a UNIX socket, wherever it goes: that comes before what is wrong with the path it goes to. Context: fiber of the process. */
MUST_CHECK status_t linux_unix_send_begin(struct linux_socket *socket, const struct linux_message *message);

/* Sockets that lie in each other's queues and that nobody else has are ended. Context: fiber, no lock held. */
void linux_unix_collect(void);

/*
 * A name that is a path is found by its file: that is told with the address, and held in `*place` as long as it is to be that one. `make` makes it: STATUS_EADDRINUSE
 * where it is there; else STATUS_ENOENT where it is not; STATUS_EINVAL: it is too long; and what walks and opens say. Of other addresses, and on errors, `*place` is
 * NULL. Context: fiber of the process.
 */
MUST_CHECK status_t linux_unix_resolve(struct process *process, const struct linux_socket *socket, struct linux_address *address, bool make,
				       struct linux_file **place);

/* Removes the file that was made for a name which no socket got, unless it was moved meanwhile, and holds it no more. Context: fiber of the process. */
void linux_unix_take_back(struct process *process, const struct linux_address *address, struct linux_file *place);

/*
 * Has look(ctx) called until that is not STATUS_EAGAIN: once where `waits` is false, else with what changes at the socket, for `timeout_ns` at most (0: for
 * ever). LINUX_RESTART where a signal came. Context: the thread's fiber.
 */
MUST_CHECK int64_t linux_socket_await(struct thread *thread, struct linux_socket *socket, bool waits, uint64_t timeout_ns, int64_t (*look)(void *ctx),
				      void *ctx);

/* The options of a socket: getsockopt(2), setsockopt(2). */
int64_t linux_socket_option_get(struct thread *thread, struct linux_socket *socket, const uint64_t x[6]);
int64_t linux_socket_option_set(struct thread *thread, struct linux_socket *socket, const uint64_t x[6]);

/* Has a remembered option say something else. STATUS_EINVAL. */
MUST_CHECK status_t linux_socket_option_put(struct linux_socket *socket, int32_t *value, int32_t wanted);

/* SO_SNDBUFFORCE, SO_RCVBUFFORCE: how large a buffer is, without a limit. */
void linux_socket_buffer_force(struct linux_socket *socket, bool sends, int32_t wanted);

/* A remembered option; NULL: there is none of that name. As the program's last setsockopt left it. */
int32_t *linux_socket_option(struct linux_socket *socket, int level, int name);
void linux_socket_options_init(struct linux_socket *socket);

/* What was accepted begins with the options and timeouts of what it was accepted from. */
void linux_socket_options_copy(struct linux_socket *to, const struct linux_socket *from);

/* The socket of a descriptor, held: linux_file_put(&socket->file). STATUS_EBADF, STATUS_ENOTSOCK. */
MUST_CHECK status_t linux_socket_get(struct process *process, int fd, struct linux_socket **out);

/* An address from and to the program. STATUS_EINVAL for lengths that no address has; STATUS_EFAULT. `room_va`: of the length, which is written too. */
MUST_CHECK status_t linux_address_in(struct thread *thread, uint64_t va, uint64_t length, struct linux_address *out);
MUST_CHECK status_t linux_address_out(struct thread *thread, uint64_t va, uint64_t room_va, const struct linux_address *address);

#endif
