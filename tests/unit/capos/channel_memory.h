// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Channel capabilities on the host: one, whose memory both ends have. Included by one file of a test program. */
#ifndef TESTS_UNIT_CAPOS_CHANNEL_MEMORY_H
#define TESTS_UNIT_CAPOS_CHANNEL_MEMORY_H

#include <capos/channel.h>

#include "tests/unit/capos/host_event.h"

enum { CHANNEL_CAP = 7 };

static union {
	struct capos_channel_shared shared;
	uint8_t bytes[1 << 16];
} channel_memory;
static int64_t channel_bytes; /* that were asked for */

int64_t capos_channels_create(capos_cap_t channels, uint64_t bytes, capos_cap_t *new_cap)
{
	(void)channels;
	if (bytes > sizeof(channel_memory))
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(channel_memory); i++)
		channel_memory.bytes[i] = 0;
	channel_bytes = (int64_t)bytes;
	*new_cap = CHANNEL_CAP;
	return 0;
}

int64_t capos_channel_map(capos_cap_t channel)
{
	return channel == CHANNEL_CAP ? (int64_t)&channel_memory : -EBADF;
}

int64_t capos_channel_size(capos_cap_t channel)
{
	return channel == CHANNEL_CAP ? channel_bytes : -EBADF;
}

int64_t capos_capset_drop(capos_cap_t capset, capos_cap_t cap)
{
	(void)capset;
	(void)cap;
	return 0;
}

#endif
