// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Signals that are pending: a set, and what is known of each. The caller has the lock. */
#ifndef KERNEL_SYS_LINUX_PENDING_H
#define KERNEL_SYS_LINUX_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sys/linux/signal.h"
#include "lib/list.h"

struct budget;

/* One that carries more than its number. From the heap. */
struct linux_pending_info {
	struct list_node node;
	struct linux_siginfo info;
	struct budget *budget; /* held: of the process that it is sent to. NULL: nobody pays for it yet */
};

/* Charges whom it is sent to. False: there is no memory left. */
bool linux_pending_charge(struct linux_pending_info *info, struct budget *budget);

/* Frees it, and credits what was charged; NULL: nothing. */
void linux_pending_free(struct linux_pending_info *info);

/* The one of a set that is delivered first; 0: the set is empty. */
int linux_pending_first(uint64_t set);

/*
 * Adds a signal, and `info`, which may be NULL and is taken over. False where it changes nothing, since an ordinary signal is pending once, but
 * for those of timers; `info` is freed then.
 */
bool linux_pending_add(uint64_t *pending, struct list_node *queue, int signal, struct linux_pending_info *info);

/*
 * Takes `signal`, which is pending: the oldest that was sent. Its information, to be freed; NULL: nothing is known of it. It stays pending where more of
 * them wait.
 */
struct linux_pending_info *linux_pending_take(uint64_t *pending, struct list_node *queue, int signal);

/* Forgets all signals of `set`; tells how many pieces of information were freed. */
unsigned linux_pending_forget(uint64_t *pending, struct list_node *queue, uint64_t set);

/* Whether its default action does nothing; stops the process. Every other one's ends it, or lets it go on. */
static inline bool linux_signal_default_is_nothing(int signal)
{
	return signal == LINUX_SIGCHLD || signal == LINUX_SIGCONT || signal == LINUX_SIGURG || signal == LINUX_SIGWINCH;
}

static inline bool linux_signal_default_stops(int signal)
{
	return (LINUX_SIGNALS_STOP & LINUX_SIGNAL_BIT(signal)) != 0;
}

/* "SIGSEGV"; a real-time signal is "a real-time signal". */
const char *linux_signal_name(int signal);

#endif
