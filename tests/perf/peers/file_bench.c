// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What apps/files/bench.c does, for Linux, as its first process: loads modules, mounts the folder or the volume, measures, powers off. What is
 * under way at once there is a thread each here. One line a figure, as there. Before it reads a volume, that is mounted anew: it is the disk
 * that is to be read, not memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MAX = 16, SMALL_COUNT = 500, SYNC_COUNT = 200, MODULES_MAX = 32 };

static const char *place; /* host, data */

struct work {
	int file;
	uint64_t file_bytes, bytes, count;
	unsigned depth;
	bool write, random;
};

struct share {
	const struct work *work;
	unsigned number;
	bool failed;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *work_share(void *arg)
{
	struct share *share = arg;
	const struct work *work = share->work;
	uint64_t places = work->file_bytes / work->bytes;
	uint64_t state = 88172645463325252ull + share->number;
	void *buffer = aligned_alloc(4096, work->bytes);

	memset(buffer, (int)share->number + 1, work->bytes);
	for (uint64_t i = share->number; i < work->count && !share->failed; i += work->depth) {
		uint64_t place = i % places;
		ssize_t done;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		if (work->random)
			place = state % places;
		done = work->write ? pwrite(work->file, buffer, work->bytes, (off_t)(place * work->bytes)) :
				     pread(work->file, buffer, work->bytes, (off_t)(place * work->bytes));
		share->failed = done != (ssize_t)work->bytes;
	}
	free(buffer);
	return NULL;
}

static int place_mount(void)
{
	if (strcmp(place, "host") == 0)
		return mount("host", "/host", "9p", 0, "trans=virtio,version=9p2000.L,msize=524288");
	return mount("/dev/vda", "/data", "ext4", 0, getenv("options"));
}

static void cold(void)
{
	if (strcmp(place, "data") == 0 && (umount("/data") != 0 || place_mount() != 0))
		printf("mounted no more: %d\n", errno);
}

static const char *path_of(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/%s/%s", place, name);
	return path;
}

static void transfers(const char *what, bool write, bool random, uint64_t file_bytes)
{
	struct work work = {
		.file = open(path_of("bench"), O_RDWR | O_CREAT, 0644),
		.file_bytes = file_bytes,
		.bytes = random ? 4096 : 262144,
		.count = random ? 2000 : file_bytes / 262144,
		.depth = random ? 16 : 4,
		.write = write,
		.random = random,
	};
	struct share shares[DEPTH_MAX];
	pthread_t threads[DEPTH_MAX];
	bool failed = work.file < 0;
	uint64_t ns = now_ns();

	for (unsigned i = 0; i < work.depth; i++) {
		shares[i] = (struct share){ .work = &work, .number = i };
		pthread_create(&threads[i], NULL, work_share, &shares[i]);
	}
	for (unsigned i = 0; i < work.depth; i++) {
		pthread_join(threads[i], NULL);
		failed |= shares[i].failed;
	}
	if (write)
		failed |= fsync(work.file) != 0;
	ns = now_ns() - ns;
	close(work.file);
	if (failed)
		printf("%s failed: %d\n", what, errno);
	else if (random)
		printf("%s %llu ops/s\n", what, (unsigned long long)(work.count * 1000000000 / ns));
	else
		printf("%s %llu KiB/s\n", what, (unsigned long long)(work.count * work.bytes * 1000000 / 1024 * 1000 / ns));
}

/* Each is on the disk before the next. */
static void synced_writes(void)
{
	int file = open(path_of("synced"), O_RDWR | O_CREAT, 0644);
	static char buffer[4096];
	uint64_t ns = now_ns();
	bool failed = file < 0;

	memset(buffer, 1, sizeof(buffer));
	for (unsigned i = 0; i < SYNC_COUNT && !failed; i++)
		failed = pwrite(file, buffer, sizeof(buffer), (off_t)(i * sizeof(buffer))) != sizeof(buffer) || fsync(file) != 0;
	ns = now_ns() - ns;
	close(file);
	if (failed)
		printf("syncwrite failed: %d\n", errno);
	else
		printf("syncwrite %llu ops/s\n", (unsigned long long)(SYNC_COUNT * 1000000000ull / ns));
}

static int small_create(const char *path)
{
	static const char line[] = "a small file\n";
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (file < 0 || write(file, line, sizeof(line) - 1) != sizeof(line) - 1)
		return -1;
	return close(file);
}

static int small_stat(const char *path)
{
	struct stat found;

	return stat(path, &found);
}

static void small_files(void)
{
	static const struct {
		const char *name;
		int (*run)(const char *path);
	} steps[] = { { "create", small_create }, { "stat", small_stat }, { "unlink", unlink } };
	char path[64];

	for (unsigned step = 0; step < 3; step++) {
		uint64_t ns = now_ns();
		int failed = 0;

		for (unsigned i = 0; i < SMALL_COUNT; i++) {
			snprintf(path, sizeof(path), "/%s/small-%u", place, i);
			failed |= steps[step].run(path);
		}
		ns = now_ns() - ns;
		if (failed)
			printf("%s failed: %d\n", steps[step].name, errno);
		else
			printf("%s %llu ops/s\n", steps[step].name, (unsigned long long)(SMALL_COUNT * 1000000000ull / ns));
	}
}

static void modules_load(void)
{
	char path[32];

	for (unsigned i = 0; i < MODULES_MAX; i++) {
		int file;

		snprintf(path, sizeof(path), "/modules/%u.ko", i);
		file = open(path, O_RDONLY);
		if (file < 0)
			continue;
		if (syscall(SYS_finit_module, file, "", 0) != 0)
			printf("module %u: %d\n", i, errno);
		close(file);
	}
}

static void measure(void)
{
	uint64_t file_bytes = 64u << 20;

	transfers("seqwrite", true, false, file_bytes);
	cold();
	transfers("seqread", false, false, file_bytes);
	transfers("randwrite", true, true, file_bytes);
	cold();
	transfers("randread", false, true, file_bytes);
	synced_writes();
	small_files();
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	place = getenv("place");
	modules_load();
	if (mount("dev", "/dev", "devtmpfs", 0, "") != 0)
		printf("no devices: %d\n", errno);
	if (place_mount() != 0)
		printf("mount failed: %d\n", errno);
	else
		measure();
	printf("done\n");
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
