// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What lwIP calls of the kernel, under the names that port/lwipopts.h and port/arch/cc.h give it. Context: the network fiber. */
#ifndef KERNEL_IO_NET_PORT_H
#define KERNEL_IO_NET_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/io/net/memory.h"

struct ip_addr;

/* Draws the key of the initial sequence numbers. Before anything else of lwIP. */
void net_port_init(void);

/* Unforeseeable: ports, identifiers of DNS. */
uint32_t net_port_random(void);

/*
 * The first sequence number of a connection: a clock of 4 µs, and SipHash of the four of a connection under a secret key, so that a
 * stranger cannot tell it, and a connection that comes again goes on above where it was (RFC 6528 §3 "Proposed Initial Sequence
 * Number Generation Algorithm").
 */
uint32_t net_port_isn(const struct ip_addr *local_address, uint16_t local_port, const struct ip_addr *remote_address,
		      uint16_t remote_port);

/* SipHash of the four of a connection and `what`, under the same key: nothing that net_port_isn() gives away. */
uint64_t net_port_hash(const struct ip_addr *local_address, uint16_t local_port, const struct ip_addr *remote_address,
		       uint16_t remote_port, uint64_t what);

/* An assertion of lwIP failed, in line `line` of the function that calls: a panic. */
_Noreturn void net_port_assert(int line);

#endif
