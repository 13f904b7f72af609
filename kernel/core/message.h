// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Messages between CPUs: "run this function with this argument over there". Each CPU has one inbox, a disruptor ring of many
 * producers, which its scheduler empties between fibers; an interrupt is sent only to a CPU that sleeps.
 */
#ifndef KERNEL_CORE_MESSAGE_H
#define KERNEL_CORE_MESSAGE_H

#include <stdint.h>

#include "lib/disruptor.h"

enum { MESSAGE_CAPACITY = 64 };

struct message {
	void (*run)(void *arg);
	void *arg;
};

struct message_inbox {
	struct disruptor ring;
	struct disruptor_consumer reader;
	struct message slots[MESSAGE_CAPACITY];
	_Atomic uint64_t batch_ends[MESSAGE_CAPACITY];
};

/* `inbox` is zero. */
void message_inbox_init(struct message_inbox *inbox);

/*
 * Has CPU `cpu`, which must have started, call `run(arg)` from its scheduler or a fiber that yields; `run` must not sleep. In order of
 * sending, seen from one sender. Where the inbox is full it waits, serving its own CPU's meanwhile. Context: fiber or scheduler; sending
 * to one's own CPU works the same.
 */
void message_send(unsigned cpu, void (*run)(void *arg), void *arg);

/*
 * Has CPU `cpu` call `run(arg)`, as message_send(), and returns when that has returned: what it wrote is seen. This CPU's own inbox is served
 * meanwhile. On one's own CPU it is a plain call. Context: fiber or scheduler.
 */
void message_call(unsigned cpu, void (*run)(void *arg), void *arg);

/* Calls what is in this CPU's inbox. Context: fiber or scheduler. */
void message_serve(struct message_inbox *inbox);

#endif
