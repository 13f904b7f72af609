// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A file system for tests of its objects: a root and what the test puts below it, which does what the test's operations say. One that sleeps has its jobs
 * run when the test says so. Pages are counted, and end where the test says.
 */
#ifndef TESTS_UNIT_KERNEL_CAP_FS_CALLS_H
#define TESTS_UNIT_KERNEL_CAP_FS_CALLS_H

#include "tests/unit/kernel/cap/call.h"

#include "kernel/cap/fs_acts.h"
#include "kernel/cap/fs_request.h"
#include "kernel/core/page.h"

static struct fs_ops the_ops;
static struct fs the_fs = { .ops = &the_ops };
static struct fs_node the_root;
static struct fs_service service = { .fs = &the_fs };
static struct fs_object opened; /* what the method is called on */
static struct fs_job *the_job;      /* that waits */
static unsigned pages_taken, largest_order, abandoned;
static bool at_once;

uint64_t page_alloc(unsigned order)
{
	void *pages = order <= largest_order ? aligned_alloc(HAL_PAGE_BYTES << order, HAL_PAGE_BYTES << order) : NULL;

	if (pages == NULL)
		return 0;
	pages_taken += 1u << order;
	return hal_direct_pa(pages);
}

void page_free(uint64_t pa, unsigned order)
{
	pages_taken -= 1u << order;
	free(hal_direct_va(pa));
}

uint64_t page_run_alloc(uint64_t count)
{
	void *pages = count <= 1ull << largest_order ? aligned_alloc(HAL_PAGE_BYTES, HAL_PAGE_BYTES * count) : NULL;

	if (pages == NULL)
		return 0;
	pages_taken += (unsigned)count;
	return hal_direct_pa(pages);
}

void page_run_free(uint64_t pa, uint64_t count)
{
	pages_taken -= (unsigned)count;
	free(hal_direct_va(pa));
}

void fs_do(const struct fs_service *of, void (*run)(void *arg), void *arg)
{
	CU_ASSERT_PTR_EQUAL(of, &service);
	run(arg);
}

void fs_submit(struct fs_job *submitted)
{
	CU_ASSERT_PTR_NULL(the_job);
	the_job = submitted;
}

bool fs_submit_alone(struct fs_job *submitted)
{
	CU_ASSERT_EQUAL(the_fs.workers, 0);
	if (!memory_is_left())
		return false;
	fs_submit(submitted);
	return true;
}

bool fs_at_once_begin(const struct fs_service *of)
{
	CU_ASSERT_PTR_EQUAL(of, &service);
	return at_once;
}

void fs_at_once_end(const struct fs_service *of)
{
	CU_ASSERT_PTR_EQUAL(of, &service);
}

/* What is opened: `given_one`, once. */
static struct fs_object given_one;
static const struct cap_interface given_interface = { .rights = UINT32_MAX, .name = "given" };

struct fs_object *fs_object_alloc(struct fs_service *of, struct budget *budget)
{
	CU_ASSERT(of == &service && budget == &world.budget);
	return memory_is_left() ? &given_one : NULL;
}

void fs_object_abandon(struct fs_object *object)
{
	CU_ASSERT_PTR_EQUAL(object, &given_one);
	abandoned++;
}

void fs_object_open(struct fs_object *object, struct fs_node *node, bool append)
{
	CU_ASSERT_PTR_EQUAL(object, &given_one);
	given_one = (struct fs_object){ .object = { .holds = 1, .interface = &given_interface }, .node = node, .append = append };
}

static inline void job_do(void)
{
	struct fs_job *doing = the_job;

	CU_ASSERT_PTR_NOT_NULL_FATAL(doing);
	the_job = NULL;
	doing->run(doing);
}

/* What waits comes to, now that it was carried out. */
static inline int64_t fs_settle_one(capos_cap_t *new_cap)
{
	CU_ASSERT_TRUE(world.operation.claimed);
	world.operation.settle(&world.operation, new_cap);
	return world.operation.result;
}

/* A call on an object of `node`, in a file system with so many workers. */
static inline void fs_begin(struct fs_node *node, unsigned workers, void *result, uint32_t room)
{
	call_begin(&opened.object, UINT32_MAX, result, room);
	*node = (struct fs_node){ .fs = &the_fs, .type = node->type, .holds = 1 };
	the_fs.root = &the_root;
	the_fs.workers = workers;
	the_fs.read_only = false;
	opened = (struct fs_object){ .object = { .holds = 1 }, .service = &service, .node = node, .budget = &world.budget };
	largest_order = 20;
	abandoned = 0;
	at_once = false;
}

/* Nothing is left of the call. */
static inline void fs_end(void)
{
	CU_ASSERT(opened.object.holds == 1 && world.charged == 0 && world.charged_bytes == 0 && world.budget_holds == 0 && pages_taken == 0);
	CU_ASSERT(opened.node->holds == 1 && the_job == NULL);
	free(atomic_exchange(&service.walk, NULL));
}

#define withdraw request_withdraw /* other sources have functions of that name */
#include "kernel/cap/fs_acts.c"
#include "kernel/cap/fs_request.c"
#undef withdraw

#endif
