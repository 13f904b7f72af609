// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The power goes. A run is recorded as the disk saw it: writes, and flushes between them. Then, for every place where it can be cut, the disk has all that
 * was flushed, and of what was written since any part: all, none, each single one, all but each one, the last ones alone, and random ones; whole writes, or
 * single sectors of them. After each the volume is mounted: its journal is replayed, what was synced is there, no operation is half done; and e2fsck, in
 * a sample, finds nothing to complain of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kernel/io/fs/ext4/world.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define MIB (1ul << 20)

enum { ROUNDS = 24, SECTOR = 512, FSCK_EVERY = 97 };

static struct world_disk disk;
static struct volume *volume;
static uint8_t *base; /* the disk before the run */
static unsigned checked, fscked;

static struct span name_of(const char *text)
{
	return span_of(text, strlen(text));
}

static bool mount_it(struct world_disk *which)
{
	char why[100] = "";
	status_t status = volume_mount(&which->device, false, 1 << 18, &volume, why, sizeof(why));

	if (status != STATUS_OK)
		printf("mount: %d, %s\n", status, why);
	return status == STATUS_OK;
}

/* What a record of round `round` is: it says so itself, throughout. */
static void record_fill(uint8_t *record, size_t bytes, unsigned round)
{
	for (size_t i = 0; i < bytes; i++)
		record[i] = (uint8_t)(round * 37 + i * 11 + i / 251);
}

static size_t record_bytes(unsigned round)
{
	return 700 + round * 613 % 9000;
}

/*
 * A round: a record to a temporary file, which is then renamed over `current`, a log to which its number is added, directories and links that come and go,
 * one file that is removed while it is held. Sync: from then on it must be there.
 */
static void round_do(unsigned round)
{
	static uint8_t record[16384];
	struct fs_node *root = volume->fs.root;
	struct fs_node *file;
	char name[40];

	record_fill(record, record_bytes(round), round);
	CU_ASSERT_FATAL(ext4_ops.create(root, name_of("new"), FS_FILE, 0600, &file) == STATUS_OK);
	CU_ASSERT(ext4_ops.write(file, 0, record, record_bytes(round), false) == (int64_t)record_bytes(round) || !printf("%d: %ld\n", round, (long)ext4_ops.write(file, 0, record, record_bytes(round), false)));
	CU_ASSERT(ext4_ops.write(file, 0, &round, sizeof(round), true) == sizeof(round));
	CU_ASSERT(ext4_ops.rename(root, name_of("new"), root, name_of("current"), false) == STATUS_OK);
	(void)snprintf(name, sizeof(name), "directory %u", round);
	fs_node_put(file);
	CU_ASSERT(ext4_ops.create(root, name_of(name), FS_DIRECTORY, 0700, &file) == STATUS_OK);
	fs_node_put(file);
	if (round >= 3) {
		(void)snprintf(name, sizeof(name), "directory %u", round - 3);
		CU_ASSERT(ext4_ops.remove(root, name_of(name), true) == STATUS_OK);
	}
	CU_ASSERT(ext4_ops.create(root, name_of("held"), FS_FILE, 0600, &file) == STATUS_OK);
	CU_ASSERT(ext4_ops.write(file, 0, record, 3000, false) == 3000);
	CU_ASSERT(ext4_ops.remove(root, name_of("held"), false) == STATUS_OK);
	CU_ASSERT(ext4_ops.sync(root) == STATUS_OK);
	world_mark(&disk, round + 1ul);
	fs_node_put(file);
}

/* What is in `current` is one whole round, which is `least` or newer. */
static bool current_is_whole(unsigned least)
{
	static uint8_t wanted[16384], found[16384];
	struct fs_node *file;
	unsigned round;
	int64_t bytes;
	status_t status = ext4_ops.lookup(volume->fs.root, name_of("current"), &file);

	if (status != STATUS_OK)
		return status == STATUS_ENOENT && least == 0;
	bytes = ext4_ops.read(file, 0, found, sizeof(found));
	fs_node_put(file);
	if (bytes < (int64_t)sizeof(round))
		return false;
	memcpy(&round, found + bytes - sizeof(round), sizeof(round));
	if (round >= ROUNDS || round + 1 < least || record_bytes(round) + sizeof(round) != (size_t)bytes)
		return false;
	record_fill(wanted, record_bytes(round), round);
	return memcmp(wanted, found, record_bytes(round)) == 0;
}

/* Mounts what is on the disk now, as after a cut behind mark `mark`. */
static bool judge(struct world_disk *cut, uint64_t mark)
{
	bool whole;

	checked++;
	if (checked % FSCK_EVERY == FSCK_EVERY / 2) { /* as Linux would find it */
		fscked++;
		return world_shell(cut, "/sbin/e2fsck -p %s >/dev/null 2>&1; [ $? -le 1 ]", true) == 0 && world_fsck(cut) == 0;
	}
	if (!mount_it(cut))
		return false;
	whole = current_is_whole((unsigned)mark);
	if (!whole)
		printf("round %u is not whole\n", (unsigned)mark);
	if (volume_unmount(volume) != STATUS_OK)
		return false;
	if (whole && checked % FSCK_EVERY == 0) {
		fscked++;
		return world_fsck(cut) == 0;
	}
	return whole;
}

static void apply(uint8_t *to, const struct world_event *event)
{
	if (event->bytes > 0)
		memcpy(to + event->offset, event->data, event->bytes);
}

/* Which of the writes since the last flush reach the disk. */
enum keep { KEEP_NONE, KEEP_ALL, KEEP_ONE, KEEP_ALL_BUT_ONE, KEEP_FROM, KEEP_RANDOM, KEEP_SECTORS, KEEPS };

static void apply_some(struct world_disk *cut, unsigned first, unsigned end, enum keep keep, unsigned which, struct random *random)
{
	for (unsigned i = first; i < end; i++) {
		const struct world_event *event = &disk.events[i];
		bool kept = keep == KEEP_ALL || (keep == KEEP_ONE && i == which) || (keep == KEEP_ALL_BUT_ONE && i != which) ||
			    (keep == KEEP_FROM && i >= which) || (keep == KEEP_RANDOM && random_below(random, 2));

		if (kept)
			apply(cut->bytes, event);
		for (uint32_t at = 0; keep == KEEP_SECTORS && at < event->bytes; at += SECTOR)
			if (random_below(random, 2))
				memcpy(cut->bytes + event->offset + at, event->data + at, SECTOR);
	}
}

/* Every choice for the writes [first, end) on top of `flushed`. */
static bool cuts(struct world_disk *cut, const uint8_t *flushed, unsigned first, unsigned end, struct random *random)
{
	uint64_t mark = first > 0 ? disk.events[first - 1].mark : 0;

	for (enum keep keep = 0; keep < KEEPS; keep++) {
		bool each = keep == KEEP_ONE || keep == KEEP_ALL_BUT_ONE || keep == KEEP_FROM;
		unsigned from = each || keep == KEEP_RANDOM || keep == KEEP_SECTORS ? first : end > first ? end - 1 : first;

		for (unsigned which = from; which < end || which == from; which++) {
			memcpy(cut->bytes, flushed, cut->device.bytes);
			apply_some(cut, first, end, keep, which, random);
			if (!judge(cut, mark)) {
				printf("cut behind event %u of [%u, %u), keep %d\n", which, first, end, keep);
				return false;
			}
		}
	}
	return true;
}

/* The recorded run, cut everywhere. */
static bool cut_everywhere(void)
{
	struct random random = random_start(7);
	struct world_disk cut;
	uint8_t *flushed = malloc(disk.device.bytes);
	unsigned first = 0;
	bool holds = true;

	world_disk_make(&cut, disk.device.bytes);
	memcpy(flushed, base, disk.device.bytes);
	for (unsigned i = 0; i <= disk.event_count && holds; i++) {
		if (i < disk.event_count && disk.events[i].bytes > 0)
			continue;
		holds = cuts(&cut, flushed, first, i, &random);
		for (; first < i; first++)
			apply(flushed, &disk.events[first]);
		first = i + 1;
	}
	world_disk_free(&cut);
	free(flushed);
	return holds;
}

static void run(const char *options, uint64_t bytes, unsigned rounds)
{
	world_disk_make(&disk, bytes);
	world_mkfs(&disk, options);
	base = malloc(bytes);
	memcpy(base, disk.bytes, bytes);
	disk.records = true;
	CU_ASSERT_FATAL(mount_it(&disk));
	for (unsigned round = 0; round < rounds; round++)
		round_do(round);
	CU_ASSERT(volume_unmount(volume) == STATUS_OK);
	checked = 0;
	fscked = 0;
	CU_ASSERT(cut_everywhere());
	printf("%u events, %u cuts, e2fsck after %u ... ", disk.event_count, checked, fscked);
	CU_ASSERT(fscked > 0);
	free(base);
	world_disk_free(&disk);
}

static void no_cut_loses_what_was_synced(void)
{
	run("-b 1024 -N 128 -J size=1", 4 * MIB, 8);
}

/* Long enough that the log begins anew several times. */
static void no_cut_while_the_log_begins_anew_loses_anything(void)
{
	run("-b 1024 -N 128 -J size=1", 4 * MIB, ROUNDS);
}

static void no_cut_of_a_volume_without_checksums_loses_anything(void)
{
	run("-b 1024 -N 128 -J size=1 -O ^metadata_csum,^64bit", 4 * MIB, 6);
}

static const struct unit_case cases[] = {
	UNIT_CASE(no_cut_loses_what_was_synced),
	UNIT_CASE(no_cut_while_the_log_begins_anew_loses_anything),
	UNIT_CASE(no_cut_of_a_volume_without_checksums_loses_anything),
};
UNIT_MAIN("kernel/io/fs/ext4/power_cut", cases)
