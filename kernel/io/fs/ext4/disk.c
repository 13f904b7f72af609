// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Whoever waits for a request looks or sleeps, as the disk's governor says (device_governor.h). A device that says nothing for PATIENCE_NS is stopped:
 * what was under way has failed then.
 */
#include "kernel/io/fs/ext4/disk.h"

#include <stdlib.h>

#include "hal/contract/timer.h"
#include "kernel/core/deferred.h"
#include "kernel/core/fiber.h"
#include "kernel/core/wait.h"
#include "kernel/io/device_governor.h"
#include "kernel/io/devices.h"
#include "kernel/io/ring_war.h"
#include "kernel/io/wake_cost.h"
#include "lib/format.h"

#define PATIENCE_NS 30000000000ul

struct disk {
	struct ext4_device device; /* first */
	struct hal_block *block;
	struct list_node waiting; /* requests that the device has no room for yet */
	struct wait_queue done;
	struct deferred interrupt;
	struct device_governor governor;
};

static void wake(void *arg)
{
	wait_queue_wake(&((struct disk *)arg)->done);
}

/* Context: interrupt. */
static void on_ready(void *ctx)
{
	deferred_post(&((struct disk *)ctx)->interrupt);
}

/* To the device; false where it has no room. What it refuses has failed. */
static bool hand_over(struct disk *disk, struct ext4_io *io)
{
	const struct hal_block_request request = { .operation = io->operation, .offset = io->offset, .pieces = io->pieces, .count = io->count, .token = io };
	status_t status = hal_block_submit(disk->block, &request);

	if (status == STATUS_EAGAIN)
		return false;
	if (status != STATUS_OK) {
		io->status = STATUS_EIO;
		io->done = true;
	}
	return true;
}

/* Takes what is done, how many, and hands over what had to wait. */
static unsigned turn(struct disk *disk)
{
	unsigned count = 0;
	status_t status;
	void *token;

	for (; hal_block_done(disk->block, &token, &status); count++) {
		struct ext4_io *io = token;

		io->status = status == STATUS_OK ? STATUS_OK : STATUS_EIO;
		io->done = true;
	}
	while (!list_is_empty(&disk->waiting)) {
		struct ext4_io *next = LIST_OWNER(disk->waiting.next, struct ext4_io, node);

		if (!hand_over(disk, next))
			break;
		list_remove(&next->node);
	}
	hal_block_kick(disk->block);
	return count;
}

static void disk_submit(struct ext4_device *device, struct ext4_io *io)
{
	struct disk *disk = (struct disk *)device;

	io->done = false;
	if (!list_is_empty(&disk->waiting) || !hand_over(disk, io))
		list_push_back(&disk->waiting, &io->node);
}

static void disk_kick(struct ext4_device *device)
{
	hal_block_kick(((struct disk *)device)->block);
}

/* Whether the device had to wake it. */
static bool sleep_until(struct disk *disk, uint64_t deadline_ns)
{
	bool sleeps = !hal_block_listen(disk->block, true);

	if (sleeps)
		(void)wait_queue_sleep(&disk->done, deadline_ns);
	(void)hal_block_listen(disk->block, false);
	return sleeps;
}

static void disk_wait(struct ext4_device *device, struct ext4_io *io)
{
	struct disk *disk = (struct disk *)device;
	uint64_t began = hal_timer_now_ns();
	bool stopped = false;
	bool woken;

	(void)turn(disk); /* what was done before anybody waited would have interrupted nobody */
	device_governor_begin(&disk->governor, began);
	while (!io->done) {
		woken = false;
		if (hal_timer_now_ns() - began > PATIENCE_NS && !stopped) {
			hal_block_stop(disk->block);
			stopped = true;
		} else if (stopped) {
			fiber_yield(); /* until the device has ended its reset */
		} else if (!device_governor_polls(&disk->governor)) {
			woken = sleep_until(disk, began + PATIENCE_NS + 1);
		}
		device_governor_step(&disk->governor, turn(disk), woken, hal_timer_now_ns());
	}
	device_governor_end(&disk->governor, hal_timer_now_ns());
}

status_t disk_open(unsigned index, struct ext4_device **out)
{
	char name[DEVICE_GOVERNOR_NAME_BYTES];
	struct hal_block_info info;
	struct disk *disk;
	status_t status = devices_probe();

	if (status != STATUS_OK)
		return status;
	if (index >= hal_block_count())
		return STATUS_ENODEV;
	disk = calloc(1, sizeof(*disk));
	if (disk == NULL)
		return STATUS_ENOMEM;
	list_init(&disk->waiting);
	wait_queue_init(&disk->done);
	disk->interrupt = (struct deferred){ .run = wake, .arg = disk };
	(void)format_print(name, sizeof(name), "disk %u", index);
	device_governor_init(&disk->governor, ring_war_rule(), wake_cost_ns(), 0, name);
	disk->block = hal_block_at(index);
	status = disk->block == NULL ? STATUS_ENOMEM : hal_block_start(disk->block, on_ready, disk);
	if (status != STATUS_OK) {
		free(disk);
		return status;
	}
	hal_block_info(disk->block, &info);
	disk->device = (struct ext4_device){
		.bytes = info.bytes, .read_only = info.read_only, .flush = info.flush, .pieces_max = info.pieces_max, .submit = disk_submit, .kick = disk_kick, .wait = disk_wait,
	};
	device_governor_add(&disk->governor);
	*out = &disk->device;
	return STATUS_OK;
}

status_t disk_begin_at_panic(struct ext4_device *device)
{
	struct disk *disk = (struct disk *)device;

	list_init(&disk->waiting);
	return hal_block_start_at_panic(disk->block);
}

status_t disk_do_at_panic(struct ext4_device *device, struct ext4_io *io, uint64_t deadline_ns)
{
	struct disk *disk = (struct disk *)device;

	disk_submit(device, io);
	for (turn(disk); !io->done; turn(disk))
		if (!hal_timer_rest(deadline_ns))
			return STATUS_ETIMEDOUT;
	return io->status;
}

void disk_close(struct ext4_device *device)
{
	struct disk *disk = (struct disk *)device;

	device_governor_remove(&disk->governor);
	hal_block_stop(disk->block);
	fiber_yield(); /* an interrupt that was left to be served finds the disk */
	free(disk);
}
