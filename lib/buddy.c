// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The frames that were added form ranges; at every moment each range is cut, without rest, into blocks aligned to their
 * size, each free or allocated. The first frame's byte of a block says which and of what order; bytes of other frames
 * mean nothing and may never have been written. Free blocks hang in a list by order, by links in their first bytes.
 *
 * Why an unwritten byte is never believed: a byte is read only for a frame at which a block is known to begin.
 *   - Merging block b of order k looks at its twin, t = b ^ 2^k, if t lies in b's range. The block that holds frame t does
 *     not hold b. Were it larger than the twin, it would, being aligned, hold b; so it is not, and begins at t.
 *   - Freeing frame p walks down from the largest aligned block inside the range that holds p: there a block begins, for
 *     nothing larger can hold it. If that block reaches as far as its half that holds p, p is inside of it and no head;
 *     else a block begins at that half, and so on down to p's own order.
 * So set-up writes one byte a block, and costs the logarithm of what is added: clearing a byte a frame at boot was
 * rejected.
 */
#include "lib/buddy.h"

#include <stdbool.h>

#include "lib/bits.h"

#define META_FREE 0x80u
#define META_ORDER 0x3fu

_Static_assert(BUDDY_ORDER_MAX <= META_ORDER, "an order fits its byte");
_Static_assert(BUDDY_ORDER_MAX < 32, "an order fits the mask of lists");
_Static_assert(sizeof(struct list_node) <= BUDDY_PAGE_BYTES, "a page holds its links");

static struct list_node *node_of(const struct buddy *zone, uint64_t page)
{
	return (struct list_node *)(void *)(zone->base + (page - zone->zone.first) * BUDDY_PAGE_BYTES);
}

static uint64_t page_of(const struct buddy *zone, const struct list_node *node)
{
	return zone->zone.first + (uint64_t)((const uint8_t *)node - zone->base) / BUDDY_PAGE_BYTES;
}

static uint8_t *meta_of(const struct buddy *zone, uint64_t page)
{
	return &zone->meta[page - zone->zone.first];
}

static void push(struct buddy *zone, uint64_t page, unsigned order)
{
	*meta_of(zone, page) = (uint8_t)(META_FREE | order);
	list_push_front(&zone->free[order], node_of(zone, page));
	zone->nonempty |= 1u << order;
}

static void pull(struct buddy *zone, uint64_t page, unsigned order)
{
	list_remove(node_of(zone, page));
	if (list_is_empty(&zone->free[order]))
		zone->nonempty &= ~(1u << order);
}

static const struct buddy_range *range_of(const struct buddy *zone, uint64_t page)
{
	for (uint32_t i = 0; i < zone->range_count; i++)
		if (page >= zone->ranges[i].first && page < zone->ranges[i].end)
			return &zone->ranges[i];
	return NULL;
}

/* Puts a block that is in no list into one, merged with its free twins. */
static void merge(struct buddy *zone, const struct buddy_range *range, uint64_t page, unsigned order)
{
	zone->free_pages += UINT64_C(1) << order;
	for (; order < BUDDY_ORDER_MAX; order++) {
		uint64_t twin = page ^ UINT64_C(1) << order;

		if (twin < range->first || twin >= range->end || *meta_of(zone, twin) != (META_FREE | order))
			break;
		pull(zone, twin, order);
		page &= ~(UINT64_C(1) << order);
	}
	push(zone, page, order);
}

void buddy_init(struct buddy *zone, uint64_t first_page, uint64_t page_count, void *base, uint8_t *meta)
{
	zone->base = base;
	zone->meta = meta;
	zone->zone = (struct buddy_range){ .first = first_page, .end = first_page + page_count };
	zone->free_pages = 0;
	zone->total_pages = 0;
	zone->nonempty = 0;
	zone->range_count = 0;
	for (unsigned order = 0; order <= BUDDY_ORDER_MAX; order++)
		list_init(&zone->free[order]);
}

/* The order of the largest block that begins at `page` and ends by `end`, which is above it. */
static unsigned largest_order(uint64_t page, uint64_t end)
{
	unsigned aligned = (unsigned)__builtin_ctzll(page | UINT64_C(1) << BUDDY_ORDER_MAX);
	unsigned fits = 63 - (unsigned)__builtin_clzll(end - page);

	return aligned < fits ? aligned : fits;
}

/* Makes frames allocated blocks, as large as they may be. */
static void blocks_mark(struct buddy *zone, uint64_t page, uint64_t end)
{
	while (page < end) {
		unsigned order = largest_order(page, end);

		*meta_of(zone, page) = (uint8_t)order;
		page += UINT64_C(1) << order;
	}
}

/* Frees blocks that were marked so. */
static void blocks_merge(struct buddy *zone, const struct buddy_range *range, uint64_t page, uint64_t end)
{
	while (page < end) {
		unsigned order = largest_order(page, end);

		merge(zone, range, page, order);
		page += UINT64_C(1) << order;
	}
}

/* Notes a new range, joined with those it touches. NULL where the table is full. */
static struct buddy_range *note_range(struct buddy *zone, struct buddy_range add)
{
	uint32_t kept = 0;
	bool touches = false;

	for (uint32_t i = 0; i < zone->range_count; i++)
		touches |= zone->ranges[i].end == add.first || zone->ranges[i].first == add.end;
	if (!touches && zone->range_count == BUDDY_RANGES_MAX)
		return NULL;
	for (uint32_t i = 0; i < zone->range_count; i++) {
		struct buddy_range old = zone->ranges[i];

		if (old.end == add.first)
			add.first = old.first;
		else if (old.first == add.end)
			add.end = old.end;
		else
			zone->ranges[kept++] = old;
	}
	zone->ranges[kept] = add;
	zone->range_count = kept + 1;
	return &zone->ranges[kept];
}

status_t buddy_add_range(struct buddy *zone, uint64_t first, uint64_t count)
{
	const struct buddy_range *joined;
	uint64_t end = first + count;

	if (count == 0)
		return STATUS_OK;
	if (first < zone->zone.first || first >= zone->zone.end || count > zone->zone.end - first)
		return STATUS_EINVAL;
	for (uint32_t i = 0; i < zone->range_count; i++)
		if (first < zone->ranges[i].end && end > zone->ranges[i].first)
			return STATUS_EEXIST;
	joined = note_range(zone, (struct buddy_range){ .first = first, .end = end });
	if (!joined)
		return STATUS_ENOSPC;
	zone->total_pages += count;
	/* First all of the range is in blocks, as if allocated; only then may twins be looked at. */
	blocks_mark(zone, first, end);
	blocks_merge(zone, joined, first, end);
	return STATUS_OK;
}

status_t buddy_alloc(struct buddy *zone, unsigned order, uint64_t *page)
{
	uint32_t fitting;
	unsigned found;

	if (order > BUDDY_ORDER_MAX)
		return STATUS_EINVAL;
	fitting = zone->nonempty & ~((1u << order) - 1);
	if (fitting == 0)
		return STATUS_ENOMEM;
	found = (unsigned)__builtin_ctz(fitting);
	*page = page_of(zone, zone->free[found].next);
	pull(zone, *page, found);
	/* The lower half is taken or split on: what is in use gathers at low addresses. */
	while (found > order) {
		found--;
		push(zone, *page + (UINT64_C(1) << found), found);
	}
	*meta_of(zone, *page) = (uint8_t)order;
	zone->free_pages -= UINT64_C(1) << order;
	return STATUS_OK;
}

/* Whether an allocated block of exactly this order begins at `page`, by the walk that the file's comment describes. */
static bool is_allocated(const struct buddy *zone, const struct buddy_range *range, uint64_t page, unsigned order)
{
	for (unsigned k = BUDDY_ORDER_MAX; k > order; k--) {
		uint64_t head = bits_align_down(page, UINT64_C(1) << k);

		if (head < range->first || (UINT64_C(1) << k) > range->end - head)
			continue;
		if ((*meta_of(zone, head) & META_ORDER) >= k)
			return false;
	}
	return *meta_of(zone, page) == order;
}

/* The range in which an allocated block of exactly this order begins at `page`; NULL: there is none. */
static const struct buddy_range *allocated_in(const struct buddy *zone, uint64_t page, unsigned order)
{
	const struct buddy_range *range = range_of(zone, page);

	if (!range || order > BUDDY_ORDER_MAX || (page & ((UINT64_C(1) << order) - 1)) != 0)
		return NULL;
	return (UINT64_C(1) << order) <= range->end - page && is_allocated(zone, range, page, order) ? range : NULL;
}

status_t buddy_free(struct buddy *zone, uint64_t page, unsigned order)
{
	const struct buddy_range *range = allocated_in(zone, page, order);

	if (!range)
		return STATUS_EINVAL;
	merge(zone, range, page, order);
	return STATUS_OK;
}

status_t buddy_keep(struct buddy *zone, uint64_t page, unsigned order, uint64_t count)
{
	const struct buddy_range *range = allocated_in(zone, page, order);

	if (!range || count == 0 || count > UINT64_C(1) << order)
		return STATUS_EINVAL;
	blocks_mark(zone, page, page + count);
	blocks_mark(zone, page + count, page + (UINT64_C(1) << order));
	blocks_merge(zone, range, page + count, page + (UINT64_C(1) << order));
	return STATUS_OK;
}

status_t buddy_free_kept(struct buddy *zone, uint64_t page, uint64_t count)
{
	uint64_t end = page + count;
	status_t status = STATUS_OK;

	while (page < end && status == STATUS_OK) {
		unsigned order = largest_order(page, end);

		status = buddy_free(zone, page, order);
		page += UINT64_C(1) << order;
	}
	return status;
}
