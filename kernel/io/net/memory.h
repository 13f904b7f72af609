// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The network's own memory: everything that lwIP and its port allocate, so that a flood of packets takes up to a limit and no more, and
 * what is used can be told. Running out is usual: whoever asks gets NULL and drops a packet, or refuses a connection.
 *
 * Blocks of a few sizes in slabs of SLAB_BYTES, a list of free blocks in each; what is bigger has pages of its own. A slab without a
 * block in use goes back to the kernel, but for one of each size. Rejected: the kernel's heap, which has a lock and no limit; pools of
 * fixed numbers, which take the most that could ever be needed. Context: the network fiber.
 */
#ifndef KERNEL_IO_NET_MEMORY_H
#define KERNEL_IO_NET_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_memory_counters {
	uint64_t pages;       /* held from the kernel now */
	uint64_t pages_most;  /* at any time */
	uint64_t pages_limit;
	uint64_t blocks;      /* in use now */
	uint64_t refused;     /* times that the limit, or the kernel, said no */
	uint64_t scarce;      /* times that somebody was told so, and waits */
};

/* Nothing is held; at most `pages_limit` pages ever will be. */
void net_memory_init(uint64_t pages_limit);

/* `bytes` of any content, at a multiple of 16. NULL where memory is out. */
void *net_memory_alloc(size_t bytes);

/* The same for count * bytes, zeroed. */
void *net_memory_calloc(size_t count, size_t bytes);

/* Gives back what alloc or calloc returned. What is none of these is a panic. */
void net_memory_free(void *block);

/* Gives back the slabs that are kept although nothing in them is used. */
void net_memory_trim(void);

/* Whether less than an eighth is left: for what comes in, without which nothing that is held is ever let go. */
bool net_memory_is_scarce(void);

const struct net_memory_counters *net_memory_counters(void);

#endif
