// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A thread's memory is one mapping, and goes as one:
 *
 *     | guard: read only | stack ...                      <- sp | struct thread | thread-local block |
 */
#include "capos/src/thread.h"

#include <capos/capos.h>

#include "capos/src/guard.h"
#include "capos/src/start.h"
#include "lib/bits.h"
#include "lib/status.h"
#include "lib/string.h"

enum { STACK_BYTES = 65536, GUARD_BYTES = CAPOS_PAGE_BYTES, STACK_ALIGN = 16 };

/* Another thread may take the guard's place while it is free. */
enum { GUARD_TRIES = 4 };

/* Where a thread begins: x0 to x2 as the kernel passes them. */
static _Noreturn void thread_begin(struct thread *self, void *rings, capos_cap_t cap)
{
	self->cap = cap;
	if (self->ring == &self->own_ring)
		ring_init(&self->own_ring, rings);
	capos_thread_exit(self->public->run(self->public->arg));
}

/* Of stack and what is above it; the guard is not the heap's. */
static void memory_unmap(const struct capos_thread *thread)
{
	(void)capos_memory_unmap(capos_own.memory, thread->memory + GUARD_BYTES, thread->memory_bytes - GUARD_BYTES);
}

/* Guard, stack and what is above it. */
static int64_t memory_map(struct capos_thread *thread, size_t stack_bytes)
{
	size_t above = bits_align_up(sizeof(struct thread), STACK_ALIGN) + tls_bytes() + tls_align();

	if (stack_bytes > SIZE_MAX / 4)
		return STATUS_ENOMEM;
	thread->memory_bytes = GUARD_BYTES + bits_align_up(stack_bytes + above, CAPOS_PAGE_BYTES);
	for (unsigned i = 0; i < GUARD_TRIES; i++) {
		int64_t address = capos_memory_map(capos_own.memory, thread->memory_bytes);

		if (address < 0)
			return address;
		thread->memory = (uint8_t *)address;
		if (guard_set(thread->memory))
			return 0;
		memory_unmap(thread);
	}
	return STATUS_ENOMEM;
}

static void memory_give_back(const struct capos_thread *thread)
{
	memory_unmap(thread);
	guard_clear(thread->memory);
}

int64_t capos_thread_create(struct capos_thread *thread, const struct capos_thread_options *options, int (*run)(void *), void *arg)
{
	static const struct capos_thread_options usual = { .cpu = CAPOS_CPU_ANY };

	if (!options)
		options = &usual;
	*thread = (struct capos_thread){ .run = run, .arg = arg };

	int64_t status = memory_map(thread, options->stack_bytes ? options->stack_bytes : STACK_BYTES);

	if (status < 0)
		return status;

	uint8_t *end = thread->memory + thread->memory_bytes;
	uint8_t *block = (uint8_t *)bits_align_down((uintptr_t)end - tls_bytes(), tls_align());
	struct thread *self = (struct thread *)bits_align_down((uintptr_t)block - sizeof(*self), STACK_ALIGN);

	*self = (struct thread){ .public = thread, .ring = options->share_rings ? thread_ring() : &self->own_ring };
	if (options->share_rings)
		thread_ring()->shared = true;
	status = capos_threads_create(capos_own.threads, (uint64_t)thread_begin, (uint64_t)self, (uint64_t)self,
				      (uint64_t)tls_fill(block, self), options->share_rings ? CAPOS_THREADS_SHARE_RINGS : 0,
				      options->share_rings ? CAPOS_CPU_ANY : options->cpu, &thread->cap);
	if (status < 0)
		memory_give_back(thread);
	return status;
}

int64_t capos_thread_join(struct capos_thread *thread, int *value)
{
	int64_t status = capos_thread_wait(thread->cap, 0);

	if (status < 0)
		return status;
	if (value)
		*value = thread->value;
	memory_give_back(thread);
	return capos_capset_drop(capos_own.capset, thread->cap);
}

_Noreturn void capos_thread_exit(int value)
{
	thread_this()->public->value = value;
	ring_leave(thread_ring(), thread_this()->cap);
}

struct capos_thread *capos_thread_self(void)
{
	return thread_this()->public;
}

void capos_thread_yield(void)
{
	(void)capos_sys_cap_enter(0, 0);
}
