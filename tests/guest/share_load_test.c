// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The host's folder under load, at its bounds, and read-only. */
#include "hal/contract/memory.h"
#include "hal/contract/timer.h"
#include "kernel/cap/fs_object.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/io/fs/ninep/ninep.h"
#include "kernel/io/fs/service.h"
#include "kernel/sys/budget.h"
#include "lib/string.h"
#include "tests/guest/guest.h"
#include "tests/guest/share.h"

#define LARGE_BYTES (64ul << 20)

enum {
	READERS = 16,
	READER_ROUNDS = 20,
	NODES = 1100, /* more than can be held */
};

static struct fs_node *read_by_all;
static unsigned readers_done, readers_wrong;

/* Block `i` of the large file, 8 KiB, begins with its number. */
static void reader(void *arg)
{
	uint64_t pa = page_alloc(1);
	uint64_t *block = hal_direct_va(pa);
	uint64_t number = (uintptr_t)arg;

	for (unsigned i = 0; pa != 0 && i < READER_ROUNDS; i++, number = (number * 31 + 7) % (LARGE_BYTES / 8192))
		readers_wrong += share->ops->read(read_by_all, number * 8192, block, 8192) != 8192 || block[0] != number || block[1023] != ~number;
	if (pa == 0)
		readers_wrong++;
	else
		page_free(pa, 1);
	readers_done++;
}

static const char *many_requests_are_in_flight(void)
{
	uint64_t deadline = hal_timer_now_ns() + SHARE_PATIENCE_NS;

	read_by_all = share_find("large");
	GUEST_CHECK(read_by_all != NULL);
	for (uintptr_t i = 0; i < READERS; i++)
		GUEST_CHECK(fiber_create("reader", reader, (void *)(i * 97)) != NULL);
	while (readers_done < READERS && hal_timer_now_ns() < deadline)
		fiber_yield();
	GUEST_CHECK(readers_done == READERS && readers_wrong == 0);
	fs_node_put(read_by_all);
	return NULL;
}

static void told(const char *what, uint64_t bytes, uint64_t ns)
{
	guest_perf(what, bytes / 1024 * 10000000000ul / ns, "KiB/s");
}

static const char *large_files_go_both_ways(void)
{
	struct fs_node *large = share_find("large");
	struct fs_node *copy;
	uint64_t begin = hal_timer_now_ns();
	uint64_t *words = (uint64_t *)(void *)share_buffer;

	GUEST_CHECK(large != NULL);
	for (uint64_t at = 0; at < LARGE_BYTES; at += SHARE_BUFFER_BYTES) {
		GUEST_CHECK(share->ops->read(large, at, share_buffer, SHARE_BUFFER_BYTES) == SHARE_BUFFER_BYTES);
		for (unsigned i = 0; i < SHARE_BUFFER_BYTES / 8192; i++)
			GUEST_CHECK(words[i * 1024] == at / 8192 + i && words[i * 1024 + 1023] == ~(at / 8192 + i));
	}
	told("share_read", LARGE_BYTES, hal_timer_now_ns() - begin);
	fs_node_put(large);
	GUEST_CHECK(share->ops->create(share->root, span_text("copy"), FS_FILE, 0600, &copy) == STATUS_OK);
	begin = hal_timer_now_ns();
	for (uint64_t at = 0; at < LARGE_BYTES; at += SHARE_BUFFER_BYTES) {
		for (unsigned i = 0; i < SHARE_BUFFER_BYTES / 8192; i++) {
			words[i * 1024] = at / 8192 + i;
			words[i * 1024 + 1023] = ~(at / 8192 + i);
		}
		GUEST_CHECK(share->ops->write(copy, at, share_buffer, SHARE_BUFFER_BYTES, false) == SHARE_BUFFER_BYTES);
	}
	told("share_write", LARGE_BYTES, hal_timer_now_ns() - begin);
	fs_node_put(copy);
	return NULL;
}

static const char *nodes_have_a_bound(void)
{
	static struct fs_node *nodes[NODES];
	unsigned count = 0;
	status_t status = STATUS_OK;

	while (count < NODES && (status = share->ops->lookup(share->root, span_text("hello.txt"), &nodes[count])) == STATUS_OK)
		count++;
	GUEST_CHECK(status == STATUS_ENOMEM && count > NODES / 2);
	for (unsigned i = 0; i < count; i++)
		fs_node_put(nodes[i]);
	for (unsigned i = 0; i < 2 * NODES; i++)
		GUEST_CHECK(share_find_fails("nobody") == STATUS_ENOENT);
	return NULL;
}

static void nothing(struct fs *fs)
{
	(void)fs;
}

/* As many as it gets. */
static unsigned objects_take(struct fs_service *service, struct budget *budget, struct fs_object **objects)
{
	unsigned count = 0;

	while (count < NODES && (objects[count] = fs_object_alloc(service, budget)) != NULL)
		count++;
	return count;
}

static const char *objects_share(struct fs_service *service, struct budget *const *budgets)
{
	static struct fs_object *objects[NODES];
	unsigned first = objects_take(service, budgets[0], objects);
	unsigned child = objects_take(service, budgets[1], objects + first);
	unsigned second = objects_take(service, budgets[2], objects + first);

	for (unsigned i = 0; i < first + second; i++)
		fs_object_abandon(objects[i]);
	fs_settle();
	GUEST_CHECK(first > 400 && child == 0 && second == first / 2);
	return NULL;
}

/* Nor by making processes of its own. */
static const char *no_process_takes_all_nodes(void)
{
	struct budget *budgets[] = { budget_create(NULL, NODES), NULL, budget_create(NULL, NODES) };
	struct fs_service *service;
	const char *why = NULL;

	GUEST_CHECK(budgets[0] != NULL && budgets[2] != NULL && (budgets[1] = budget_create(budgets[0], NODES / 2)) != NULL);
	GUEST_CHECK(fs_service_start(share, nothing, &service) == STATUS_OK);
	for (unsigned i = 0; i < 2 && why == NULL; i++)
		why = objects_share(service, budgets);
	fs_service_stop(service);
	fs_service_put(service);
	for (unsigned i = 0; i < 3; i++)
		budget_put(budgets[2 - i]);
	return why;
}

static const char *space_is_told(void)
{
	struct fs_space space;

	GUEST_CHECK(share->ops->space(share, &space) == STATUS_OK);
	GUEST_CHECK(space.block_bytes > 0 && space.bytes > space.free_bytes && space.bytes > LARGE_BYTES);
	return NULL;
}

static const char *memory_comes_back(void)
{
	uint64_t before;

	ninep_unmount(share);
	fiber_yield(); /* the last interrupt's errand */
	kheap_trim();
	before = page_free_count();
	for (unsigned i = 0; i < 3; i++) {
		GUEST_CHECK(ninep_mount("host", &share, share_why, sizeof(share_why)) == STATUS_OK && share_find_fails("hello.txt") == STATUS_OK);
		ninep_unmount(share);
		fiber_yield();
	}
	kheap_trim();
	GUEST_CHECK(page_free_count() == before);
	log_line("share: look");
	return NULL;
}

static const char *a_read_only_share_is_told_and_kept(void)
{
	struct fs_node *file, *node;
	const struct fs_stat stat = { 0 };

	GUEST_CHECK(share_mount() && share->read_only);
	file = share_find("hello.txt");
	GUEST_CHECK(file != NULL && share_content_is(file, "from the host\n"));
	GUEST_CHECK(share->ops->write(file, 0, share_buffer, 1, false) == STATUS_EROFS && share->ops->set(file, FS_SET_SIZE, &stat) == STATUS_EROFS);
	GUEST_CHECK(share->ops->create(share->root, span_text("x"), FS_FILE, 0600, &node) == STATUS_EROFS);
	GUEST_CHECK(share->ops->create(share->root, span_text("x"), FS_DIRECTORY, 0700, &node) == STATUS_EROFS);
	GUEST_CHECK(share->ops->remove(share->root, span_text("hello.txt"), false) == STATUS_EROFS);
	GUEST_CHECK(share->ops->rename(share->root, span_text("hello.txt"), share->root, span_text("x"), false) == STATUS_EROFS);
	GUEST_CHECK(share->ops->symlink(share->root, span_text("x"), span_text("y")) == STATUS_EROFS);
	fs_node_put(file);
	ninep_unmount(share);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "many_requests_are_in_flight", many_requests_are_in_flight },
	{ "large_files_go_both_ways", large_files_go_both_ways },
	{ "nodes_have_a_bound", nodes_have_a_bound },
	{ "no_process_takes_all_nodes", no_process_takes_all_nodes },
	{ "space_is_told", space_is_told },
	{ "memory_comes_back", memory_comes_back },
};

const struct guest_table share_load_tests = { tests, sizeof(tests) / sizeof(tests[0]) };

static const struct guest_test read_only_tests[] = {
	{ "a_read_only_share_is_told_and_kept", a_read_only_share_is_told_and_kept },
};

const struct guest_table share_read_only_tests = { read_only_tests, 1 };
