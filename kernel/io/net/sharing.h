// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Who may have the same local address and port. What a connection block shares is kept in bits of lwIP's `so_options` that lwIP has no use for; for
 * lwIP's own checks, which know no more than SOF_REUSEADDR, all of them have that. Context: the network fiber.
 */
#ifndef KERNEL_IO_NET_SHARING_H
#define KERNEL_IO_NET_SHARING_H

#include <stdbool.h>
#include <stdint.h>

enum {
	NET_SHARES_ADDRESS = 0x40, /* SO_REUSEADDR: with all of this kind, but TCP not with one that listens */
	NET_SHARES_PORT = 0x80,    /* SO_REUSEPORT: with all of this kind; what comes is shared out */
};

struct ip_addr;
struct ip_pcb;

/* Notes what one shares from now on. */
void net_sharing_set(struct ip_pcb *pcb, unsigned shares);

/* Whether one that is bound to the same port keeps away who wants `address` and shares so. */
bool net_sharing_hinders(const struct ip_pcb *pcb, bool listens, const struct ip_addr *address, unsigned shares);

#endif
