// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What was derived from what, over several sets: a capability that goes leaves its children to its parent, and revoking finds all. */
#include "kernel/cap/capset.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/kernel/cap/capset_pages.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

enum { SETS = 3, NODES = 120, NONE = -1 };

/* The model: a capability by its number and parent, as an array. */
struct node {
	bool there;
	unsigned set;
	capos_cap_t cap;
	int parent;
};

static struct capset sets[SETS];
static struct pages pages;
static struct object objects[NODES];
static struct node model[NODES];

static void begin(void)
{
	pages = (struct pages){ .left = SETS * CAPSET_CHUNKS };
	memset(sets, 0, sizeof(sets));
	memset(model, 0, sizeof(model));
	for (unsigned i = 0; i < SETS; i++)
		capset_init(&sets[i], pages_source(&pages));
}

static void end(void)
{
	for (unsigned i = 0; i < SETS; i++)
		capset_free(&sets[i]);
	CU_ASSERT_EQUAL(pages.taken, 0);
}

static struct capset_slot *slot_of(int node)
{
	return node == NONE ? NULL : capset_slot(&sets[model[node].set], model[node].cap);
}

/* Node `node`, for objects[node], in `set`, derived from `parent`. */
static void derive(int node, unsigned set, int parent)
{
	model[node] = (struct node){ .there = true, .set = set, .parent = parent };
	CU_ASSERT_EQUAL_FATAL(capset_add(&sets[set], &objects[node], 1, "", slot_of(parent), &model[node].cap), STATUS_OK);
}

/* Takes a node's capability out; in the model, too. */
static void take_out(int node)
{
	struct capset_slot *slot = slot_of(node);

	CU_ASSERT_PTR_NOT_NULL_FATAL(slot);
	CU_ASSERT_PTR_EQUAL(capset_remove(slot), &objects[node]);
	CU_ASSERT_PTR_NULL(slot_of(node));
	model[node].there = false;
	for (int i = 0; i < NODES; i++)
		if (model[i].there && model[i].parent == node)
			model[i].parent = model[node].parent;
}

static bool descends_from(int node, int ancestor)
{
	while (node != NONE && node != ancestor)
		node = model[node].parent;
	return node == ancestor;
}

/* Takes away all that descends from `node`, as revoking does; how many. What goes has no children, and is in the model. */
static unsigned revoke(int node)
{
	struct capset_slot *slot;
	unsigned count = 0;

	while ((slot = capset_leaf(slot_of(node))) != slot_of(node)) {
		int gone = (int)(slot->object - objects);

		CU_ASSERT_PTR_NULL(slot->first_child);
		CU_ASSERT_FATAL(gone >= 0 && gone < NODES && model[gone].there);
		CU_ASSERT(gone != node && descends_from(gone, node));
		take_out(gone);
		count++;
	}
	return count;
}

/* How many nodes of the model descend from `node`. */
static unsigned descendants(int node)
{
	unsigned count = 0;

	for (int i = 0; i < NODES; i++)
		count += i != node && model[i].there && descends_from(i, node);
	return count;
}

/* Whether a node's links are as the model has them: parent, and each child once, both ways. */
static bool links_hold(int node)
{
	const struct capset_slot *slot = slot_of(node);
	const struct capset_slot *previous = NULL;
	int children = 0;

	if (slot == NULL || slot->object != &objects[node] || slot->parent != slot_of(model[node].parent))
		return false;
	for (const struct capset_slot *child = slot->first_child; child != NULL; child = child->next_sibling) {
		if (child->parent != slot || child->previous_sibling != previous)
			return false;
		previous = child;
		children++;
	}
	for (int i = 0; i < NODES; i++)
		children -= model[i].there && model[i].parent == node;
	return children == 0;
}

static bool model_holds(void)
{
	unsigned counts[SETS] = { 0 };

	for (int i = 0; i < NODES; i++) {
		if (model[i].there && !links_hold(i))
			return false;
		counts[model[i].set] += model[i].there;
	}
	for (unsigned i = 0; i < SETS; i++)
		if (counts[i] != sets[i].count)
			return false;
	return true;
}

static void capset_leaves_children_to_the_parent(void)
{
	begin();
	derive(0, 0, NONE);
	derive(1, 1, 0);
	derive(2, 2, 1);
	derive(3, 0, 1);
	derive(4, 1, 2);
	take_out(1);
	CU_ASSERT(model_holds());
	CU_ASSERT_PTR_EQUAL(slot_of(2)->parent, slot_of(0));
	CU_ASSERT_PTR_EQUAL(slot_of(3)->parent, slot_of(0));
	CU_ASSERT_PTR_EQUAL(slot_of(4)->parent, slot_of(2));
	CU_ASSERT_EQUAL(revoke(0), 3);
	end();
}

static void capset_leaves_children_of_a_first_one_to_nobody(void)
{
	begin();
	derive(0, 0, NONE);
	derive(1, 1, 0);
	derive(2, 2, 0);
	take_out(0);
	CU_ASSERT(model_holds());
	CU_ASSERT_PTR_NULL(slot_of(1)->parent);
	CU_ASSERT_PTR_NULL(slot_of(2)->parent);
	derive(3, 0, 1); /* in the slot that node 0 had */
	CU_ASSERT_EQUAL(revoke(1), 1);
	CU_ASSERT(model_holds());
	end();
}

/* A slot that serves again has nothing of the children it had. */
static void capset_slots_inherit_nothing(void)
{
	begin();
	derive(0, 0, NONE);
	derive(1, 1, 0);
	take_out(0);
	derive(2, 0, NONE);
	CU_ASSERT_PTR_NULL(slot_of(2)->first_child);
	CU_ASSERT_EQUAL(revoke(2), 0);
	CU_ASSERT_PTR_NOT_NULL(slot_of(1));
	end();
}

static void capset_revokes_what_was_derived_and_nothing_else(void)
{
	begin();
	derive(0, 0, NONE);
	derive(1, 0, 0); /* a sibling of 2's: stays */
	derive(2, 1, 0);
	derive(3, 2, 2);
	derive(4, 0, 3);
	derive(5, 1, 2);
	derive(6, 1, 1);
	CU_ASSERT_EQUAL(revoke(2), 3);
	CU_ASSERT(model_holds());
	CU_ASSERT_PTR_NOT_NULL(slot_of(2));
	CU_ASSERT_PTR_NOT_NULL(slot_of(6));
	CU_ASSERT_EQUAL(revoke(0), 3);
	CU_ASSERT(model_holds());
	end();
}

/* A line of descent as long as a set: found without recursion. */
static void capset_revokes_a_long_line(void)
{
	capos_cap_t first;
	capos_cap_t cap;
	struct capset_slot *slot = NULL, *parent;
	unsigned count = 0;

	begin();
	CU_ASSERT_EQUAL(capset_add(&sets[0], &objects[0], 1, "", NULL, &first), STATUS_OK);
	slot = capset_slot(&sets[0], first);
	for (unsigned i = 1; i < CAPSET_SLOTS; i++) {
		CU_ASSERT_EQUAL_FATAL(capset_add(&sets[0], &objects[0], 1, "", slot, &cap), STATUS_OK);
		slot = capset_slot(&sets[0], cap);
	}
	for (slot = capset_leaf(capset_slot(&sets[0], first)); slot != capset_slot(&sets[0], first); slot = capset_leaf(parent), count++) {
		parent = slot->parent;
		(void)capset_remove(slot);
	}
	CU_ASSERT_EQUAL(count, CAPSET_SLOTS - 1);
	CU_ASSERT_EQUAL(sets[0].count, 1);
	end();
}

/* One step: what was not there is derived from anything; what was goes, alone or (seldom) with its descendants before it. */
static void step(struct random *random, int node)
{
	int parent = (int)random_below(random, NODES);

	if (!model[node].there) {
		derive(node, (unsigned)random_below(random, SETS), model[parent].there ? parent : NONE);
		return;
	}
	if (random_below(random, 8) == 0) {
		unsigned expected = descendants(node);

		CU_ASSERT_EQUAL(revoke(node), expected);
	}
	take_out(node);
}

static void capset_trees_keep_to_their_model(void)
{
	struct random random = random_start(31);

	begin();
	for (unsigned round = 0; round < 20000; round++) {
		step(&random, (int)random_below(&random, NODES));
		if (round % 16 == 0)
			CU_ASSERT_FATAL(model_holds());
	}
	end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(capset_leaves_children_to_the_parent),
	UNIT_CASE(capset_leaves_children_of_a_first_one_to_nobody),
	UNIT_CASE(capset_slots_inherit_nothing),
	UNIT_CASE(capset_revokes_what_was_derived_and_nothing_else),
	UNIT_CASE(capset_revokes_a_long_line),
	UNIT_CASE(capset_trees_keep_to_their_model),
};

UNIT_MAIN("kernel/cap/capset_tree", cases)
