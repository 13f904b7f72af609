// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/console_input.h"

#include <stdatomic.h>
#include <stdint.h>

#include "hal/contract/console.h"
#include "hal/contract/memory.h"
#include "kernel/core/message.h"
#include "kernel/core/page.h"
#include "kernel/core/spinlock.h"
#include "kernel/io/console.h"
#include "lib/string.h"

#define RING_BYTES ((uint32_t)HAL_PAGE_BYTES)

/* The bytes from `taken` to `come`, both counted from the start and kept modulo 2^32, lie in `ring` at their number modulo its size. */
static uint8_t *ring;            /* W: start_there; a page, before `started` */
static _Atomic uint32_t come;    /* W: the console's fiber. Release; pairs with the acquire of who reads */
static _Atomic uint32_t taken;   /* W: under `readers`; pairs with the load in room_find() */
static struct spinlock readers;
static _Atomic bool stalled;     /* W: the console's fiber (set), who reads (clear): the port has more, and there was no room for it */
static _Atomic bool started;     /* W: start_there */
static enum { SERIAL_UNTRIED, SERIAL_LISTENS, SERIAL_NONE } serial; /* W: CPU 0 */
static struct list_node listeners = LIST_INIT(listeners); /* W: CPU 0 */

/* Where lines do not go to a device, the serial port is what is typed at. */
static bool serial_listen(void)
{
	if (serial == SERIAL_UNTRIED)
		serial = hal_console_listen(console_interrupted, NULL) == STATUS_OK ? SERIAL_LISTENS : SERIAL_NONE;
	return serial == SERIAL_LISTENS;
}

static size_t port_read(void *to, size_t room)
{
	size_t got;

	if (console_device_read(to, room, &got))
		return got;
	return serial_listen() ? hal_console_read(to, room) : 0;
}

/* How many bytes fit behind the last one in one piece. */
static size_t room_find(uint32_t end)
{
	size_t room;

	/* Publish, full barrier, look: whoever makes room sees that it is waited for, or it is seen here. */
	if (end - atomic_load(&taken) == RING_BYTES)
		atomic_store(&stalled, true);
	room = RING_BYTES - (end - atomic_load(&taken));
	return room < RING_BYTES - end % RING_BYTES ? room : RING_BYTES - end % RING_BYTES;
}

void console_input_fetch(void)
{
	uint32_t end = atomic_load_explicit(&come, memory_order_relaxed);
	uint32_t begin = end;
	size_t room, got;

	if (!atomic_load_explicit(&started, memory_order_acquire))
		return;
	while ((room = room_find(end)) > 0 && (got = port_read(ring + end % RING_BYTES, room)) > 0) {
		end += (uint32_t)got;
		atomic_store_explicit(&come, end, memory_order_release);
	}
	for (struct list_node *node = listeners.next; end != begin && node != &listeners; node = node->next) {
		struct console_input_listener *listener = LIST_OWNER(node, struct console_input_listener, node);

		listener->changed(listener);
	}
}

struct starting {
	size_t got;
	uint8_t *page; /* taken by the ring, or NULL */
	status_t status;
};

static void start_there(void *arg)
{
	struct starting *starting = arg;

	starting->status = STATUS_OK;
	if (atomic_load_explicit(&started, memory_order_relaxed))
		return;
	if (!console_device_read(NULL, 0, &starting->got) && !serial_listen()) {
		starting->status = STATUS_ENODEV;
		return;
	}
	ring = starting->page;
	starting->page = NULL;
	atomic_store_explicit(&started, true, memory_order_release);
	console_wake(); /* something may be there already */
}

status_t console_input_start(void)
{
	struct starting starting;
	uint64_t pa;

	if (atomic_load_explicit(&started, memory_order_acquire))
		return STATUS_OK;
	pa = page_alloc(0);
	if (pa == 0)
		return STATUS_ENOMEM;
	starting.page = hal_direct_va(pa);
	message_call(0, start_there, &starting);
	if (starting.page != NULL)
		page_free(pa, 0);
	return starting.status;
}

size_t console_input_read(void *to, size_t room)
{
	uint8_t *bytes = to;
	uint32_t begin;
	size_t first, count;

	if (!atomic_load_explicit(&started, memory_order_acquire))
		return 0;
	spinlock_take(&readers);
	begin = atomic_load_explicit(&taken, memory_order_relaxed);
	count = atomic_load_explicit(&come, memory_order_acquire) - begin;
	if (count > room)
		count = room;
	first = RING_BYTES - begin % RING_BYTES < count ? RING_BYTES - begin % RING_BYTES : count;
	memcpy(bytes, ring + begin % RING_BYTES, first);
	memcpy(bytes + first, ring, count - first);
	atomic_store(&taken, begin + (uint32_t)count);
	spinlock_give(&readers);
	if (count > 0 && atomic_load(&stalled) && atomic_exchange(&stalled, false))
		console_wake();
	return count;
}

bool console_input_waits(void)
{
	return atomic_load_explicit(&come, memory_order_acquire) != atomic_load_explicit(&taken, memory_order_relaxed);
}

static void listen_there(void *arg)
{
	struct console_input_listener *listener = arg;

	list_push_back(&listeners, &listener->node);
}

void console_input_listen(struct console_input_listener *listener)
{
	message_call(0, listen_there, listener);
}

static void ignore_there(void *arg)
{
	struct console_input_listener *listener = arg;

	list_remove(&listener->node);
}

void console_input_ignore(struct console_input_listener *listener)
{
	message_call(0, ignore_there, listener);
}
