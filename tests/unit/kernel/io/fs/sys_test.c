// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* /sys/rumpk, with the kernel that it tells of played by the test. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* hal/contract/cpu.h of this machine. */
#define HAL_CONTRACT_CPU_H
static inline void hal_cpu_relax(void)
{
}

#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"

static bool memory_is_out;

static void *text_alloc(size_t bytes)
{
	return memory_is_out ? NULL : malloc(bytes);
}

#define malloc text_alloc
#include "kernel/io/fs/sys.c"
#undef malloc

const struct build_stamp build_stamp = { .version = "1.2.3", .commit = "abc-dirty" };

static struct heap heap;
static struct device_governor device; /* none where it has no name */
static struct process processes_there[2];
static unsigned processes_many, fibers_many;
static struct fs *fs;
static char got[TEXT_BYTES + 1];

struct heap *kheap(void)
{
	return &heap;
}

uint64_t page_free_count(void)
{
	return 77;
}

uint64_t hal_timer_now_ns(void)
{
	return 123456789;
}

unsigned smp_online(void)
{
	return 3;
}

enum governor_rule ring_war_rule(void)
{
	return GOVERNOR_ALWAYS_WAR;
}

void fiber_each(void (*each)(void *ctx, const struct fiber *fiber), void *ctx)
{
	static const struct fiber two[] = { { .name = "net", .cpu = 1, .priority = FIBER_NORMAL, .state = FIBER_AWAKE },
					    { .name = "idle", .cpu = 0, .priority = FIBER_LOW, .state = FIBER_SLEEPING } };

	each(ctx, &two[0]);
	for (unsigned i = 0; i < fibers_many; i++)
		each(ctx, &two[1]);
}

struct process *process_next(struct process *after)
{
	unsigned next = after == NULL ? 0 : (unsigned)(after - processes_there) + 1;

	return next < processes_many ? &processes_there[next] : NULL;
}

void device_governor_each(void (*each)(void *ctx, const struct device_governor *device), void *ctx)
{
	if (device.name[0] != '\0')
		each(ctx, &device);
}

/* The first process has two capabilities, one without a name. */
status_t grant_next(struct capset *set, unsigned *at, struct capos_capset_entry *entry)
{
	if (set != &processes_there[0].capset || *at == 2)
		return STATUS_ENOENT;
	*entry = (struct capos_capset_entry){ .interface = 4 + *at, .rights = 0x1f };
	if ((*at)++ == 0)
		strcpy(entry->name, "console");
	return STATUS_OK;
}

static struct fs_node *look(const char *name)
{
	struct fs_node *node = NULL;

	CU_ASSERT_FATAL(fs->ops->lookup(fs->root, span_of(name, strlen(name)), &node) == STATUS_OK);
	return node;
}

/* All of a file; its stat says so many bytes too. */
static const char *text_of(const char *name)
{
	struct fs_stat stat = { 0 };
	int64_t len = fs->ops->read(look(name), 0, got, TEXT_BYTES);

	CU_ASSERT_FATAL(len >= 0);
	got[len] = '\0';
	CU_ASSERT(fs->ops->stat(look(name), &stat) == STATUS_OK && stat.size == (uint64_t)len && stat.allocated == stat.size);
	CU_ASSERT(stat.permissions == 0444 && stat.links == 1);
	return got;
}

static void begin(void)
{
	memory_is_out = false;
	fibers_many = 1;
	processes_many = 2;
	memset(processes_there, 0, sizeof(processes_there));
	for (unsigned i = 0; i < 2; i++) {
		list_init(&processes_there[i].threads);
		strcpy(processes_there[i].name, i == 0 ? "blog" : "fetch");
		processes_there[i].number = i + 1;
		processes_there[i].thread_count = 2 - i;
		atomic_init(&processes_there[i].end, i == 0 ? PROCESS_RUNS : PROCESS_EXITED);
	}
	CU_ASSERT_FATAL(sys_mount(&fs) == STATUS_OK);
}

static void files_say_what_is(void)
{
	begin();
	heap.stats = (struct heap_stats){ .source_bytes = 4096, .live_bytes = 100, .live_count = 3 };
	CU_ASSERT_STRING_EQUAL(text_of("build"), "version 1.2.3\ncommit abc-dirty\nabi 2\n");
	CU_ASSERT_STRING_EQUAL(text_of("memory"), "page_bytes 4096\nfree_pages 77\nheap_bytes 4096\nheap_live_bytes 100\nheap_allocations 3\n");
	CU_ASSERT_STRING_EQUAL(text_of("machine"), "cpus 3\nuptime_ns 123456789\n");
	CU_ASSERT_STRING_EQUAL(text_of("fibers"), "net cpu 1 priority normal awake\nidle cpu 0 priority low asleep\n");
	CU_ASSERT_STRING_EQUAL(text_of("processes"), "1 blog threads 2 running\n2 fetch threads 1 ending\n");
	CU_ASSERT_STRING_EQUAL(text_of("capabilities"), "1 blog console interface 4 rights 0x1f\n1 blog - interface 5 rights 0x1f\n");
	flat_unmount(fs);
}

/* A thread of a Linux program has no rings, and none to tell of. */
static void the_governor_tells_of_devices_and_of_threads_with_rings(void)
{
	static struct thread with, without;
	static struct ring_set rings;

	begin();
	without = (struct thread){ .rings = NULL };
	with = (struct thread){ .rings = &rings, .cpu = 2, .calls = 99 };
	rings.war.wars = 5;
	atomic_init(&rings.war.state, RING_WAR);
	list_push_back(&processes_there[0].threads, &without.of_process);
	list_push_back(&processes_there[0].threads, &with.of_process);
	device_governor_init(&device, GOVERNOR_AUTO, 1000, 0, "net");
	device.governor.counters = (struct governor_counters){ .switches = 1, .events = { [GOVERNOR_WAR] = 2, [GOVERNOR_PEACE] = 3 },
							       .polls = 4, .empty_polls = 5, .wakes = 6 };
	CU_ASSERT_STRING_EQUAL(text_of("governor"), "rule war\nnet: peace switches 1 in_war 2 in_peace 3 polls 4 empty 5 wakes 6\n"
						    "1 blog cpu 2 war wars 5 calls 99\n");
	CU_ASSERT(!spinlock_is_taken(&processes_there[0].lock) && !spinlock_is_taken(&processes_there[1].lock));
	device.governor.mode = GOVERNOR_WAR;
	atomic_init(&rings.war.state, RING_PEACE);
	CU_ASSERT_PTR_NOT_NULL(strstr(text_of("governor"), "net: war "));
	CU_ASSERT_PTR_NOT_NULL(strstr(got, "1 blog cpu 2 peace wars 5"));
	device.name[0] = '\0';
	flat_unmount(fs);
}

static void reads_begin_and_end_anywhere(void)
{
	static const char due[] = "cpus 3\nuptime_ns 123456789\n";
	uint64_t len = sizeof(due) - 1;
	struct fs_node *file;
	char part[64];

	begin();
	file = look("machine");
	for (uint64_t offset = 0; offset <= len + 2; offset++) {
		for (size_t bytes = 0; bytes <= len + 2; bytes++) {
			uint64_t left = offset < len ? len - offset : 0;

			memset(part, '#', sizeof(part));
			CU_ASSERT(fs->ops->read(file, offset, part, bytes) == (int64_t)(bytes < left ? bytes : left));
			CU_ASSERT(memcmp(part, due + (offset < len ? offset : len), bytes < left ? bytes : left) == 0);
			CU_ASSERT(part[bytes < left ? bytes : left] == '#');
		}
	}
	CU_ASSERT(fs->ops->read(file, UINT64_MAX, part, 8) == 0);
	flat_unmount(fs);
}

/* What does not fit is left out; nothing is written beyond. */
static void a_text_is_cut_where_its_room_ends(void)
{
	begin();
	fibers_many = 1000;
	CU_ASSERT(strlen(text_of("fibers")) == TEXT_BYTES && memcmp(got, "net cpu 1", 9) == 0);
	flat_unmount(fs);
}

static void without_memory_a_file_is_empty(void)
{
	struct fs_stat stat;

	begin();
	memory_is_out = true;
	CU_ASSERT(fs->ops->stat(look("build"), &stat) == STATUS_OK && stat.size == 0 && stat.allocated == 0);
	CU_ASSERT(fs->ops->read(look("build"), 0, got, 10) == STATUS_ENOMEM);
	flat_unmount(fs);
}

static const struct unit_case cases[] = {
	UNIT_CASE(files_say_what_is),
	UNIT_CASE(the_governor_tells_of_devices_and_of_threads_with_rings),
	UNIT_CASE(reads_begin_and_end_anywhere),
	UNIT_CASE(a_text_is_cut_where_its_room_ends),
	UNIT_CASE(without_memory_a_file_is_empty),
};
UNIT_MAIN("kernel/io/fs/sys", cases)
