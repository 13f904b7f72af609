// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/areas.h"

#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/pages.h"
#include "lib/string.h"

static struct linux_area *area_of(const struct list_node *node)
{
	return LIST_OWNER((struct list_node *)node, struct linux_area, node);
}

void linux_areas_init(struct linux_areas *areas)
{
	list_init(&areas->list);
	areas->last = NULL;
	areas->gap = NULL;
	areas->count = 0;
}

struct linux_area *linux_area_alloc(struct budget *budget, const struct linux_area *from)
{
	struct linux_area *area;

	if (!budget_charge_bytes(budget, sizeof(*area)))
		return NULL;
	area = calloc(1, sizeof(*area));
	if (area == NULL) {
		budget_credit_bytes(budget, sizeof(*area));
		return NULL;
	}
	if (from != NULL)
		*area = *from;
	list_init(&area->node);
	if (area->backing.file != NULL)
		(void)object_hold(&area->backing.file->object); /* `from` holds it */
	if (area->pages != NULL)
		linux_pages_hold(area->pages);
	if (linux_area_writes(area))
		linux_pages_writers(area->pages, 1);
	return area;
}

struct linux_area *linux_areas_find(struct linux_areas *areas, uint64_t va)
{
	struct linux_area *last = areas->last;
	const struct list_node *node = last != NULL ? &last->node : areas->list.next;

	if (last != NULL && va >= last->start && va < last->end)
		return last;
	/* Both ways from the last one: what is asked for next lies near, mostly. */
	while (node != &areas->list && va >= area_of(node)->end)
		node = node->next;
	while (node->prev != &areas->list && va < area_of(node->prev)->end)
		node = node->prev;
	if (node == &areas->list)
		return NULL;
	areas->last = area_of(node);
	return areas->last;
}

struct linux_area *linux_areas_next(const struct linux_areas *areas, const struct linux_area *area)
{
	return area->node.next == &areas->list ? NULL : area_of(area->node.next);
}

void linux_areas_insert(struct linux_areas *areas, struct linux_area *area)
{
	struct linux_area *behind = linux_areas_find(areas, area->start);

	list_insert_before(behind != NULL ? &behind->node : &areas->list, &area->node);
	areas->last = area;
	areas->count++;
}

void linux_areas_remove(struct linux_areas *areas, struct linux_area *area)
{
	if (areas->last == area)
		areas->last = area->node.prev != &areas->list ? area_of(area->node.prev) : NULL;
	list_remove(&area->node);
	areas->gap = NULL;
	areas->count--;
}

static status_t cut_at(struct linux_areas *areas, struct budget *budget, uint64_t at)
{
	struct linux_area *area = linux_areas_find(areas, at);
	struct linux_area *upper;

	if (area == NULL || area->start >= at)
		return STATUS_OK;
	if (areas->count >= LINUX_AREAS_MAX)
		return STATUS_ENOMEM;
	upper = linux_area_alloc(budget, area);
	if (upper == NULL)
		return STATUS_ENOMEM;
	upper->start = at;
	upper->backing.offset += at - area->start;
	area->end = at;
	linux_areas_insert(areas, upper);
	return STATUS_OK;
}

status_t linux_areas_cut(struct linux_areas *areas, struct budget *budget, uint64_t start, uint64_t end)
{
	status_t status = cut_at(areas, budget, start);

	return status == STATUS_OK ? cut_at(areas, budget, end) : status;
}

static bool are_alike(const struct linux_area *a, const struct linux_area *b)
{
	bool has_place = a->backing.memory.data != NULL || a->backing.file != NULL || a->pages != NULL;

	return a->end == b->start && a->protection == b->protection && a->may == b->may && a->fork == b->fork && a->is_shared == b->is_shared &&
	       a->was_writable == b->was_writable && a->pages == b->pages && a->backing.file == b->backing.file &&
	       a->backing.kind == b->backing.kind && a->backing.memory.data == b->backing.memory.data &&
	       a->backing.memory.len == b->backing.memory.len &&
	       (!has_place || a->backing.offset + (a->end - a->start) == b->backing.offset);
}

void linux_areas_merge(struct linux_areas *areas, uint64_t start, uint64_t end, struct list_node *dead)
{
	struct linux_area *area = linux_areas_find(areas, start > 0 ? start - 1 : 0);
	struct linux_area *next;

	while (area != NULL && area->start <= end) {
		next = linux_areas_next(areas, area);
		if (next != NULL && next->start <= end && are_alike(area, next)) {
			area->end = next->end;
			linux_areas_remove(areas, next);
			list_push_back(dead, &next->node);
		} else {
			area = next;
		}
	}
}

bool linux_areas_is_free(struct linux_areas *areas, uint64_t start, uint64_t end)
{
	const struct linux_area *area = linux_areas_find(areas, start);

	return area == NULL || area->start >= end;
}

uint64_t linux_areas_mapped_until(struct linux_areas *areas, uint64_t start, uint64_t end)
{
	for (const struct linux_area *area = linux_areas_find(areas, start); area != NULL && area->start <= start && start < end;
	     area = linux_areas_next(areas, area))
		start = area->end;
	return start < end ? start : end;
}

bool linux_areas_is_mapped(struct linux_areas *areas, uint64_t start, uint64_t end)
{
	return linux_areas_mapped_until(areas, start, end) == end;
}

/* Between `floor` and `ceiling` nothing is mapped: the highest place in it, below `top`. */
static bool place_in(uint64_t floor, uint64_t ceiling, uint64_t top, uint64_t bytes, uint64_t *at)
{
	if (ceiling > top)
		ceiling = top;
	if (ceiling < floor || ceiling - floor < bytes)
		return false;
	*at = ceiling - bytes;
	return true;
}

/* The highest free range below `top`. Many areas that are mapped one after the other take no longer each: what is above the last is known. */
static bool gap_below(struct linux_areas *areas, uint64_t least, uint64_t top, uint64_t end, uint64_t bytes, uint64_t *at)
{
	struct linux_area *above = areas->gap != NULL && bytes >= areas->gap_bytes && top == areas->gap_top ? areas->gap : NULL;
	const struct list_node *node = above != NULL ? above->node.prev : areas->list.prev;
	bool found = false;

	for (; !found; node = node->prev) {
		struct linux_area *area = node != &areas->list ? area_of(node) : NULL;
		uint64_t floor = area != NULL && area->end > least ? area->end : least;

		found = place_in(floor, above != NULL ? above->start : end, top, bytes, at);
		if (area == NULL)
			break;
		above = found ? above : area;
	}
	areas->gap = found ? above : NULL;
	areas->gap_bytes = bytes;
	areas->gap_top = top;
	return found;
}

uint64_t linux_areas_gap(struct linux_areas *areas, uint64_t least, uint64_t top, uint64_t end, uint64_t bytes)
{
	uint64_t floor = top;
	uint64_t at;

	if (gap_below(areas, least, top, end, bytes, &at))
		return at;
	for (const struct list_node *node = areas->list.next; node != &areas->list; node = node->next) {
		const struct linux_area *area = area_of(node);

		if (area->start >= floor && area->start - floor >= bytes)
			return floor;
		if (area->end > floor)
			floor = area->end;
	}
	return end - floor >= bytes ? floor : 0;
}

void linux_areas_free(struct budget *budget, struct list_node *dead)
{
	struct list_node *node;

	while ((node = list_pop_front(dead)) != NULL) {
		struct linux_area *area = area_of(node);

		if (linux_area_writes(area))
			linux_pages_writers(area->pages, -1);
		if (area->pages != NULL)
			linux_pages_put(area->pages);
		if (area->backing.file != NULL)
			linux_file_put(area->backing.file);
		free(area);
		budget_credit_bytes(budget, sizeof(*area));
	}
}
