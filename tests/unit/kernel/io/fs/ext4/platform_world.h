// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The kernel around platform.c and disk.c, for the one test that includes them. */
#ifndef TESTS_UNIT_EXT4_PLATFORM_WORLD_H
#define TESTS_UNIT_EXT4_PLATFORM_WORLD_H

#include "kernel/core/deferred.h"
#include "kernel/core/fiber.h"
#include "kernel/core/wait.h"
#include "kernel/io/fs/ext4/volume.h"
#include "lib/bits.h"

struct hal_block {
	int unused;
};

static struct {
	/* Memory and time. */
	unsigned pages;
	bool no_pages;
	uint64_t free_pages, now_ns, rest_until;
	/* Fibers: what happens in each sleep, and how it ends. */
	void (*during_sleep[16])(void);
	status_t sleep_status[16];
	uint64_t slept_until, deadlines[16];
	unsigned sleeps, yields, wakes, join_cancels;
	bool no_fiber;
	void (*main)(void *arg);
	void *main_arg;
	struct ext4_lock *lock;
	struct deferred *posted;
	bool ready_context_posts;
	/* The volume. */
	status_t mount_status, unmount_status;
	size_t cache_bytes;
	unsigned unmounts, commits, commit_fails_at;
	bool committed_locked;
	char why[64], lines[128];
	struct ext4_device *device;
	/* The device. */
	status_t probe_status, start_status, panic_start_status, submit_status;
	unsigned requests, done, fail_request, room, stops, panic_starts, kicks;
	int governors;
	bool silent, stopped;
	void (*ready)(void *ctx);
	void *ready_ctx;
	struct {
		enum hal_block_operation operation;
		uint64_t offset;
		void *data, *token;
		uint32_t len;
	} asked[32];
} world;

static struct volume volume;
static struct hal_block the_block;

static void begin(void)
{
	memset(&world, 0, sizeof(world));
	memset(&volume, 0, sizeof(volume));
	world.room = 8;
	world.free_pages = 4096;
}

uint64_t page_alloc(unsigned order)
{
	CU_ASSERT_EQUAL(order, 0);
	world.pages += !world.no_pages;
	return world.no_pages ? 0 : hal_direct_pa(aligned_alloc(HAL_PAGE_BYTES, HAL_PAGE_BYTES));
}

void page_free(uint64_t pa, unsigned order)
{
	CU_ASSERT_EQUAL(order, 0);
	world.pages--;
	free(hal_direct_va(pa));
}

uint64_t page_free_count(void)
{
	return world.free_pages;
}

uint64_t hal_timer_now_ns(void)
{
	return world.now_ns;
}

bool hal_timer_rest(uint64_t deadline_ns)
{
	world.rest_until = deadline_ns;
	world.now_ns += 100000000;
	return world.now_ns < deadline_ns;
}

void entropy_draw(void *to, size_t bytes)
{
	memset(to, 0x5a, bytes);
}

void log_line(const char *fmt, ...)
{
	strcat(world.lines, fmt);
	strcat(world.lines, "\n");
}

void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->waiters);
}

/* Time passes to the deadline where nothing else is to happen. */
status_t wait_queue_sleep(struct wait_queue *queue, uint64_t deadline_ns)
{
	unsigned at = world.sleeps++;

	(void)queue;
	CU_ASSERT_FATAL(at < ARRAY_LEN(world.deadlines));
	world.slept_until = world.deadlines[at] = deadline_ns;
	if (world.during_sleep[at] != NULL)
		world.during_sleep[at]();
	else if (deadline_ns != WAIT_FOREVER)
		world.now_ns = deadline_ns;
	return world.sleep_status[at];
}

void wait_queue_wake(struct wait_queue *queue)
{
	(void)queue;
	world.wakes++;
}

void fiber_yield(void)
{
	world.yields++;
}

struct fiber *fiber_create_with(const struct fiber_options *options, void (*entry)(void *arg), void *arg)
{
	static struct fiber fiber;

	CU_ASSERT(options->joinable && options->priority == FIBER_NORMAL);
	world.main = entry;
	world.main_arg = arg;
	return world.no_fiber ? NULL : &fiber;
}

status_t fiber_join(struct fiber *fiber, uint64_t deadline_ns)
{
	CU_ASSERT(fiber != NULL && deadline_ns == WAIT_FOREVER && volume.flusher->end && world.wakes > 0);
	if (world.join_cancels > 0) {
		world.join_cancels--;
		return STATUS_ECANCELED;
	}
	return STATUS_OK;
}

void deferred_post(struct deferred *deferred)
{
	world.posted = deferred;
}

status_t volume_mount(struct ext4_device *device, bool read_only, size_t cache_bytes_given, struct volume **out, char *why, size_t why_bytes)
{
	world.device = device;
	world.cache_bytes = cache_bytes_given;
	(void)format_print(why, why_bytes, "said by the volume");
	if (world.mount_status != STATUS_OK)
		return world.mount_status;
	volume = (struct volume){ .fs.read_only = read_only, .device = device, .lock = ext4_lock_make() };
	*out = &volume;
	return STATUS_OK;
}

status_t volume_unmount(struct volume *which)
{
	CU_ASSERT(which == &volume && which->flusher == NULL);
	ext4_lock_free(which->lock);
	which->lock = NULL;
	world.unmounts++;
	return world.unmount_status;
}

status_t volume_commit(struct volume *which)
{
	world.committed_locked = ext4_lock_is_taken(which->lock);
	which->changed = false;
	return ++world.commits == world.commit_fails_at ? STATUS_EIO : STATUS_OK;
}

status_t file_keep(struct volume *which, struct span name, uint32_t bytes)
{
	(void)which;
	(void)name;
	(void)bytes;
	return STATUS_ENOSPC;
}

status_t devices_probe(void)
{
	return world.probe_status;
}

uint64_t wake_cost_ns(void)
{
	return 1000;
}

enum governor_rule ring_war_rule(void)
{
	return GOVERNOR_ALWAYS_PEACE;
}

void device_governor_add(struct device_governor *device)
{
	CU_ASSERT(strncmp(device->name, "disk ", 5) == 0);
	world.governors++;
}

void device_governor_remove(struct device_governor *device)
{
	(void)device;
	world.governors--;
}

bool device_governor_polls(const struct device_governor *device)
{
	(void)device;
	return false;
}

unsigned hal_block_count(void)
{
	return 2;
}

struct hal_block *hal_block_at(unsigned index)
{
	CU_ASSERT(index < 2);
	return &the_block;
}

void hal_block_info(const struct hal_block *block, struct hal_block_info *out)
{
	(void)block;
	*out = (struct hal_block_info){ .bytes = 1 << 20, .block_bytes = 512, .pieces_max = 8, .flush = true };
}

status_t hal_block_start(struct hal_block *block, void (*ready)(void *ctx), void *ctx)
{
	(void)block;
	world.ready = ready;
	world.ready_ctx = ctx;
	return world.start_status;
}

status_t hal_block_start_at_panic(struct hal_block *block)
{
	(void)block;
	world.panic_starts++;
	world.done = world.requests;
	return world.panic_start_status;
}

void hal_block_stop(struct hal_block *block)
{
	(void)block;
	world.stops++;
	world.stopped = true;
}

status_t hal_block_submit(struct hal_block *block, const struct hal_block_request *request)
{
	(void)block;
	if (world.submit_status != STATUS_OK)
		return world.submit_status;
	if (world.requests - world.done == world.room)
		return STATUS_EAGAIN;
	CU_ASSERT_FATAL(world.requests < ARRAY_LEN(world.asked));
	world.asked[world.requests].operation = request->operation;
	world.asked[world.requests].offset = request->offset;
	world.asked[world.requests].token = request->token;
	world.asked[world.requests].data = request->count > 0 ? request->pieces[0].data : NULL;
	world.asked[world.requests++].len = request->count > 0 ? request->pieces[0].len : 0;
	return STATUS_OK;
}

void hal_block_kick(struct hal_block *block)
{
	(void)block;
	world.kicks++;
}

/* One a turn. A device that is stopped gives back what it has. */
bool hal_block_done(struct hal_block *block, void **token, status_t *status)
{
	(void)block;
	if (world.done == world.requests || (world.silent && !world.stopped))
		return false;
	*token = world.asked[world.done].token;
	world.done++;
	*status = world.stopped ? STATUS_ECANCELED : world.done == world.fail_request ? STATUS_EIO : STATUS_OK;
	return true;
}

bool hal_block_listen(struct hal_block *block, bool interrupts)
{
	(void)block;
	return interrupts && world.done != world.requests && !world.silent;
}

#endif
