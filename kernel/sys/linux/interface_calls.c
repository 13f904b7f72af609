// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* ioctl(2) of sockets about interfaces. Spec: netdevice(7); Linux, net/core/dev_ioctl.c, net/ipv4/devinet.c: devinet_ioctl() */
#include <assert.h>
#include <stddef.h>

#include "kernel/io/net/net.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/interface.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/socket.h"
#include "kernel/sys/linux/thread.h"
#include "lib/bits.h"
#include "lib/string.h"

enum {
	SIOCADDRT = 0x890b, SIOCDELRT = 0x890c, SIOCGIFNAME = 0x8910, SIOCGIFCONF = 0x8912, SIOCGIFFLAGS = 0x8913, SIOCSIFFLAGS = 0x8914, SIOCGIFADDR = 0x8915,
	SIOCSIFADDR = 0x8916, SIOCGIFDSTADDR = 0x8917, SIOCSIFDSTADDR = 0x8918, SIOCGIFBRDADDR = 0x8919, SIOCSIFBRDADDR = 0x891a, SIOCGIFNETMASK = 0x891b,
	SIOCSIFNETMASK = 0x891c, SIOCGIFMETRIC = 0x891d, SIOCSIFMETRIC = 0x891e, SIOCGIFMTU = 0x8921, SIOCSIFMTU = 0x8922, SIOCSIFNAME = 0x8923, SIOCSIFHWADDR = 0x8924,
	SIOCGIFHWADDR = 0x8927, SIOCGIFINDEX = 0x8933, SIOCGIFTXQLEN = 0x8942, SIOCSIFTXQLEN = 0x8943, SIOCETHTOOL = 0x8946,
};

enum { NAME_BYTES = 16 /* IFNAMSIZ */ };

/* struct ifreq */
struct request {
	char name[NAME_BYTES];
	union {
		int32_t number;
		int16_t flags;
		struct {
			uint16_t family;
			uint8_t bytes[14]; /* of hardware; of INET: a port, and the address */
		} address;
		uint8_t room[24];
	};
};

/* struct ifconf */
struct all {
	int32_t bytes;
	uint64_t requests_va;
};

static_assert(sizeof(struct request) == 40 && offsetof(struct request, address.bytes) == 18 && sizeof(struct all) == 16, "include/uapi/linux/if.h");

enum { INET_AT = 2 /* behind the port */ };

struct looking {
	struct net_interface *interfaces;
	unsigned count;
};

static void interfaces_look(void *arg)
{
	struct looking *looking = arg;

	looking->count = net_interfaces(looking->interfaces, NET_INTERFACES_MAX);
}

unsigned linux_interfaces(const struct process *process, struct net_interface out[NET_INTERFACES_MAX])
{
	struct looking looking = { .interfaces = out };

	if (process->personality->root->net != NULL)
		net_look(interfaces_look, &looking);
	return looking.count;
}

static void inet_put(struct request *request, const uint8_t address[4])
{
	memset(request->room, 0, 16); /* struct sockaddr */
	request->address.family = LINUX_AF_INET;
	memcpy(request->address.bytes + INET_AT, address, 4);
}

/* Its first address of IPv4; NULL: it has none. */
static const struct net_interface_address *first_of(const struct net_interface *interface)
{
	for (unsigned i = 0; i < interface->address_count; i++)
		if (interface->addresses[i].address.family == NET_FAMILY_4)
			return &interface->addresses[i];
	return NULL;
}

/* What sockets of IPv4 tell besides. */
static int64_t inet_tell(const struct net_interface *interface, uint32_t number, struct request *request)
{
	const struct net_interface_address *first = first_of(interface);
	uint8_t bytes[4];

	if (first == NULL)
		return STATUS_EADDRNOTAVAIL;
	if (number == SIOCGIFNETMASK)
		linux_interface_mask(first->prefix, bytes);
	else if (number == SIOCGIFBRDADDR)
		linux_interface_broadcast(interface, first, bytes);
	else
		memcpy(bytes, first->address.bytes, sizeof(bytes));
	inet_put(request, bytes);
	return 0;
}

static int64_t one_tell(const struct net_interface *interface, uint32_t number, struct request *request)
{
	switch (number) {
	case SIOCGIFFLAGS:
		request->flags = (int16_t)linux_interface_flags(interface);
		return 0;
	case SIOCGIFINDEX:
		request->number = (int32_t)interface->index;
		return 0;
	case SIOCGIFMTU:
		request->number = (int32_t)interface->mtu;
		return 0;
	case SIOCGIFMETRIC:
		request->number = 0;
		return 0;
	case SIOCGIFTXQLEN:
		request->number = LINUX_INTERFACE_QUEUE;
		return 0;
	case SIOCGIFHWADDR:
		memset(request->room, 0, 16);
		request->address.family = linux_interface_type(interface);
		memcpy(request->address.bytes, interface->hardware, sizeof(interface->hardware));
		return 0;
	case SIOCETHTOOL:
		return STATUS_ENOTSUP;
	default:
		return inet_tell(interface, number, request);
	}
}

/* A name with the number of an address behind it ("eth0:1") is that without. */
static bool is_called(const struct net_interface *interface, const char *name)
{
	size_t bytes = strlen(interface->name);

	return strncmp(interface->name, name, bytes) == 0 && (name[bytes] == '\0' || name[bytes] == ':');
}

static int64_t one_serve(struct thread *thread, uint32_t number, uint64_t va)
{
	struct net_interface interfaces[NET_INTERFACES_MAX];
	unsigned count = linux_interfaces(thread->process, interfaces);
	struct request request;
	int64_t status = STATUS_ENODEV;

	if (linux_copy_in(thread, &request, va, sizeof(request)) != STATUS_OK)
		return STATUS_EFAULT;
	request.name[NAME_BYTES - 1] = '\0';
	for (unsigned i = 0; i < count && status == STATUS_ENODEV; i++) {
		if (number != SIOCGIFNAME && is_called(&interfaces[i], request.name))
			status = one_tell(&interfaces[i], number, &request);
		else if (number == SIOCGIFNAME && (int64_t)interfaces[i].index == request.number) {
			memset(request.name, 0, sizeof(request.name));
			memcpy(request.name, interfaces[i].name, strlen(interfaces[i].name));
			status = 0;
		}
	}
	return status == 0 ? linux_copy_out(thread, va, &request, sizeof(request)) : status;
}

/* All that have an address of IPv4, as many as there is room for; how much room that takes, where none is given. */
static int64_t all_serve(struct thread *thread, uint64_t va)
{
	struct net_interface interfaces[NET_INTERFACES_MAX];
	unsigned count = linux_interfaces(thread->process, interfaces);
	struct all all;
	int32_t done = 0;

	if (linux_copy_in(thread, &all, va, sizeof(all)) != STATUS_OK)
		return STATUS_EFAULT;
	for (unsigned i = 0; i < count; i++) {
		const struct net_interface_address *first = first_of(&interfaces[i]);
		struct request request = { .name = "" };

		if (first == NULL || (all.requests_va != 0 && all.bytes - done < (int32_t)sizeof(request)))
			continue;
		memcpy(request.name, interfaces[i].name, strlen(interfaces[i].name));
		inet_put(&request, first->address.bytes);
		if (all.requests_va != 0 && linux_copy_out(thread, all.requests_va + (uint32_t)done, &request, sizeof(request)) != STATUS_OK)
			return STATUS_EFAULT;
		done += (int32_t)sizeof(request);
	}
	return linux_copy_out(thread, va, &done, sizeof(done));
}

static bool changes(uint32_t number)
{
	static const uint16_t those[] = { SIOCADDRT, SIOCDELRT, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFDSTADDR, SIOCSIFBRDADDR, SIOCSIFNETMASK, SIOCSIFMETRIC, SIOCSIFMTU,
					  SIOCSIFNAME, SIOCSIFHWADDR, SIOCSIFTXQLEN };

	for (unsigned i = 0; i < ARRAY_LEN(those); i++)
		if (those[i] == number)
			return true;
	return false;
}

int64_t linux_interface_ioctl(struct linux_socket *socket, struct thread *thread, uint32_t number, uint64_t argument)
{
	if (thread->process->personality->root->net == NULL)
		return STATUS_ENOTTY;
	switch (number) {
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
		return socket->family == LINUX_AF_INET ? one_serve(thread, number, argument) : STATUS_ENOTTY;
	case SIOCGIFNAME:
	case SIOCGIFFLAGS:
	case SIOCGIFMETRIC:
	case SIOCGIFMTU:
	case SIOCGIFHWADDR:
	case SIOCGIFINDEX:
	case SIOCGIFTXQLEN:
	case SIOCETHTOOL:
		return one_serve(thread, number, argument);
	case SIOCGIFCONF:
		return all_serve(thread, argument);
	default:
		return changes(number) ? STATUS_EPERM : STATUS_ENOTTY;
	}
}
