// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The network's interfaces as Linux tells of them, whichever way it is asked: by netlink (netlink.h), by ioctl(2) of a socket, by files of /proc/net.
 *
 * Spec: netdevice(7); Linux, include/uapi/linux/{if,if_arp}.h
 */
#ifndef KERNEL_SYS_LINUX_INTERFACE_H
#define KERNEL_SYS_LINUX_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/net/interfaces.h"

struct linux_socket;
struct process;
struct thread;

enum { LINUX_SCOPE_UNIVERSE = 0, LINUX_SCOPE_SITE = 200, LINUX_SCOPE_LINK = 253, LINUX_SCOPE_HOST = 254 }; /* RT_SCOPE_* */
enum { LINUX_ARPHRD_ETHER = 1, LINUX_ARPHRD_LOOPBACK = 772, LINUX_INTERFACE_QUEUE = 1000 /* packets */ };

/* What is told of one. Pure. */
uint32_t linux_interface_flags(const struct net_interface *interface); /* IFF_* */
uint16_t linux_interface_type(const struct net_interface *interface);  /* ARPHRD_* */

/* Of an address of IPv4: which bits are the network's, and where all in it are spoken to; zeroes for this machine itself. Pure. */
void linux_interface_mask(uint8_t prefix, uint8_t to[4]);
void linux_interface_broadcast(const struct net_interface *interface, const struct net_interface_address *address, uint8_t to[4]);

/* The network of an address, of either family: its other bits are 0. Pure. */
struct net_address linux_interface_network(const struct net_interface_address *address);

/* LINUX_SCOPE_*: how far an address reaches. Pure. */
uint8_t linux_interface_scope(const struct net_interface *interface, const struct net_address *address);

/* Those that a process sees: none where its manifest grants no network. How many. Context: fiber. */
unsigned linux_interfaces(const struct process *process, struct net_interface out[NET_INTERFACES_MAX]);

/* Requests of ioctl(2) about interfaces, to a socket of any family. STATUS_ENOTTY: it is none; STATUS_EPERM: it would change something. Context: the thread's fiber. */
int64_t linux_interface_ioctl(struct linux_socket *socket, struct thread *thread, uint32_t request, uint64_t argument);

#endif
