// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Regions and channels: what they take of their maker's memory, what is left where that ends, and capabilities on their way through a channel. */
#define CALL_OWN_GRANTS
#include "tests/unit/kernel/cap/call.h"

#include "kernel/cap/grant.c"
#define withdraw channel_withdraw
#include "kernel/cap/channel_object.c"
#undef withdraw
#include "kernel/cap/region_object.c"
#include "tests/unit/kernel/cap/capset_pages.h"

enum { PAGE = 4096 };

const struct cap_interface region_interface = { .id = 1 };
const struct cap_interface channel_interface = { .id = 2 };
static unsigned pages_taken, pages_limit, mapped_rights;
static uint64_t mapped_count;
static status_t maps;
static struct pages table_pages;
static struct object *channel, travels;

uint64_t page_alloc(unsigned order)
{
	if (pages_limit == 0)
		return 0;
	pages_limit--;
	pages_taken++;
	return hal_direct_pa(memset(aligned_alloc(PAGE << order, PAGE << order), 0xee, PAGE << order));
}

void page_free(uint64_t pa, unsigned order)
{
	(void)order;
	pages_taken--;
	free(hal_direct_va(pa));
}

uint64_t budget_page_alloc(void *budget)
{
	uint64_t pa = budget_charge(budget, 1) ? page_alloc(0) : 0;

	return pa;
}

void budget_page_free(void *budget, uint64_t pa)
{
	budget_credit(budget, 1);
	page_free(pa, 0);
}

struct capset_source process_capset_source(struct budget *budget)
{
	CU_ASSERT_PTR_EQUAL(budget, &world.budget);
	return pages_source(&table_pages);
}

status_t process_map_object(struct process *process, struct object *object, const uint64_t *pages, uint64_t count, unsigned rights, uint64_t *address)
{
	CU_ASSERT(process == &world.process && object == world.call.object && count > 0 && pages[count - 1] != 0);
	mapped_rights = rights;
	mapped_count = count;
	*address = 0x5000;
	return maps;
}

status_t process_unmap_object(struct process *process, const struct object *object, uint64_t address)
{
	CU_ASSERT(process == &world.process && object == world.call.object && address == 0x5000);
	return STATUS_OK;
}

static void begin(void)
{
	call_begin(NULL, CAPOS_REGION_RIGHT_WRITE, NULL, 0);
	world.budget.limit = EVER;
	pages_limit = 1000;
	maps = STATUS_OK;
}

static void a_region_is_zeroed_and_charged_until_it_goes(void)
{
	struct region *region;

	begin();
	CU_ASSERT_EQUAL(region_create(&world.budget, 3 * PAGE, &region), STATUS_OK);
	CU_ASSERT(world.charged == 4 && pages_taken == 4 && world.budget_holds == 1 && region->pages.count == 3);
	CU_ASSERT_EQUAL(((uint8_t *)hal_direct_va(region->pages.pa[2]))[PAGE - 1], 0);
	world.call.object = &region->object;
	CU_ASSERT_EQUAL(region_size(&world.call), 3 * PAGE);
	CU_ASSERT_EQUAL(region_map(&world.call, &(struct capos_region_map){ .writable = 1 }), 0x5000);
	CU_ASSERT(mapped_rights == (HAL_USER_READ | HAL_USER_WRITE) && mapped_count == 3);
	CU_ASSERT_EQUAL(region_map(&world.call, &(struct capos_region_map){ .writable = 2 }), STATUS_EINVAL);
	world.call.rights = 0;
	CU_ASSERT_EQUAL(region_map(&world.call, &(struct capos_region_map){ .writable = 1 }), STATUS_EACCES);
	CU_ASSERT_EQUAL(region_map(&world.call, &(struct capos_region_map){ .writable = 0 }), 0x5000);
	CU_ASSERT_EQUAL(mapped_rights, HAL_USER_READ);
	maps = STATUS_ENOMEM;
	CU_ASSERT_EQUAL(region_map(&world.call, &(struct capos_region_map){ .writable = 0 }), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(region_unmap(&world.call, &(struct capos_region_unmap){ .address = 0x5000 }), STATUS_OK);
	object_put(&region->object);
	CU_ASSERT(world.charged == 0 && pages_taken == 0 && world.budget_holds == 0);
}

/* The list of pages, then each page: the budget's or the machine's end at any of them. */
static void nothing_is_left_of_a_region_that_cannot_be_had(void)
{
	struct region *region;

	for (unsigned limit = 0; limit < 4; limit++) {
		begin();
		pages_limit = limit;
		CU_ASSERT_EQUAL(region_create(&world.budget, 3 * PAGE, &region), STATUS_ENOMEM);
		CU_ASSERT(pages_taken == 0 && world.budget_holds == 0);
		begin();
		world.pages_left = limit;
		CU_ASSERT_EQUAL(region_create(&world.budget, 3 * PAGE, &region), STATUS_ENOMEM);
		CU_ASSERT(pages_taken == 0 && world.charged == 0 && world.budget_holds == 0);
	}
	begin();
	world.budget.limit = 2;
	CU_ASSERT_EQUAL(region_create(&world.budget, 3 * PAGE, &region), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(region_create(&world.budget, 0, &region), STATUS_EINVAL);
	CU_ASSERT_EQUAL(region_create(&world.budget, PAGE + 1, &region), STATUS_EINVAL);
	CU_ASSERT_EQUAL(region_create(&world.budget, REGION_BYTES_MAX + PAGE, &region), STATUS_EINVAL);
	world.allocations_left = 0;
	CU_ASSERT_EQUAL(region_create(&world.budget, PAGE, &region), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(channel_create(&world.budget, PAGE, &channel), STATUS_ENOMEM);
	world.allocations_left = EVER;
	CU_ASSERT_EQUAL(channel_create(&world.budget, PAGE + 1, &channel), STATUS_EINVAL);
	CU_ASSERT(pages_taken == 0 && world.charged == 0 && world.budget_holds == 0);
}

/* A channel of one page, and a process with one capability, `travels`, that may go through it. */
static capos_cap_t channel_begin(void)
{
	static const struct cap_interface interface = { .id = 9 };
	capos_cap_t cap;

	begin();
	table_pages = (struct pages){ .left = 4 };
	capset_init(&world.process.capset, pages_source(&table_pages));
	CU_ASSERT_EQUAL_FATAL(channel_create(&world.budget, PAGE, &channel), STATUS_OK);
	world.call.object = channel;
	object_init(&travels, &interface, NULL);
	CU_ASSERT_EQUAL(grant_new(&world.process.capset, &travels, 7, "one", &cap), STATUS_OK);
	return cap;
}

static void channel_end(void)
{
	grant_close(&world.process.capset);
	object_put(channel);
	CU_ASSERT(pages_taken == 0 && travels.holds == 0 && table_pages.taken == 0);
}

static int64_t give_all(const struct cap_transfer *transfers, uint32_t count)
{
	world.submission.transfer_count = (uint16_t)count;
	world.call.transfers = transfers;
	return channel_give(&world.call);
}

static int64_t take_one(capos_cap_t *cap)
{
	CU_ASSERT_TRUE(world.operation.claimed);
	world.operation.settle(&world.operation, cap);
	return world.operation.result;
}

static void what_is_given_is_taken_with_its_name_and_fewer_rights(void)
{
	const capos_cap_t cap = channel_begin();
	struct cap_transfer transfer = { .cap = cap, .rights = 3, .name = "gift" };
	struct object *found;
	capos_cap_t taken = 0;
	uint32_t rights;

	CU_ASSERT_EQUAL(give_all(&transfer, 1), STATUS_OK);
	CU_ASSERT_EQUAL(travels.holds, 2);
	CU_ASSERT_EQUAL(channel_take(&world.call), CAP_PENDING);
	CU_ASSERT_EQUAL(world.finished, 1);
	CU_ASSERT_EQUAL(take_one(&taken), STATUS_OK);
	CU_ASSERT(capset_find(&world.process.capset, taken, &found, &rights) == STATUS_OK && found == &travels && rights == 3);
	CU_ASSERT(world.operation.data_len == CAPOS_CHANNEL_NAME_BYTES && strcmp((char *)world.operation.data, "gift") == 0);
	CU_ASSERT_EQUAL(channel_size(&world.call), PAGE);
	CU_ASSERT_EQUAL(channel_map(&world.call), 0x5000);
	CU_ASSERT_EQUAL(mapped_rights, HAL_USER_READ | HAL_USER_WRITE);
	channel_end();
}

static void what_comes_is_taken_by_who_waits(void)
{
	const capos_cap_t cap = channel_begin();
	struct cap_transfer transfer = { .cap = cap, .rights = 3, .name = "" };
	capos_cap_t taken = 0;

	CU_ASSERT_EQUAL(channel_take(&world.call), CAP_PENDING);
	CU_ASSERT_EQUAL(world.finished, 0);
	CU_ASSERT_EQUAL(give_all(&transfer, 1), STATUS_OK);
	CU_ASSERT(world.finished == 1 && world.finished_with == 0);
	world.operation.result = STATUS_ETIMEDOUT;
	CU_ASSERT_EQUAL(take_one(&taken), STATUS_ETIMEDOUT);
	CU_ASSERT_EQUAL(channel_of(channel)->queue.count, 1);
	world.operation.result = 0;
	CU_ASSERT_EQUAL(take_one(&taken), STATUS_OK);
	world.operation.result = 0;
	CU_ASSERT_EQUAL(take_one(&taken), STATUS_EAGAIN); /* it was revoked meanwhile */
	CU_ASSERT_EQUAL(channel_take(&world.call), CAP_PENDING);
	CU_ASSERT_TRUE(operation_claim(&world.operation));
	world.operation.withdraw(&world.operation);
	CU_ASSERT_TRUE(list_is_empty(&channel_of(channel)->takers));
	world.no_operation = true;
	CU_ASSERT_EQUAL(channel_take(&world.call), STATUS_ENOMEM);
	channel_end();
}

static void all_that_is_given_goes_or_none(void)
{
	const capos_cap_t cap = channel_begin();
	struct cap_transfer transfers[3] = { { .cap = cap, .rights = 1 }, { .cap = cap, .rights = 1 }, { .cap = cap + 9, .rights = 1 } };
	capos_cap_t own;

	CU_ASSERT_EQUAL(give_all(transfers, 3), STATUS_EBADF);
	CU_ASSERT(channel_of(channel)->queue.count == 0 && travels.holds == 1);
	CU_ASSERT_TRUE(object_hold(channel));
	CU_ASSERT_EQUAL(grant_new(&world.process.capset, channel, 7, "channel", &own), STATUS_OK);
	transfers[2].cap = own;
	CU_ASSERT_EQUAL(give_all(transfers, 3), STATUS_EPERM);
	CU_ASSERT_EQUAL(channel_of(channel)->queue.count, 0);
	transfers[2].cap = 0;
	CU_ASSERT_EQUAL(give_all(transfers + 2, 1), STATUS_EBADF);
	for (unsigned i = 0; i < CAPOS_CHANNEL_QUEUE; i++)
		CU_ASSERT_EQUAL(give_all(transfers, 1), STATUS_OK);
	CU_ASSERT_EQUAL(give_all(transfers, 1), STATUS_EAGAIN);
	CU_ASSERT_EQUAL(channel_of(channel)->queue.count, CAPOS_CHANNEL_QUEUE);
	CU_ASSERT_EQUAL(channel->holds, 2);
	channel_end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_region_is_zeroed_and_charged_until_it_goes),
	UNIT_CASE(nothing_is_left_of_a_region_that_cannot_be_had),
	UNIT_CASE(what_is_given_is_taken_with_its_name_and_fewer_rights),
	UNIT_CASE(what_comes_is_taken_by_who_waits),
	UNIT_CASE(all_that_is_given_goes_or_none),
};

UNIT_MAIN("kernel/cap/region_object", cases)
