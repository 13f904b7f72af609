// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "lib/wheel.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#define SORT_RUNS 40 /* for 2^40 nodes */

static_assert(WHEEL_TICK_SHIFT + WHEEL_LEVEL_BITS * WHEEL_LEVELS == 64, "every deadline has a slot");

static struct wheel_node *owner(struct list_node *link)
{
	return LIST_OWNER(link, struct wheel_node, link);
}

static unsigned level_shift(unsigned level)
{
	return level * WHEEL_LEVEL_BITS;
}

void wheel_init(struct wheel *wheel, struct list_node *slots, uint64_t now_ns)
{
	*wheel = (struct wheel)WHEEL_INIT(slots);
	wheel->base_tick = now_ns >> WHEEL_TICK_SHIFT;
}

/* The level of the highest bits in which two ticks differ. */
static unsigned level_between(uint64_t a, uint64_t b)
{
	return (63 - (unsigned)__builtin_clzll((a ^ b) | 1)) / WHEEL_LEVEL_BITS;
}

static struct list_node *slot_head(struct wheel *wheel, unsigned level, unsigned slot)
{
	return &wheel->slots[level * WHEEL_LEVEL_SLOTS + slot];
}

void wheel_add(struct wheel *wheel, struct wheel_node *node, uint64_t deadline_ns)
{
	uint64_t tick = deadline_ns >> WHEEL_TICK_SHIFT;

	if (tick < wheel->base_tick)
		tick = wheel->base_tick;

	unsigned level = level_between(tick, wheel->base_tick);
	unsigned slot = tick >> level_shift(level) & (WHEEL_LEVEL_SLOTS - 1);
	uint64_t bit = 1ull << slot;
	struct list_node *head = slot_head(wheel, level, slot);

	node->deadline_ns = deadline_ns;
	if ((wheel->occupied[level] & bit) == 0) {
		wheel->levels |= 1u << level;
		wheel->occupied[level] |= bit;
		wheel->disordered[level] &= ~bit;
		list_init(head);
	} else if (head->prev != head && deadline_ns < owner(head->prev)->deadline_ns) {
		wheel->disordered[level] |= bit;
	}
	list_push_back(head, &node->link);
}

static void slot_leave(struct wheel *wheel, unsigned level, unsigned slot)
{
	wheel->occupied[level] &= ~(1ull << slot);
	if (wheel->occupied[level] == 0)
		wheel->levels &= ~(1u << level);
}

/* Merges two runs that end in NULL; of equals, those of `a` come first. */
static struct list_node *merge(struct wheel *wheel, struct list_node *a, struct list_node *b)
{
	struct list_node *head;
	struct list_node **tail = &head;

	while (a != NULL && b != NULL) {
		struct list_node **from = owner(b)->deadline_ns < owner(a)->deadline_ns ? &b : &a;

		wheel->compared++;
		*tail = *from;
		tail = &(*from)->next;
		*from = *tail;
	}
	*tail = a != NULL ? a : b;
	return head;
}

/* Cuts the longest sorted run off the front of a list that ends in NULL. */
static struct list_node *run_cut(struct wheel *wheel, struct list_node **list)
{
	struct list_node *run = *list;
	struct list_node *last = run;

	while (last->next != NULL && owner(last)->deadline_ns <= owner(last->next)->deadline_ns) {
		wheel->compared++;
		last = last->next;
	}
	*list = last->next;
	last->next = NULL;
	return run;
}

/* Merge sort over the runs that are there already, stable: a list with one node out of order takes two passes. */
static void sort(struct wheel *wheel, struct list_node *head)
{
	struct list_node *runs[SORT_RUNS] = { NULL }; /* runs[i]: 2^i of them, earlier ones higher */
	struct list_node *list = head->next;
	struct list_node *sorted = NULL;
	struct list_node *prev = head;

	head->prev->next = NULL;
	while (list != NULL) {
		struct list_node *run = run_cut(wheel, &list);
		unsigned i = 0;

		for (; runs[i] != NULL; i++) {
			run = merge(wheel, runs[i], run);
			runs[i] = NULL;
		}
		runs[i] = run;
	}
	for (unsigned i = 0; i < SORT_RUNS; i++)
		if (runs[i] != NULL)
			sorted = merge(wheel, runs[i], sorted);
	head->next = sorted;
	for (struct list_node *node = sorted; node != NULL; node = node->next) {
		node->prev = prev;
		prev = node;
	}
	prev->next = head;
	head->prev = prev;
}

/* The earliest node of an occupied slot. */
static struct wheel_node *slot_first(struct wheel *wheel, unsigned level, unsigned slot)
{
	struct list_node *head = slot_head(wheel, level, slot);
	uint64_t bit = 1ull << slot;

	if ((wheel->disordered[level] & bit) != 0) {
		sort(wheel, head);
		wheel->disordered[level] &= ~bit;
	}
	return owner(head->next);
}

/* Finds the first slot that is not empty; false where all are. */
static bool slot_find(struct wheel *wheel, unsigned *level, unsigned *slot)
{
	while (wheel->levels != 0) {
		*level = (unsigned)__builtin_ctz(wheel->levels);
		*slot = (unsigned)__builtin_ctzll(wheel->occupied[*level]);
		if (!list_is_empty(slot_head(wheel, *level, *slot)))
			return true;
		slot_leave(wheel, *level, *slot);
	}
	return false;
}

uint64_t wheel_next(struct wheel *wheel)
{
	unsigned level;
	unsigned slot;

	return slot_find(wheel, &level, &slot) ? slot_first(wheel, level, slot)->deadline_ns : WHEEL_NEVER;
}

/*
 * Moves the base to `tick`, before which nothing is due. Of all slots only the one that the base enters changes its level:
 * what is below it or between was due, and what is above it stays as far away as it was.
 */
static void base_move(struct wheel *wheel, uint64_t tick)
{
	unsigned level = level_between(tick, wheel->base_tick);
	unsigned slot = tick >> level_shift(level) & (WHEEL_LEVEL_SLOTS - 1);
	struct list_node *head = slot_head(wheel, level, slot);
	struct list_node *link;

	wheel->base_tick = tick;
	if (level == 0 || (wheel->occupied[level] & 1ull << slot) == 0)
		return;
	while ((link = list_pop_front(head)) != NULL) {
		wheel_add(wheel, owner(link), owner(link)->deadline_ns);
		wheel->refiled++;
	}
}

/* The tick at which a slot ahead of the base begins. */
static uint64_t slot_tick(const struct wheel *wheel, unsigned level, unsigned slot)
{
	unsigned shift = level_shift(level);

	return ((wheel->base_tick >> shift & ~(uint64_t)(WHEEL_LEVEL_SLOTS - 1)) | slot) << shift;
}

struct wheel_node *wheel_take_due(struct wheel *wheel, uint64_t now_ns)
{
	uint64_t now_tick = now_ns >> WHEEL_TICK_SHIFT;
	unsigned level;
	unsigned slot;

	while (slot_find(wheel, &level, &slot)) {
		uint64_t tick = slot_tick(wheel, level, slot);

		if (level == 0) {
			struct wheel_node *node = slot_first(wheel, level, slot);

			if (node->deadline_ns > now_ns)
				break;
			wheel_cancel(node);
			return node;
		}
		if (tick > now_tick)
			break;
		base_move(wheel, tick);
	}
	if (now_tick > wheel->base_tick)
		base_move(wheel, now_tick);
	return NULL;
}
