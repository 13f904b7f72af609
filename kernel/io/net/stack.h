// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lwIP and the device, turn by turn, without the fiber around them: what tests drive with a device of their own. */
#ifndef KERNEL_IO_NET_STACK_H
#define KERNEL_IO_NET_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/io/net/net.h"
#include "lib/status.h"

/* Starts device `index`; `ready(ctx)` is called in interrupt context. Errors as net_start(). Context: the network fiber. */
MUST_CHECK status_t net_stack_start(const struct net_config *config, unsigned index, void (*ready)(void *ctx), void *ctx);

/* Makes up for time that passed and takes what has come: the number of frames. */
unsigned net_stack_take(uint64_t now_ns);

/* Has what this machine sends itself arrive, and tells nobody yet: what comes of it can be asked for at once, as connecting where nobody listens. */
void net_stack_loop(void);

/* Tells everybody what changed, and hands everything to the device. */
void net_stack_finish(void);

/* When net_stack_take() must be called at the latest, if nothing comes; looks after the device besides. For going to sleep. */
uint64_t net_stack_next(uint64_t now_ns);

/* Interrupts of the device on or off: true where something is there already. */
bool net_stack_listen(bool interrupts);

#endif
