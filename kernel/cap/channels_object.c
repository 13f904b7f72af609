// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* New channels. */
#include "kernel/cap/channel.h"
#include "kernel/cap/grant.h"
#include "kernel/cap/objects.h"
#include "kernel/channel_methods.h"
#include "kernel/channels_methods.h"
#include "kernel/sys/process.h"

int64_t channels_create(struct cap_call *call, const struct capos_channels_create *params)
{
	const uint32_t rights = CAPOS_CHANNEL_RIGHT_READ | CAPOS_CHANNEL_RIGHT_WRITE | CAPOS_CHANNEL_RIGHT_GIVE |
				CAPOS_CHANNEL_RIGHT_TAKE;
	struct object *channel;
	status_t status = channel_create(call->process->budget, params->bytes, &channel);

	if (status != STATUS_OK)
		return status;
	return grant_new(&call->process->capset, channel, rights, "channel", &call->new_cap);
}

struct object channels_object = OBJECT_INIT(channels_interface);
