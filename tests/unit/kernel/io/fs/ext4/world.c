// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#define _GNU_SOURCE
#include "tests/unit/kernel/io/fs/ext4/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/io/fs/ext4/platform.h"

static unsigned report_count;
static char last_report[200];
static uint64_t now_ns = 1000000000;

void *ext4_block_alloc(size_t bytes)
{
	return aligned_alloc(bytes, bytes);
}

void ext4_block_free(void *block, size_t bytes)
{
	(void)bytes;
	free(block);
}

uint64_t ext4_now_ns(void)
{
	return now_ns += 1000;
}

void ext4_random(void *to, size_t bytes)
{
	memset(to, 0x5a, bytes);
}

uint32_t (*ext4_cpu_crc32c(void))(uint32_t seed, const void *data, size_t bytes)
{
	return NULL;
}

struct ext4_lock {
	bool taken;
};

struct ext4_lock *ext4_lock_make(void)
{
	return calloc(1, sizeof(struct ext4_lock));
}

void ext4_lock_free(struct ext4_lock *lock)
{
	free(lock);
}

void ext4_lock_take(struct ext4_lock *lock)
{
	if (lock->taken)
		abort();
	lock->taken = true;
}

void ext4_lock_give(struct ext4_lock *lock)
{
	if (!lock->taken)
		abort();
	lock->taken = false;
}

bool ext4_lock_is_taken(const struct ext4_lock *lock)
{
	return lock->taken;
}

void ext4_flusher_wake(struct ext4_flusher *flusher)
{
	(void)flusher;
}

void ext4_report(const char *line)
{
	report_count++;
	(void)snprintf(last_report, sizeof(last_report), "%s", line);
}

unsigned world_reports(void)
{
	return report_count;
}

const char *world_last_report(void)
{
	return last_report;
}

static void remember(struct world_disk *disk, uint64_t offset, const void *data, uint32_t bytes)
{
	struct world_event *event;

	if (!disk->records)
		return;
	if (disk->event_count == disk->event_room) {
		disk->event_room = disk->event_room * 2 + 256;
		disk->events = realloc(disk->events, disk->event_room * sizeof(*disk->events));
	}
	event = &disk->events[disk->event_count++];
	*event = (struct world_event){ offset, bytes, NULL, disk->mark };
	if (bytes == 0)
		return;
	event->data = malloc(bytes);
	memcpy(event->data, data, bytes);
}

void world_mark(struct world_disk *disk, uint64_t mark)
{
	disk->mark = mark;
}

/* Requests are done when somebody waits, or by the one after: so that what is under way is seen to be. */
static void request_do(struct world_disk *disk, struct ext4_io *io)
{
	uint64_t offset = io->offset;

	disk->requests++;
	io->status = STATUS_OK;
	if (disk->fail_at != 0 && (disk->requests == disk->fail_at || (disk->fails_on && disk->requests > disk->fail_at)))
		io->status = STATUS_EIO;
	for (unsigned i = 0; i < io->count && io->status == STATUS_OK; i++) {
		const struct hal_block_piece *piece = &io->pieces[i];

		if (piece->len % HAL_BLOCK_UNIT != 0 || offset % HAL_BLOCK_UNIT != 0 || offset + piece->len > disk->device.bytes)
			abort();
		if (io->operation == HAL_BLOCK_READ) {
			memcpy(piece->data, disk->bytes + offset, piece->len);
		} else {
			memcpy(disk->bytes + offset, piece->data, piece->len);
			remember(disk, offset, piece->data, piece->len);
		}
		offset += piece->len;
	}
	if (io->operation == HAL_BLOCK_FLUSH && io->status == STATUS_OK)
		remember(disk, 0, NULL, 0);
	io->done = true;
}

static void submit(struct ext4_device *device, struct ext4_io *io)
{
	if (device->read_only && io->operation != HAL_BLOCK_READ)
		abort();
	if (io->operation == HAL_BLOCK_READ)
		memset(io->pieces[0].data, 0xa5, io->pieces[0].len); /* whoever looks before it is done sees it */
	((struct world_disk *)device)->submitted++;
	((struct world_disk *)device)->untold++;
	io->done = false;
	if (io->operation != HAL_BLOCK_READ)
		request_do((struct world_disk *)device, io);
}

static void kick(struct ext4_device *device)
{
	((struct world_disk *)device)->untold = 0;
}

static void wait_for(struct ext4_device *device, struct ext4_io *io)
{
	kick(device);
	if (!io->done)
		request_do((struct world_disk *)device, io);
}

void world_disk_make(struct world_disk *disk, uint64_t bytes)
{
	*disk = (struct world_disk){ .device = { .bytes = bytes, .flush = true, .pieces_max = HAL_BLOCK_PIECES_MAX, .submit = submit, .kick = kick, .wait = wait_for } };
	disk->bytes = calloc(1, bytes);
}

void world_disk_free(struct world_disk *disk)
{
	for (unsigned i = 0; i < disk->event_count; i++)
		free(disk->events[i].data);
	free(disk->events);
	free(disk->bytes);
	*disk = (struct world_disk){ 0 };
}

/* The image as a file, for programs; back into memory where they write. */
int world_shell(struct world_disk *disk, const char *command, bool writes)
{
	const char *folder = getenv("TMPDIR");
	char path[256];
	char line[1024];
	FILE *file;
	int status;

	(void)snprintf(path, sizeof(path), "%s/rumpk-volume-%d.img", folder != NULL ? folder : "/tmp", (int)getpid());
	file = fopen(path, "wb");
	if (file == NULL || fwrite(disk->bytes, 1, disk->device.bytes, file) != disk->device.bytes || fclose(file) != 0)
		abort();
	(void)snprintf(line, sizeof(line), command, path);
	status = system(line);
	if (writes) {
		file = fopen(path, "rb");
		if (file == NULL || fread(disk->bytes, 1, disk->device.bytes, file) != disk->device.bytes || fclose(file) != 0)
			abort();
	}
	(void)unlink(path);
	return WEXITSTATUS(status);
}

void world_mkfs(struct world_disk *disk, const char *options)
{
	char command[512];

	(void)snprintf(command, sizeof(command), "/sbin/mkfs.ext4 -q -F %s %%s", options);
	if (world_shell(disk, command, true) != 0)
		abort();
}

void world_debugfs(struct world_disk *disk, const char *commands)
{
	char command[900];

	(void)snprintf(command, sizeof(command), "/sbin/debugfs -w -f - %%s >/dev/null 2>&1 <<'END'\n%s\nEND\n", commands);
	if (world_shell(disk, command, true) != 0)
		abort();
}

int world_fsck(const struct world_disk *disk)
{
	return world_shell((struct world_disk *)(uintptr_t)disk, "/sbin/e2fsck -fn %s >/tmp/rumpk-fsck.$$ 2>&1; s=$?; [ $s = 0 ] || cat /tmp/rumpk-fsck.$$; rm -f /tmp/rumpk-fsck.$$; exit $s", false);
}
