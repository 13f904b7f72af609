// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The channel to the model's server, and the kernel around it: whoever sleeps has the server answer. */
#include <stdlib.h>
#include <string.h>

#include "hal/contract/memory.h"
#include "hal/contract/ninep.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/core/deferred.h"
#include "kernel/core/fiber.h"
#include "kernel/core/page.h"
#include "kernel/io/device_governor.h"
#include "kernel/io/devices.h"
#include "kernel/io/ring_war.h"
#include "kernel/io/wake_cost.h"
#include "tests/unit/kernel/io/fs/ninep_server.h"

enum { MESSAGE_ROOM = 1 << 20 };

struct hal_ninep {
	bool running, listening;
	void (*ready)(void *ctx);
	void *ctx;
	unsigned count;
	struct {
		struct hal_ninep_piece pieces[HAL_NINEP_PIECES_MAX];
		unsigned readable, writable;
		void *token;
		uint32_t bytes;
		bool done;
	} requests[HAL_NINEP_REQUESTS_MAX];
};

static struct hal_ninep channel, other_channel;
static struct deferred *posted;

status_t devices_probe(void)
{
	return STATUS_OK;
}

unsigned hal_cpu_index(void)
{
	return 0;
}

unsigned hal_ninep_count(void)
{
	return server.hollow ? 3 : 1;
}

struct hal_ninep *hal_ninep_at(unsigned index)
{
	if (server.hollow)
		return index == 0 ? &other_channel : index == 1 ? NULL : &channel;
	return index == 0 ? &channel : NULL;
}

size_t hal_ninep_tag(const struct hal_ninep *of, char *tag, size_t bytes)
{
	const char *own = of == &other_channel ? "hx" : server.hollow ? "h" : "host";
	size_t len = strlen(own);

	memcpy(tag, own, bytes < len ? bytes : len);
	return len;
}

status_t hal_ninep_start(struct hal_ninep *started, void (*ready)(void *ctx), void *ctx)
{
	if (started->running || started->count > 0 || server.no_start)
		return server.no_start ? STATUS_EIO : STATUS_EBUSY;
	*started = (struct hal_ninep){ .running = true, .ready = ready, .ctx = ctx };
	return STATUS_OK;
}

status_t hal_ninep_start_at_panic(struct hal_ninep *started)
{
	*started = (struct hal_ninep){ .running = true };
	return STATUS_OK;
}

void hal_ninep_stop(struct hal_ninep *stopped)
{
	stopped->running = stopped->listening = false;
}

void hal_ninep_break(struct hal_ninep *broken, const char *why)
{
	bool listening = broken->listening;

	if (!broken->running || why == NULL)
		return;
	server.breaks++;
	hal_ninep_stop(broken);
	if (listening)
		broken->ready(broken->ctx);
}

bool hal_ninep_is_broken(struct hal_ninep *of)
{
	return !of->running;
}

bool hal_ninep_reaches(const void *data, uint32_t len)
{
	return ((uintptr_t)data & 8) == 0 || len == 0; /* some memory is not reached */
}

status_t hal_ninep_submit(struct hal_ninep *of, const struct hal_ninep_request *request)
{
	if (!of->running)
		return STATUS_EIO;
	if (of->count == HAL_NINEP_REQUESTS_MAX)
		return STATUS_EAGAIN;
	if (request->readable + request->writable > HAL_NINEP_PIECES_MAX)
		return STATUS_EINVAL;
	memcpy(of->requests[of->count].pieces, request->pieces, (request->readable + request->writable) * sizeof(*request->pieces));
	of->requests[of->count].readable = request->readable;
	of->requests[of->count].writable = request->writable;
	of->requests[of->count].token = request->token;
	of->requests[of->count].done = false;
	of->count++;
	return STATUS_OK;
}

void hal_ninep_kick(struct hal_ninep *of)
{
	(void)of;
}

bool hal_ninep_listen(struct hal_ninep *of, bool interrupts)
{
	if (!of->running)
		return of->count > 0;
	of->listening = interrupts;
	return false;
}

bool hal_ninep_done(struct hal_ninep *of, void **token, uint32_t *bytes, status_t *status)
{
	if (!of->running && server.keeps > 0 && server.keeps-- > 0)
		return false;
	for (unsigned i = 0; i < of->count; i++) {
		if (of->running && !of->requests[i].done)
			continue;
		*token = of->requests[i].token;
		*bytes = of->requests[i].bytes;
		*status = of->running ? STATUS_OK : STATUS_ECANCELED;
		of->requests[i] = of->requests[--of->count];
		return true;
	}
	return false;
}

/* The server answers the youngest request that it has not answered. False where there is none. */
static bool serve(void)
{
	static uint8_t request[MESSAGE_ROOM], reply[MESSAGE_ROOM];
	unsigned at = channel.count;
	size_t bytes = 0, room = 0, len;

	while (at > 0 && channel.requests[at - 1].done)
		at--;
	if (at-- == 0)
		return false;
	for (unsigned i = 0; i < channel.requests[at].readable; i++) {
		memcpy(request + bytes, channel.requests[at].pieces[i].data, channel.requests[at].pieces[i].len);
		bytes += channel.requests[at].pieces[i].len;
	}
	for (unsigned i = 0; i < channel.requests[at].writable; i++)
		room += channel.requests[at].pieces[channel.requests[at].readable + i].len;
	len = server_answer(request, bytes, reply, room);
	channel.requests[at].bytes = (uint32_t)len;
	channel.requests[at].done = true;
	for (unsigned i = 0, from = 0; i < channel.requests[at].writable && from < len; i++) {
		const struct hal_ninep_piece *piece = &channel.requests[at].pieces[channel.requests[at].readable + i];
		unsigned some = len - from < piece->len ? (unsigned)(len - from) : piece->len;

		memcpy(piece->data, reply + from, some);
		from += some;
	}
	return true;
}

enum governor_rule ring_war_rule(void)
{
	return GOVERNOR_AUTO;
}

uint64_t wake_cost_ns(void)
{
	return GOVERNOR_WAKE_NS;
}

/* The server answers between two looks. */
bool device_governor_polls(const struct device_governor *device)
{
	(void)device;
	if (server.war)
		(void)serve();
	return server.war;
}

void device_governor_add(struct device_governor *device)
{
	(void)device;
	server.governors++;
}

void device_governor_remove(struct device_governor *device)
{
	(void)device;
	server.governors--;
}

uint64_t hal_timer_now_ns(void)
{
	return server.now_ns;
}

/* The server answers meanwhile. */
bool hal_timer_rest(uint64_t deadline_ns)
{
	server.now_ns += 1000000;
	if (!server.mute)
		(void)serve();
	return server.now_ns <= deadline_ns;
}

void deferred_post(struct deferred *deferred)
{
	posted = deferred;
	atomic_store(&deferred->posted, 1);
}

static void deferred_do(void)
{
	struct deferred *deferred = posted;

	posted = NULL;
	if (deferred == NULL)
		return;
	atomic_store(&deferred->posted, 0);
	deferred->run(deferred->arg);
}

void server_settle(void)
{
	deferred_do();
	while (serve()) {
		channel.ready(channel.ctx);
		deferred_do();
	}
}

struct fiber *fiber_current(void)
{
	return NULL;
}

void fiber_wake(struct fiber *fiber)
{
	(void)fiber;
}

void fiber_yield(void)
{
	deferred_do();
}

void fiber_sleep(void)
{
	bool served = server.gives_up == NULL && serve();

	server.sleeps++;
	if (server.gives_up != NULL) {
		server.gives_up->ops->give_up(server.gives_up);
		deferred_do();
		return;
	}

	if (!served && posted == NULL)
		abort(); /* nothing would ever wake it */
	if (served && channel.running)
		channel.ready(channel.ctx);
	deferred_do();
}

void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->waiters);
}

status_t wait_queue_sleep(struct wait_queue *queue, uint64_t deadline_ns)
{
	(void)queue;
	(void)deadline_ns;
	fiber_sleep();
	return STATUS_OK;
}

void wait_queue_wake(struct wait_queue *queue)
{
	(void)queue;
}

uint64_t page_alloc(unsigned order)
{
	if (server.no_pages || (server.no_large_pages && order > 0))
		return 0;
	server.pages++;
	return hal_direct_pa(aligned_alloc(HAL_PAGE_BYTES, HAL_PAGE_BYTES << order));
}

void page_free(uint64_t pa, unsigned order)
{
	(void)order;
	server.pages--;
	free(hal_direct_va(pa));
}
