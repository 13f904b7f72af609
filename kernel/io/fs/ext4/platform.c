// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Volumes in the kernel: memory, time, locks, and a fiber a volume that commits what has waited long enough. */
#include "kernel/io/fs/ext4/platform.h"

#include <stdlib.h>

#include "hal/contract/cpu.h"
#include "hal/contract/memory.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/core/entropy.h"
#include "kernel/core/fiber.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/core/wait.h"
#include "kernel/io/fs/ext4/disk.h"
#include "kernel/io/fs/ext4/ext4.h"
#include "kernel/io/fs/ext4/volume.h"
#include "lib/format.h"

#define COMMIT_NS 5000000000ul

enum { CACHE_SHARE = 16, CACHE_BYTES_MIN = 64 << 10, CACHE_BYTES_MAX = 64 << 20 };

void *ext4_block_alloc(size_t bytes)
{
	uint64_t pa;

	if (bytes < HAL_PAGE_BYTES)
		return malloc(bytes);
	pa = page_alloc(0);
	return pa != 0 ? hal_direct_va(pa) : NULL;
}

void ext4_block_free(void *block, size_t bytes)
{
	if (bytes < HAL_PAGE_BYTES)
		free(block);
	else if (block != NULL)
		page_free(hal_direct_pa(block), 0);
}

uint64_t ext4_now_ns(void)
{
	return hal_timer_now_ns();
}

void ext4_random(void *to, size_t bytes)
{
	entropy_draw(to, bytes);
}

uint32_t (*ext4_cpu_crc32c(void))(uint32_t seed, const void *data, size_t bytes)
{
	return hal_cpu_has_crc32c() ? hal_cpu_crc32c : NULL;
}

void ext4_report(const char *line)
{
	log_line("%s", line);
}

struct ext4_lock {
	bool taken;
	struct wait_queue waiters;
};

struct ext4_lock *ext4_lock_make(void)
{
	struct ext4_lock *lock = malloc(sizeof(*lock));

	if (lock == NULL)
		return NULL;
	lock->taken = false;
	wait_queue_init(&lock->waiters);
	return lock;
}

void ext4_lock_free(struct ext4_lock *lock)
{
	free(lock);
}

void ext4_lock_take(struct ext4_lock *lock)
{
	while (lock->taken)
		if (wait_queue_sleep(&lock->waiters, WAIT_FOREVER) == STATUS_ECANCELED)
			fiber_yield();
	lock->taken = true;
}

void ext4_lock_give(struct ext4_lock *lock)
{
	lock->taken = false;
	wait_queue_wake(&lock->waiters);
}

bool ext4_lock_is_taken(const struct ext4_lock *lock)
{
	return lock->taken;
}

struct ext4_flusher {
	struct fiber *fiber;
	struct wait_queue wake;
	bool end;
};

void ext4_flusher_wake(struct ext4_flusher *flusher)
{
	if (flusher != NULL)
		wait_queue_wake(&flusher->wake);
}

/* Commits a transaction that has run for COMMIT_NS; no timer is armed while none runs. */
static void flusher_main(void *arg)
{
	struct volume *volume = arg;
	struct ext4_flusher *flusher = volume->flusher;

	while (!flusher->end) {
		bool runs = volume->changed && !volume->failed;

		(void)wait_queue_sleep(&flusher->wake, runs ? volume->changed_ns + COMMIT_NS : WAIT_FOREVER);
		if (flusher->end || !volume->changed || volume->failed || hal_timer_now_ns() < volume->changed_ns + COMMIT_NS)
			continue;
		ext4_lock_take(volume->lock);
		if (volume_commit(volume) != STATUS_OK)
			log_line("ext4: what was written in the last seconds is lost");
		ext4_lock_give(volume->lock);
	}
}

static status_t flusher_begin(struct volume *volume)
{
	static const struct fiber_options options = { .name = "ext4", .priority = FIBER_NORMAL, .joinable = true };
	struct ext4_flusher *flusher = calloc(1, sizeof(*flusher));

	if (flusher == NULL)
		return STATUS_ENOMEM;
	wait_queue_init(&flusher->wake);
	volume->flusher = flusher;
	flusher->fiber = fiber_create_with(&options, flusher_main, volume);
	if (flusher->fiber != NULL)
		return STATUS_OK;
	free(flusher);
	volume->flusher = NULL;
	return STATUS_ENOMEM;
}

static void flusher_end(struct volume *volume)
{
	struct ext4_flusher *flusher = volume->flusher;

	if (flusher == NULL)
		return;
	flusher->end = true;
	wait_queue_wake(&flusher->wake);
	while (fiber_join(flusher->fiber, WAIT_FOREVER) == STATUS_ECANCELED)
		fiber_yield();
	free(flusher);
	volume->flusher = NULL;
}

/* A share of what memory is free now. */
static size_t cache_bytes(void)
{
	uint64_t bytes = page_free_count() * HAL_PAGE_BYTES / CACHE_SHARE;

	if (bytes > CACHE_BYTES_MAX)
		bytes = CACHE_BYTES_MAX;
	return bytes < CACHE_BYTES_MIN ? CACHE_BYTES_MIN : (size_t)bytes;
}

status_t ext4_mount(unsigned block_device, bool read_only, struct fs **out, char *why, size_t why_bytes)
{
	struct ext4_device *device;
	struct volume *volume;
	status_t status = disk_open(block_device, &device);

	if (status != STATUS_OK) {
		(void)format_print(why, why_bytes, "%s", status == STATUS_ENODEV ? "there is no such disk" :
						       status == STATUS_EBUSY  ? "the disk is in use" : "the disk does not start");
		return status;
	}
	status = volume_mount(device, read_only, cache_bytes(), &volume, why, why_bytes);
	if (status == STATUS_OK && !volume->fs.read_only) {
		status = flusher_begin(volume);
		if (status != STATUS_OK) {
			(void)format_print(why, why_bytes, "out of memory");
			(void)volume_unmount(volume);
		}
	}
	if (status != STATUS_OK) {
		disk_close(device);
		return status;
	}
	volume->fs.cpu = hal_cpu_index();
	*out = &volume->fs;
	return STATUS_OK;
}

status_t ext4_keep(struct fs *fs, struct span name, uint32_t bytes)
{
	struct volume *volume = (struct volume *)fs;
	status_t status;

	ext4_lock_take(volume->lock);
	status = file_keep(volume, name, bytes);
	ext4_lock_give(volume->lock);
	return status;
}

status_t ext4_put_at_panic(struct fs *fs, struct span text)
{
	uint64_t deadline_ns = hal_timer_now_ns() + DISK_AT_PANIC_NS;
	struct volume *volume = (struct volume *)fs;
	const struct kept_file *kept = &volume->kept;
	uint32_t block_bytes = volume->cache.block_bytes;
	struct ext4_io io = { .operation = HAL_BLOCK_FLUSH };
	const uint8_t *at = text.data;
	status_t status = kept->number != 0 ? disk_begin_at_panic(volume->device) : STATUS_ENOENT;

	for (unsigned i = 0; status == STATUS_OK && i < kept->run_count; i++) {
		struct ext4_io write = { .operation = HAL_BLOCK_WRITE, .offset = kept->runs[i].block * block_bytes, .count = 1 };

		write.pieces[0] = (struct hal_block_piece){ (void *)(uintptr_t)at, kept->runs[i].count * block_bytes };
		at += write.pieces[0].len;
		status = disk_do_at_panic(volume->device, &write, deadline_ns);
	}
	return status == STATUS_OK && volume->device->flush ? disk_do_at_panic(volume->device, &io, deadline_ns) : status;
}

status_t ext4_unmount(struct fs *fs)
{
	struct volume *volume = (struct volume *)fs;
	struct ext4_device *device = volume->device;
	status_t status;

	flusher_end(volume);
	status = volume_unmount(volume);
	disk_close(device);
	return status;
}
