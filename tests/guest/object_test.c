// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Objects live as long as they are held or may still be in somebody's hands; budgets and capability sets account for all of it. */
#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/cap/grant.h"
#include "kernel/cap/region.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/core/page.h"
#include "kernel/core/smp.h"
#include "kernel/region_methods.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/process.h"
#include "lib/list.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

#define MS 1000000ul

struct probe {
	struct object object;
	_Atomic uint32_t destroyed;
};

static void probe_destroy(struct object *object)
{
	atomic_fetch_add(&LIST_OWNER(object, struct probe, object)->destroyed, 1);
}

static void probe_init(struct probe *probe)
{
	object_init(&probe->object, &region_interface, probe_destroy);
	atomic_store(&probe->destroyed, 0);
}

static const char *an_object_goes_with_its_last_hold(void)
{
	static struct probe probe;

	probe_init(&probe);
	GUEST_CHECK(object_hold(&probe.object));
	object_put(&probe.object);
	object_settle();
	GUEST_CHECK(atomic_load(&probe.destroyed) == 0);
	object_put(&probe.object);
	GUEST_CHECK(!object_hold(&probe.object));
	object_settle();
	GUEST_CHECK(atomic_load(&probe.destroyed) == 1);
	return NULL;
}

static const char *what_is_not_counted_never_goes(void)
{
	static struct object fixed = OBJECT_INIT(region_interface);

	GUEST_CHECK(object_hold(&fixed));
	for (unsigned i = 0; i < 3; i++)
		object_put(&fixed);
	GUEST_CHECK(object_hold(&fixed) && atomic_load(&fixed.holds) == OBJECT_STATIC);
	return NULL;
}

static struct capset set;
static capos_cap_t dropped;
static _Atomic bool has_dropped;

static void dropper(void *arg)
{
	(void)arg;
	(void)grant_drop(&set, dropped);
	atomic_store(&has_dropped, true);
}

static const struct fiber_options fiber_options = { .name = "test", .priority = FIBER_NORMAL };

/* Where there is another CPU, it drops the only capability while this one has the object in hand. */
static const char *what_was_found_lives_until_this_fiber_yields(void)
{
	static struct probe probe;
	struct budget *budget = budget_create(NULL, 4);
	struct object *object;
	uint32_t rights;
	uint64_t until;

	probe_init(&probe);
	memset(&set, 0, sizeof(set));
	GUEST_CHECK(budget != NULL);
	capset_init(&set, process_capset_source(budget));
	GUEST_CHECK(grant_new(&set, &probe.object, 1, "probe", &dropped) == STATUS_OK);
	atomic_store(&has_dropped, false);
	if (smp_online() > 1)
		GUEST_CHECK(fiber_create_on(1, &fiber_options, dropper, NULL) == STATUS_OK);
	GUEST_CHECK(capset_find(&set, dropped, &object, &rights) == STATUS_OK || smp_online() > 1);
	until = hal_timer_now_ns() + 20 * MS;
	while (smp_online() > 1 && !atomic_load(&has_dropped) && hal_timer_now_ns() < until)
		hal_cpu_relax();
	if (smp_online() == 1)
		dropper(NULL);
	for (until = hal_timer_now_ns() + MS; hal_timer_now_ns() < until;)
		hal_cpu_relax();
	GUEST_CHECK(atomic_load(&has_dropped));
	GUEST_CHECK(atomic_load(&probe.destroyed) == 0);
	GUEST_CHECK(capset_find(&set, dropped, &object, &rights) == STATUS_EBADF);
	object_settle();
	GUEST_CHECK(atomic_load(&probe.destroyed) == 1);
	grant_close(&set);
	GUEST_CHECK(budget_left(budget) == 4);
	budget_put(budget);
	return NULL;
}

enum { PROBES = 200 };

static _Atomic uint32_t droppers;

static void drop_all(void *arg)
{
	struct probe *mine = arg;

	for (unsigned i = 0; i < PROBES; i++)
		object_put(&mine[i].object);
	atomic_fetch_sub(&droppers, 1);
}

/* More than the inboxes hold, from all CPUs at once: who waits for room serves others meanwhile, and none is served twice. */
static const char *many_objects_go_once_each(void)
{
	unsigned cpus = smp_online();
	struct probe(*probes)[PROBES] = calloc(cpus, sizeof(*probes));

	GUEST_CHECK(probes != NULL);
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		for (unsigned i = 0; i < PROBES; i++)
			probe_init(&probes[cpu][i]);
	atomic_store(&droppers, cpus);
	for (unsigned cpu = 1; cpu < cpus; cpu++)
		GUEST_CHECK(fiber_create_on(cpu, &fiber_options, drop_all, probes[cpu]) == STATUS_OK);
	drop_all(probes[0]);
	while (atomic_load(&droppers) > 0) {
		fiber_yield();
		hal_cpu_relax();
	}
	object_settle();
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		for (unsigned i = 0; i < PROBES; i++)
			GUEST_CHECK(atomic_load(&probes[cpu][i].destroyed) == 1);
	free(probes);
	return NULL;
}

static const char *budgets_account_for_every_page(void)
{
	struct budget *parent = budget_create(NULL, 100);
	struct budget *child;
	struct region *region;
	uint64_t before;

	GUEST_CHECK(parent != NULL);
	GUEST_CHECK(budget_create(parent, 101) == NULL);
	child = budget_create(parent, 60);
	GUEST_CHECK(child != NULL && budget_left(parent) == 40 && budget_left(child) == 60);
	GUEST_CHECK(!budget_charge(parent, 41) && budget_left(parent) == 40);
	GUEST_CHECK(!budget_charge(child, UINT64_MAX) && !budget_charge(child, 61) && budget_left(child) == 60);
	GUEST_CHECK(budget_charge_bytes(child, 1) && budget_left(child) == 59); /* bytes are charged by whole pages */
	GUEST_CHECK(budget_charge_bytes(child, HAL_PAGE_BYTES - 1) && budget_left(child) == 59);
	GUEST_CHECK(budget_charge_bytes(child, 1) && budget_left(child) == 58);
	budget_credit_bytes(child, HAL_PAGE_BYTES + 1);
	GUEST_CHECK(budget_left(child) == 60);
	before = page_free_count();
	GUEST_CHECK(region_create(child, 61 * HAL_PAGE_BYTES, &region) == STATUS_ENOMEM);
	GUEST_CHECK(region_create(child, 60 * HAL_PAGE_BYTES, &region) == STATUS_ENOMEM); /* its list of pages needs one */
	GUEST_CHECK(region_create(child, HAL_PAGE_BYTES - 1, &region) == STATUS_EINVAL);
	GUEST_CHECK(region_create(child, 0, &region) == STATUS_EINVAL);
	GUEST_CHECK(budget_left(child) == 60);
	GUEST_CHECK(region_create(child, 59 * HAL_PAGE_BYTES, &region) == STATUS_OK);
	GUEST_CHECK(budget_left(child) == 0);
	budget_put(child); /* the region holds it */
	GUEST_CHECK(budget_left(parent) == 40);
	object_put(&region->object);
	object_settle();
	GUEST_CHECK(budget_left(parent) == 100);
	budget_put(parent);
	kheap_trim();
	GUEST_CHECK(page_free_count() >= before);
	return NULL;
}

/* Of more than 512 pages: the list takes two itself. */
static const char *a_large_region_pays_for_its_list(void)
{
	struct budget *budget = budget_create(NULL, 700);
	struct region *region;

	GUEST_CHECK(budget != NULL);
	GUEST_CHECK(region_create(budget, 600 * HAL_PAGE_BYTES, &region) == STATUS_OK);
	GUEST_CHECK(budget_left(budget) == 98);
	object_put(&region->object);
	object_settle();
	GUEST_CHECK(budget_left(budget) == 700);
	budget_put(budget);
	return NULL;
}

enum { SETS = 3 };

/* A capability handed from set to set, and taken back by the first one. */
static const char *revoking_reaches_every_set(void)
{
	static struct capset sets[SETS];
	static struct probe probe;
	struct budget *budget = budget_create(NULL, SETS);
	capos_cap_t first, own, caps[SETS];
	struct object *object;
	uint32_t rights;
	uint32_t count;

	GUEST_CHECK(budget != NULL);
	probe_init(&probe);
	memset(sets, 0, sizeof(sets));
	for (unsigned i = 0; i < SETS; i++)
		capset_init(&sets[i], process_capset_source(budget));
	GUEST_CHECK(grant_new(&sets[0], &probe.object, 7, "first", &first) == STATUS_OK);
	caps[0] = first;
	for (unsigned i = 1; i < SETS; i++) {
		GUEST_CHECK(grant_copy(&sets[i - 1], caps[i - 1], ~(1u << i), &sets[i], NULL, &caps[i]) == STATUS_OK);
		GUEST_CHECK(capset_find(&sets[i], caps[i], &object, &rights) == STATUS_OK && object == &probe.object);
		GUEST_CHECK(rights == (i == 1 ? 5 : 1));
	}
	GUEST_CHECK(grant_copy(&sets[2], caps[2], UINT32_MAX, &sets[2], "own", &own) == STATUS_OK);
	GUEST_CHECK(capset_find(&sets[2], own, &object, &rights) == STATUS_OK && rights == 1);
	GUEST_CHECK(grant_drop(&sets[1], caps[1]) == STATUS_OK && grant_drop(&sets[1], caps[1]) == STATUS_EBADF);
	GUEST_CHECK(grant_revoke(&sets[1], caps[1], &count) == STATUS_EBADF);
	GUEST_CHECK(grant_revoke(&sets[0], first, &count) == STATUS_OK && count == 2);
	GUEST_CHECK(capset_find(&sets[2], caps[2], &object, &rights) == STATUS_EBADF);
	GUEST_CHECK(capset_find(&sets[2], own, &object, &rights) == STATUS_EBADF);
	GUEST_CHECK(capset_find(&sets[0], first, &object, &rights) == STATUS_OK && rights == 7);
	for (unsigned i = 0; i < SETS; i++)
		grant_close(&sets[i]);
	object_settle();
	GUEST_CHECK(atomic_load(&probe.destroyed) == 1 && budget_left(budget) == SETS);
	budget_put(budget);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "an_object_goes_with_its_last_hold", an_object_goes_with_its_last_hold },
	{ "what_is_not_counted_never_goes", what_is_not_counted_never_goes },
	{ "what_was_found_lives_until_this_fiber_yields", what_was_found_lives_until_this_fiber_yields },
	{ "many_objects_go_once_each", many_objects_go_once_each },
	{ "budgets_account_for_every_page", budgets_account_for_every_page },
	{ "a_large_region_pays_for_its_list", a_large_region_pays_for_its_list },
	{ "revoking_reaches_every_set", revoking_reaches_every_set },
};

const struct guest_table object_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
