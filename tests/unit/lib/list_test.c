// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/list against an array, by random operations. */
#include "lib/list.h"

#include <stdint.h>
#include <string.h>

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define ITEMS 20

struct item {
	int value;
	struct list_node link;
};

static size_t take_out(struct item **order, size_t count, struct item *item)
{
	for (size_t i = 0; i < count; i++)
		if (order[i] == item) {
			memmove(order + i, order + i + 1, (count - i - 1) * sizeof(*order));
			return count - 1;
		}
	return count;
}

static unsigned differences(const struct list_node *head, struct item **order, size_t count)
{
	const struct list_node *node = head->next;
	unsigned wrong = list_is_empty(head) != (count == 0);

	for (size_t i = 0; i < count; i++, node = node->next)
		wrong += node != &order[i]->link || node->next->prev != node;
	return wrong + (node != head);
}

static void list_keeps_the_order_of_insertion(void)
{
	struct random random = random_start(40);
	struct list_node head = LIST_INIT(head);
	struct item items[ITEMS], *order[ITEMS];
	size_t count = 0;
	unsigned wrong = 0;

	for (int i = 0; i < ITEMS; i++)
		list_init(&items[i].link);
	for (int i = 0; i < 20000; i++) {
		struct item *item = &items[random_below(&random, ITEMS)];
		size_t at;

		list_remove(&item->link);
		count = take_out(order, count, item);
		at = i % 4 == 0 ? 0 : i % 4 == 1 ? count : random_below(&random, count + 1);
		if (i % 4 == 3)
			continue;
		if (at == 0)
			list_push_front(&head, &item->link);
		else if (at == count)
			list_push_back(&head, &item->link);
		else
			list_insert_before(&order[at]->link, &item->link);
		memmove(order + at + 1, order + at, (count - at) * sizeof(*order));
		order[at] = item;
		count++;
		wrong += differences(&head, order, count);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static void list_pops_owners_from_the_front(void)
{
	struct list_node head = LIST_INIT(head);
	struct item items[3] = { { .value = 0 }, { .value = 1 }, { .value = 2 } };

	for (int i = 0; i < 3; i++)
		list_push_back(&head, &items[i].link);
	for (int i = 0; i < 3; i++) {
		struct list_node *node = list_pop_front(&head);

		CU_ASSERT_PTR_NOT_NULL_FATAL(node);
		CU_ASSERT_EQUAL(LIST_OWNER(node, struct item, link)->value, i);
		CU_ASSERT(list_is_empty(node));
	}
	CU_ASSERT_PTR_NULL(list_pop_front(&head));
}

static void list_removal_twice_does_no_harm(void)
{
	struct list_node head = LIST_INIT(head);
	struct item a, b;

	list_push_back(&head, &a.link);
	list_push_back(&head, &b.link);
	list_remove(&a.link);
	list_remove(&a.link);
	CU_ASSERT_PTR_EQUAL(head.next, &b.link);
	CU_ASSERT_PTR_EQUAL(head.prev, &b.link);
}

static const struct unit_case cases[] = {
	UNIT_CASE(list_keeps_the_order_of_insertion),
	UNIT_CASE(list_pops_owners_from_the_front),
	UNIT_CASE(list_removal_twice_does_no_harm),
};
UNIT_MAIN("lib/list", cases)
