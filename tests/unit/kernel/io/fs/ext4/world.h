// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Volumes on the host: a disk in memory that remembers which writes were not flushed yet, and mkfs.ext4, debugfs and e2fsck to make images and
 * to judge them.
 */
#ifndef TESTS_UNIT_EXT4_WORLD_H
#define TESTS_UNIT_EXT4_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/io/fs/ext4/device.h"
#include "kernel/io/fs/ext4/volume.h"

/* One write, or a flush (bytes 0), as it came. */
struct world_event {
	uint64_t offset;
	uint32_t bytes;
	uint8_t *data;
	uint64_t mark; /* what world_mark() said before it */
};

struct world_disk {
	struct ext4_device device;
	uint8_t *bytes;
	bool records;  /* events are kept */
	struct world_event *events;
	unsigned event_count, event_room;
	uint64_t mark;
	uint64_t fail_at; /* the request of this number fails, and every one behind it where `fails_on`; 0: none */
	bool fails_on;
	uint64_t requests;
	unsigned submitted, untold; /* requests; those that nobody told the device of yet */
};

/* A disk of `bytes` zeroes. */
void world_disk_make(struct world_disk *disk, uint64_t bytes);
void world_disk_free(struct world_disk *disk);

/* mkfs.ext4 with `options` on the disk. */
void world_mkfs(struct world_disk *disk, const char *options);

/* Runs debugfs commands, a line each, on the disk. */
void world_debugfs(struct world_disk *disk, const char *commands);

/* Exit status of `e2fsck -fn`, 0: clean; what it said is printed where it is not. */
int world_fsck(const struct world_disk *disk);

/* Whatever a command with %s for the image says of it; its exit status. */
int world_shell(struct world_disk *disk, const char *command, bool writes);

/* Lines reported by the volume so far, and the last one. */
unsigned world_reports(void);
const char *world_last_report(void);

/* Writes that come next are behind this mark. */
void world_mark(struct world_disk *disk, uint64_t mark);

#endif
