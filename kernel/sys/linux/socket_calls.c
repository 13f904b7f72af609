// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* System calls that make sockets, name them and join them. Those that move data are in socket_messages.c. */
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/socket.h"
#include "kernel/sys/linux/socket_messages.h"
#include "kernel/sys/linux/thread.h"

enum { BACKLOG_MAX = 255 };

static status_t flags_check(uint64_t flags)
{
	return (flags & ~(uint64_t)(LINUX_O_NONBLOCK | LINUX_O_CLOEXEC)) == 0 ? STATUS_OK : STATUS_EINVAL;
}

/* A descriptor for a new socket, with the flags that were asked for with its type. */
static int64_t give(struct thread *thread, struct linux_socket *socket, uint64_t flags)
{
	atomic_fetch_or_explicit(&socket->file.flags, (uint32_t)flags & LINUX_O_NONBLOCK, memory_order_relaxed);
	return linux_fd_add(thread->process, &socket->file, 0, (flags & LINUX_O_CLOEXEC) != 0);
}

static status_t make(struct thread *thread, int family, int type, int protocol, struct linux_socket **out)
{
	if (family == LINUX_AF_UNIX)
		return protocol == 0 || protocol == LINUX_AF_UNIX ? linux_unix_make(type, out) : STATUS_EPROTONOSUPPORT;
	if (family == LINUX_AF_INET || family == LINUX_AF_INET6)
		return linux_inet_make(thread->process, family, type, protocol, out);
	if (family == LINUX_AF_NETLINK)
		return linux_netlink_make(thread->process, type, protocol, out);
	return STATUS_EAFNOSUPPORT;
}

static int64_t call_socket(struct thread *thread, const uint64_t x[6])
{
	uint64_t flags = (uint32_t)x[1] & ~(uint32_t)LINUX_SOCK_TYPE;
	struct linux_socket *socket;
	status_t status = flags_check(flags);

	if (status == STATUS_OK)
		status = make(thread, (int)x[0], (int)x[1] & LINUX_SOCK_TYPE, (int)x[2], &socket);
	return status == STATUS_OK ? give(thread, socket, flags) : status;
}

/* What another thread may have closed meanwhile. */
static void take_back(struct thread *thread, int64_t fd)
{
	status_t status = linux_fd_close(thread->process, (int)fd);

	(void)status;
}

static int64_t call_socketpair(struct thread *thread, const uint64_t x[6])
{
	uint64_t flags = (uint32_t)x[1] & ~(uint32_t)LINUX_SOCK_TYPE;
	struct linux_socket *pair[2];
	status_t status = flags_check(flags);
	int32_t fds[2];
	int64_t fd;

	if (status == STATUS_OK)
		status = (int)x[0] == LINUX_AF_UNIX ? linux_unix_pair((int)x[1] & LINUX_SOCK_TYPE, pair) :
			 ((int)x[1] & LINUX_SOCK_TYPE) == LINUX_SOCK_SEQPACKET ? STATUS_ESOCKTNOSUPPORT : STATUS_ENOTSUP;
	if (status != STATUS_OK)
		return status;
	fd = give(thread, pair[0], flags);
	if (fd < 0) {
		linux_file_put(&pair[1]->file);
		return fd;
	}
	fds[0] = (int32_t)fd;
	fd = give(thread, pair[1], flags);
	fds[1] = (int32_t)fd;
	if (fd >= 0 && linux_copy_out(thread, x[3], fds, sizeof(fds)) == STATUS_OK)
		return 0;
	take_back(thread, fds[0]);
	if (fd < 0)
		return fd;
	take_back(thread, fds[1]);
	return STATUS_EFAULT;
}

/* That a UNIX socket has a name already is told after what is wrong with a path, which has been made by then. Spec: Linux, net/unix/af_unix.c: unix_bind_bsd() */
static int64_t call_bind(struct thread *thread, const uint64_t x[6])
{
	struct linux_address address;
	struct linux_file *place = NULL;
	struct linux_socket *socket;
	int64_t status = linux_socket_get(thread->process, (int)x[0], &socket);

	if (status != STATUS_OK)
		return status;
	status = linux_address_in(thread, x[1], (uint32_t)x[2], &address);
	if (status == STATUS_OK)
		status = socket->bound && linux_socket_is_inet(socket) ? STATUS_EINVAL :
			 linux_unix_resolve(thread->process, socket, &address, true, &place);
	if (status == STATUS_OK)
		status = socket->ops->bind(socket, &address);
	socket->bound |= status == STATUS_OK;
	if (status == STATUS_OK && place != NULL)
		socket->place = place;
	else if (place != NULL)
		linux_unix_take_back(thread->process, &address, place);
	linux_file_put(&socket->file);
	return status;
}

static int64_t call_listen(struct thread *thread, const uint64_t x[6])
{
	int backlog = (int)x[1] < 0 || (int)x[1] > BACKLOG_MAX ? BACKLOG_MAX : (int)x[1];
	struct linux_socket *socket;
	int64_t status = linux_socket_get(thread->process, (int)x[0], &socket);

	if (status != STATUS_OK)
		return status;
	status = socket->ops->listen != NULL ? socket->ops->listen(socket, (unsigned)backlog) : STATUS_ENOTSUP;
	if (status == STATUS_OK)
		socket->listening = true;
	linux_file_put(&socket->file);
	return status;
}

struct accepting {
	struct linux_socket *from, *made;
};

static int64_t accept_look(void *ctx)
{
	struct accepting *accepting = ctx;

	return accepting->from->ops->accept(accepting->from, &accepting->made);
}

/* The peer's address, and the descriptor. What the program has no room for is closed again. */
static int64_t accepted(struct thread *thread, struct linux_socket *socket, const uint64_t x[6], uint64_t flags)
{
	struct linux_address address;
	status_t status = STATUS_OK;

	if (x[1] != 0) {
		status = socket->ops->name(socket, true, &address);
		if (status == STATUS_ENOTCONN) { /* gone already: it is accepted all the same, from nowhere */
			address = (struct linux_address){ 0 };
			status = STATUS_OK;
		}
		if (status == STATUS_OK)
			status = linux_address_out(thread, x[1], x[2], &address);
	}
	if (status == STATUS_OK)
		return give(thread, socket, flags);
	linux_file_put(&socket->file);
	return status;
}

static int64_t accept_with(struct thread *thread, const uint64_t x[6], uint64_t flags)
{
	struct accepting accepting = { 0 };
	int64_t status = linux_socket_get(thread->process, (int)x[0], &accepting.from);

	if (status != STATUS_EBADF && flags_check(flags) != STATUS_OK) {
		if (status == STATUS_OK)
			linux_file_put(&accepting.from->file);
		return STATUS_EINVAL;
	}
	if (status != STATUS_OK)
		return status;
	if (accepting.from->ops->accept == NULL || accepting.from->type == LINUX_SOCK_DGRAM)
		status = STATUS_ENOTSUP;
	else if (!accepting.from->listening)
		status = STATUS_EINVAL;
	else
		status = linux_socket_await(thread, accepting.from, linux_socket_waits(accepting.from, 0), accepting.from->receive_timeout_ns, accept_look, &accepting);
	if (status == STATUS_OK)
		status = accepted(thread, accepting.made, x, flags);
	linux_file_put(&accepting.from->file);
	return status;
}

static int64_t call_accept(struct thread *thread, const uint64_t x[6])
{
	return accept_with(thread, x, 0);
}

static int64_t call_accept4(struct thread *thread, const uint64_t x[6])
{
	return accept_with(thread, x, (uint32_t)x[3]);
}

static int64_t connected_look(void *ctx)
{
	struct linux_socket *socket = ctx;

	return socket->ops->connected(socket);
}

struct connecting {
	struct linux_socket *socket;
	const struct linux_address *address;
};

static int64_t connect_look(void *ctx)
{
	struct connecting *connecting = ctx;

	return connecting->socket->ops->connect(connecting->socket, connecting->address);
}

/* A listener within the machine that has no room is waited for. Of others nobody is told when that changes. */
int64_t linux_socket_connect(struct thread *thread, struct linux_socket *socket, const struct linux_address *address, uint32_t flags)
{
	struct connecting connecting = { socket, address };
	bool waits = linux_socket_waits(socket, flags);
	int64_t status;

	if (socket->ops->connect == NULL)
		return STATUS_ENOTSUP;
	status = linux_socket_await(thread, socket, waits && socket->family == LINUX_AF_UNIX, socket->send_timeout_ns, connect_look, &connecting);
	if ((status == STATUS_EINPROGRESS || status == STATUS_EALREADY) && waits) {
		status = linux_socket_await(thread, socket, true, socket->send_timeout_ns, connected_look, socket);
		if (status == STATUS_EAGAIN)
			status = STATUS_EINPROGRESS;
	}
	return status;
}

static int64_t call_connect(struct thread *thread, const uint64_t x[6])
{
	struct linux_address address;
	struct linux_file *place = NULL;
	struct linux_socket *socket;
	int64_t status = linux_socket_get(thread->process, (int)x[0], &socket);

	if (status != STATUS_OK)
		return status;
	status = linux_address_in(thread, x[1], (uint32_t)x[2], &address);
	if (status == STATUS_OK)
		status = linux_unix_resolve(thread->process, socket, &address, false, &place);
	if (status == STATUS_OK)
		status = linux_socket_connect(thread, socket, &address, 0);
	if (place != NULL)
		linux_file_put(place);
	linux_file_put(&socket->file);
	return status;
}

static int64_t name_with(struct thread *thread, const uint64_t x[6], bool peer)
{
	struct linux_address address = { 0 };
	struct linux_socket *socket;
	int64_t status = linux_socket_get(thread->process, (int)x[0], &socket);

	if (status != STATUS_OK)
		return status;
	status = socket->ops->name(socket, peer, &address);
	linux_file_put(&socket->file);
	return status == STATUS_OK ? linux_address_out(thread, x[1], x[2], &address) : status;
}

static int64_t call_getsockname(struct thread *thread, const uint64_t x[6])
{
	return name_with(thread, x, false);
}

static int64_t call_getpeername(struct thread *thread, const uint64_t x[6])
{
	return name_with(thread, x, true);
}

static int64_t call_shutdown(struct thread *thread, const uint64_t x[6])
{
	struct linux_socket *socket;
	int64_t status = linux_socket_get(thread->process, (int)x[0], &socket);

	if (status != STATUS_OK)
		return status;
	if ((int)x[1] < LINUX_SHUT_RD || (int)x[1] > LINUX_SHUT_RDWR)
		status = STATUS_EINVAL;
	else
		status = socket->ops->shutdown(socket, (int)x[1]);
	linux_file_put(&socket->file);
	return status;
}

static int64_t option_with(struct thread *thread, const uint64_t x[6],
			   int64_t (*option)(struct thread *thread, struct linux_socket *socket, const uint64_t x[6]))
{
	struct linux_socket *socket;
	int64_t status = linux_socket_get(thread->process, (int)x[0], &socket);

	if (status != STATUS_OK)
		return status;
	status = option(thread, socket, x);
	linux_file_put(&socket->file);
	return status;
}

static int64_t call_setsockopt(struct thread *thread, const uint64_t x[6])
{
	return option_with(thread, x, linux_socket_option_set);
}

static int64_t call_getsockopt(struct thread *thread, const uint64_t x[6])
{
	return option_with(thread, x, linux_socket_option_get);
}

const struct linux_call linux_calls_sockets[] = {
	{ 198, 3, "socket", call_socket },
	{ 199, 4, "socketpair", call_socketpair },
	{ 200, 3, "bind", call_bind },
	{ 201, 2, "listen", call_listen },
	{ 202, 3, "accept", call_accept },
	{ 203, 3, "connect", call_connect },
	{ 204, 3, "getsockname", call_getsockname },
	{ 205, 3, "getpeername", call_getpeername },
	{ 206, 6, "sendto", linux_call_sendto },
	{ 207, 6, "recvfrom", linux_call_recvfrom },
	{ 208, 5, "setsockopt", call_setsockopt },
	{ 209, 5, "getsockopt", call_getsockopt },
	{ 210, 2, "shutdown", call_shutdown },
	{ 211, 3, "sendmsg", linux_call_sendmsg },
	{ 212, 3, "recvmsg", linux_call_recvmsg },
	{ 242, 4, "accept4", call_accept4 },
	{ 243, 5, "recvmmsg", linux_call_recvmmsg },
	{ 269, 4, "sendmmsg", linux_call_sendmmsg },
	{ 0 },
};
