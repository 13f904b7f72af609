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

enum { ROUNDS = 24, SECTOR = 512, FSCK_EVERY = 97, HEAD = 600, FILES = 40 };

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

static bool removed_in(unsigned number, unsigned round)
{
	return number + 2 == round && round % 4 == 3;
}

/*
 * A round: a new file, written twice, which the log has only where it may have what was there before; the head of the last one anew, which the log has; now
 * and then one of those is removed, so that the next ones lie there.
 */
static void file_round_do(unsigned round)
{
	static uint8_t record[16384];
	struct fs_node *root = volume->fs.root;
	struct fs_node *file;
	char name[40];

	record_fill(record, sizeof(record), round);
	(void)snprintf(name, sizeof(name), "file %u", round);
	CU_ASSERT_FATAL(ext4_ops.create(root, name_of(name), FS_FILE, 0600, &file) == STATUS_OK);
	CU_ASSERT(ext4_ops.write(file, 0, record, record_bytes(round) - HEAD / 4, false) == (int64_t)record_bytes(round) - HEAD / 4);
	CU_ASSERT(ext4_ops.write(file, HEAD / 2, record + HEAD / 2, record_bytes(round) - HEAD / 2, false) == (int64_t)record_bytes(round) - HEAD / 2);
	fs_node_put(file);
	if (round > 0) {
		(void)snprintf(name, sizeof(name), "file %u", round - 1);
		CU_ASSERT_FATAL(ext4_ops.lookup(root, name_of(name), &file) == STATUS_OK);
		CU_ASSERT(ext4_ops.write(file, 0, record, HEAD, false) == HEAD);
		fs_node_put(file);
	}
	(void)snprintf(name, sizeof(name), "file %u", round - 2);
	if (round > 1 && removed_in(round - 2, round))
		CU_ASSERT(ext4_ops.remove(root, name_of(name), false) == STATUS_OK);
	CU_ASSERT(ext4_ops.sync(root) == STATUS_OK);
	world_mark(&disk, round + 1ul);
}

/* A file as `rounds` rounds left it, and any part of the next one, which is this file's where it has that number. */
static bool file_is_whole(unsigned number, unsigned rounds)
{
	static uint8_t wanted[16384], head[HEAD], found[16384];
	bool removed = removed_in(number, number + 2);
	size_t bytes = record_bytes(number);
	struct fs_node *file;
	char name[40];
	size_t got;

	(void)snprintf(name, sizeof(name), "file %u", number);
	if (ext4_ops.lookup(volume->fs.root, name_of(name), &file) != STATUS_OK)
		return number >= rounds || (removed && number + 2 <= rounds);
	got = (size_t)ext4_ops.read(file, 0, found, sizeof(found));
	fs_node_put(file);
	if (number > rounds || (removed && number + 2 < rounds))
		return false;
	record_fill(wanted, sizeof(wanted), number);
	record_fill(head, HEAD, number + 1);
	if (number == rounds)
		return (got == 0 || got == bytes - HEAD / 4 || got == bytes) && memcmp(found, wanted, got) == 0;
	if (got != bytes || memcmp(found + HEAD, wanted + HEAD, bytes - HEAD) != 0)
		return false;
	return memcmp(found, head, HEAD) == 0 || (number + 1 == rounds && memcmp(found, wanted, HEAD) == 0);
}

/* A commit that nobody waited for may be there, too. */
static bool files_are_whole(unsigned least)
{
	for (unsigned rounds = least; rounds <= least + 1; rounds++) {
		unsigned number = 0;

		while (number < FILES && file_is_whole(number, rounds))
			number++;
		if (number == FILES)
			return true;
	}
	return false;
}

static bool (*is_whole)(unsigned rounds);

/* Mounts what is on the disk now, as after a cut behind mark `mark`. `torn`: within blocks: e2fsck does not look for a journal where the superblock is. */
static bool judge(struct world_disk *cut, uint64_t mark, bool torn)
{
	bool whole;

	checked++;
	if (checked % FSCK_EVERY == FSCK_EVERY / 2 && !torn) { /* as Linux would find it */
		fscked++;
		return world_shell(cut, "/sbin/e2fsck -p %s >/dev/null 2>&1; [ $? -le 1 ]", true) == 0 && world_fsck(cut) == 0;
	}
	if (!mount_it(cut))
		return false;
	whole = is_whole((unsigned)mark);
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
			if (!judge(cut, mark, keep == KEEP_SECTORS)) {
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

static void run(const char *options, uint64_t bytes, unsigned rounds, void (*work)(unsigned round), bool (*whole)(unsigned rounds))
{
	is_whole = whole;
	world_disk_make(&disk, bytes);
	world_mkfs(&disk, options);
	base = malloc(bytes);
	memcpy(base, disk.bytes, bytes);
	disk.records = true;
	CU_ASSERT_FATAL(mount_it(&disk));
	for (unsigned round = 0; round < rounds; round++)
		work(round);
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
	run("-b 1024 -N 128 -J size=1", 4 * MIB, 8, round_do, current_is_whole);
}

/* Long enough that the log begins anew several times. */
static void no_cut_while_the_log_begins_anew_loses_anything(void)
{
	run("-b 1024 -N 128 -J size=1", 4 * MIB, ROUNDS, round_do, current_is_whole);
}

static void no_cut_of_a_volume_without_checksums_loses_anything(void)
{
	run("-b 1024 -N 128 -J size=1 -O ^metadata_csum,^64bit", 4 * MIB, 6, round_do, current_is_whole);
}

static void no_cut_damages_files_whose_data_is_not_in_the_log(void)
{
	run("-b 1024 -N 128 -J size=1", 4 * MIB, FILES, file_round_do, files_are_whole);
}

static const struct unit_case cases[] = {
	UNIT_CASE(no_cut_loses_what_was_synced),
	UNIT_CASE(no_cut_while_the_log_begins_anew_loses_anything),
	UNIT_CASE(no_cut_of_a_volume_without_checksums_loses_anything),
	UNIT_CASE(no_cut_damages_files_whose_data_is_not_in_the_log),
};
UNIT_MAIN("kernel/io/fs/ext4/power_cut", cases)
