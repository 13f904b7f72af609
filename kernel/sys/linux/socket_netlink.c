// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Netlink sockets, their names and their options; what they say is in socket_netlink_data.c and netlink.c. */
#include "kernel/sys/linux/socket_netlink.h"

#include <assert.h>
#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/interface.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

enum { NETLINK_ROUTE = 0, GROUPS = 36 /* RTNLGRP_MAX */, GROUPS_BYTES = 8 /* a bit each, in words of 32 */ };
enum {
	ADD_MEMBERSHIP = 1, DROP_MEMBERSHIP = 2, BROADCAST_ERROR = 4, LISTEN_ALL_NSID = 8, LIST_MEMBERSHIPS = 9, EXT_ACK = 11,
	FLAGS = 1 << LINUX_NETLINK_PKTINFO | 1 << BROADCAST_ERROR | 1 << LINUX_NETLINK_NO_ENOBUFS | 1 << LINUX_NETLINK_CAP_ACK | 1 << EXT_ACK,
};

#define FIRST_ROVING (UINT32_MAX - 4095) /* ports of who has more than one socket: that, and those below */

static_assert(sizeof(struct netlink_name) == 12, "linux/netlink.h");

static const struct linux_file_ops netlink_file_ops;
static const struct linux_socket_ops netlink_ops;

/* All that have a port. */
static struct spinlock named_lock;
static struct list_node named = LIST_INIT(named);

static bool is_taken(const struct netlink_socket *own, uint32_t port)
{
	for (struct list_node *node = named.next; node != &named; node = node->next) {
		const struct netlink_socket *other = LIST_OWNER(node, struct netlink_socket, node);

		if (other->root == own->root && other->port == port)
			return true;
	}
	return false;
}

/* Under the lock. */
static void port_take(struct netlink_socket *own, uint32_t port)
{
	own->port = port;
	list_push_back(&named, &own->node);
}

/* The same: as the process is called, where no other socket is. */
static void port_make(struct netlink_socket *own)
{
	uint32_t port = thread_current()->process->number;

	for (uint32_t roving = FIRST_ROVING; is_taken(own, port); roving--)
		port = roving;
	port_take(own, port);
}

uint32_t linux_netlink_port(struct netlink_socket *own)
{
	uint32_t port;

	spinlock_take(&named_lock);
	if (own->port == 0)
		port_make(own);
	port = own->port;
	spinlock_give(&named_lock);
	return port;
}

/* Its port can be another's at once. */
static void netlink_end(struct linux_file *file)
{
	struct netlink_socket *own = netlink_of(linux_socket_of(file));

	spinlock_take(&named_lock);
	if (own->port != 0)
		list_remove(&own->node);
	own->port = 0;
	spinlock_give(&named_lock);
}

static void netlink_release(struct linux_file *file)
{
	struct netlink_socket *own = netlink_of(linux_socket_of(file));

	linux_netlink_forget(own);
	free(own);
}

status_t linux_netlink_make(struct process *process, int type, int protocol, struct linux_socket **out)
{
	const struct linux_root *root = process->personality->root;
	struct netlink_socket *own;

	if (type != LINUX_SOCK_RAW && type != LINUX_SOCK_DGRAM)
		return STATUS_ESOCKTNOSUPPORT;
	if (protocol != NETLINK_ROUTE)
		return STATUS_EPROTONOSUPPORT;
	if (root->net == NULL)
		return STATUS_EACCES;
	own = calloc(1, sizeof(*own));
	if (own == NULL)
		return STATUS_ENOMEM;
	linux_socket_init(&own->socket, &netlink_file_ops, &netlink_ops, LINUX_AF_NETLINK, type);
	list_init(&own->queue);
	own->root = root;
	*out = &own->socket;
	return STATUS_OK;
}

static status_t name_read(const struct linux_address *address, struct netlink_name *out)
{
	if (address->length < sizeof(*out))
		return STATUS_EINVAL;
	memcpy(out, address->bytes, sizeof(*out));
	return out->family == LINUX_AF_NETLINK ? STATUS_OK : STATUS_EINVAL;
}

status_t linux_netlink_peer(const struct linux_address *address, struct netlink_name *out)
{
	status_t status = name_read(address, out);

	if (status != STATUS_OK || (out->port == 0 && out->groups == 0))
		return status;
	return linux_identity_may(thread_current(), LINUX_CAP_NET_ADMIN) ? STATUS_OK : STATUS_EPERM;
}

void linux_netlink_name_tell(uint32_t port, uint32_t groups, struct linux_address *out)
{
	const struct netlink_name name = { .family = LINUX_AF_NETLINK, .port = port, .groups = groups };

	memset(out, 0, sizeof(*out));
	memcpy(out->bytes, &name, sizeof(name));
	out->length = sizeof(name);
}

/* Groups are those that are told of changes: that a socket is in them is remembered. */
static status_t netlink_bind(struct linux_socket *socket, const struct linux_address *address)
{
	struct netlink_socket *own = netlink_of(socket);
	struct netlink_name name;
	status_t status = name_read(address, &name);

	if (status != STATUS_OK)
		return status;
	spinlock_take(&named_lock);
	if (own->port != 0)
		status = name.port == own->port ? STATUS_OK : STATUS_EINVAL;
	else if (name.port == 0)
		port_make(own);
	else if (is_taken(own, name.port))
		status = STATUS_EADDRINUSE;
	else
		port_take(own, name.port);
	if (status == STATUS_OK)
		own->groups = name.groups;
	spinlock_give(&named_lock);
	return status;
}

static status_t netlink_connect(struct linux_socket *socket, const struct linux_address *address)
{
	struct netlink_socket *own = netlink_of(socket);
	struct netlink_name name = { .port = 0 };
	status_t status = STATUS_OK;

	if (address->length < sizeof(name.family))
		return STATUS_EINVAL;
	if (linux_address_family(address) != LINUX_AF_UNSPEC) {
		status = linux_netlink_peer(address, &name);
		if (status == STATUS_OK)
			(void)linux_netlink_port(own);
	}
	if (status == STATUS_OK)
		own->peer = name.port;
	return status;
}

static status_t netlink_name(struct linux_socket *socket, bool peer, struct linux_address *out)
{
	struct netlink_socket *own = netlink_of(socket);

	spinlock_take(&named_lock);
	linux_netlink_name_tell(peer ? own->peer : own->port, peer ? 0 : own->groups, out);
	spinlock_give(&named_lock);
	return STATUS_OK;
}

static status_t netlink_shutdown(struct linux_socket *socket, int how)
{
	(void)socket;
	(void)how;
	return STATUS_ENOTSUP;
}

static int64_t group_set(struct netlink_socket *own, uint32_t group, bool is_in)
{
	uint32_t bit = group <= 32 ? 1u << ((group - 1) & 31) : 0;

	if (group == 0 || group > GROUPS)
		return STATUS_EINVAL;
	spinlock_take(&named_lock);
	own->groups = is_in ? own->groups | bit : own->groups & ~bit;
	spinlock_give(&named_lock);
	return 0;
}

/* Spec: Linux, net/netlink/af_netlink.c: netlink_setsockopt() */
static int64_t netlink_option_set(struct thread *thread, struct linux_socket *socket, const uint64_t x[6])
{
	struct netlink_socket *own = netlink_of(socket);
	uint32_t name = (uint32_t)x[2], value = 0;

	if ((int)x[1] != LINUX_SOL_NETLINK)
		return STATUS_ENOPROTOOPT;
	if ((uint32_t)x[4] >= sizeof(value) && linux_copy_in(thread, &value, x[3], sizeof(value)) != STATUS_OK)
		return STATUS_EFAULT;
	if (name == ADD_MEMBERSHIP || name == DROP_MEMBERSHIP)
		return group_set(own, value, name == ADD_MEMBERSHIP);
	if (name == LISTEN_ALL_NSID)
		return STATUS_EPERM;
	if (name >= 32 || !(FLAGS & 1u << name))
		return STATUS_ENOPROTOOPT;
	if (value != 0)
		atomic_fetch_or_explicit(&own->options, 1u << name, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&own->options, ~(1u << name), memory_order_relaxed);
	return 0;
}

static int64_t netlink_option(struct linux_socket *socket, int level, int name, void *to)
{
	struct netlink_socket *own = netlink_of(socket);
	int32_t value;

	if (level != LINUX_SOL_NETLINK || name < 0 || name >= 32)
		return STATUS_ENOPROTOOPT;
	if (name == LIST_MEMBERSHIPS) {
		spinlock_take(&named_lock);
		memcpy(to, (uint32_t[2]){ own->groups, 0 }, GROUPS_BYTES);
		spinlock_give(&named_lock);
		return GROUPS_BYTES;
	}
	if (!(FLAGS & 1u << name))
		return STATUS_ENOPROTOOPT;
	value = netlink_option_is_on(own, (unsigned)name);
	memcpy(to, &value, sizeof(value));
	return sizeof(value);
}

static int64_t netlink_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	return linux_interface_ioctl(linux_socket_of(file), thread, request, argument);
}

static const struct linux_socket_ops netlink_ops = {
	.bind = netlink_bind,
	.connect = netlink_connect,
	.name = netlink_name,
	.send = linux_netlink_send,
	.receive = linux_netlink_receive,
	.shutdown = netlink_shutdown,
	.take_error = linux_netlink_take_error,
	.option = netlink_option,
	.option_set = netlink_option_set,
};

static const struct linux_file_ops netlink_file_ops = {
	.name = "socket",
	.is_stream = true,
	.read = linux_socket_read,
	.write = linux_socket_write,
	.poll = linux_netlink_poll,
	.stat = linux_socket_stat,
	.ioctl = netlink_ioctl,
	.end = netlink_end,
	.release = netlink_release,
};
