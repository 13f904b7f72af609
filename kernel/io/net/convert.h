// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Between what lwIP calls things and what the rest of the kernel does. */
#ifndef KERNEL_IO_NET_CONVERT_H
#define KERNEL_IO_NET_CONVERT_H

#include <lwip/err.h>
#include <lwip/ip_addr.h>

#include "kernel/io/net/address.h"
#include "lib/status.h"

void net_address_to_lwip(const struct net_address *address, ip_addr_t *out);
void net_address_from_lwip(const ip_addr_t *address, struct net_address *out);

status_t net_status(err_t error);

#endif
