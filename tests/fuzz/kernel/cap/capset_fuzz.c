// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Capability sets against a naive model: two bytes an operation. Whatever the order, a number means what the model says, or nothing. */
#include "kernel/cap/capset.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/kernel/cap/capset_pages.h"

enum { SETS = 3, NODES = 96, NONE = -1, GONE = 64 };

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
static struct {
	unsigned set;
	capos_cap_t cap;
} gone[GONE]; /* some that must never mean anything again */
static unsigned gone_count;

static struct capset_slot *slot_of(int node)
{
	return node == NONE ? NULL : capset_slot(&sets[model[node].set], model[node].cap);
}

static void derive(int node, unsigned set, int parent)
{
	struct object *object = &objects[node];
	capos_cap_t cap = CAPOS_CAP_NONE;
	status_t status = capset_add(&sets[set], object, (uint32_t)node, "node", slot_of(parent), &cap);

	if (status != STATUS_OK) {
		FUZZ_ASSERT(status == STATUS_ENOMEM && pages.left == 0 && cap == CAPOS_CAP_NONE);
		return;
	}
	FUZZ_ASSERT(cap != CAPOS_CAP_NONE);
	model[node] = (struct node){ .there = true, .set = set, .cap = cap, .parent = parent };
}

static void take_out(int node)
{
	struct capset_slot *slot = slot_of(node);

	FUZZ_ASSERT(slot != NULL && capset_remove(slot) == &objects[node]);
	gone[gone_count % GONE].set = model[node].set;
	gone[gone_count++ % GONE].cap = model[node].cap;
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

static void revoke(int node)
{
	struct capset_slot *slot;

	while ((slot = capset_leaf(slot_of(node))) != slot_of(node)) {
		int derived = (int)(slot->object - objects);

		FUZZ_ASSERT(derived >= 0 && derived < NODES && derived != node && descends_from(derived, node));
		take_out(derived);
	}
	for (int i = 0; i < NODES; i++)
		FUZZ_ASSERT(!model[i].there || i == node || !descends_from(i, node));
}

static void check_found(void)
{
	struct object *object;
	uint32_t rights;

	for (int i = 0; i < NODES; i++) {
		if (!model[i].there)
			continue;
		FUZZ_ASSERT(capset_find(&sets[model[i].set], model[i].cap, &object, &rights) == STATUS_OK);
		FUZZ_ASSERT(object == &objects[i] && rights == (uint32_t)i);
		FUZZ_ASSERT(slot_of(i)->parent == slot_of(model[i].parent));
	}
	for (unsigned i = 0; i < gone_count && i < GONE; i++)
		FUZZ_ASSERT(capset_find(&sets[gone[i].set], gone[i].cap, &object, &rights) == STATUS_EBADF);
}

/* Every slot that is walked over is the model's, and all of the model's are. */
static void check_walk(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < SETS; i++) {
		unsigned here = 0;
		unsigned at = 0;

		for (struct capset_slot *slot; (slot = capset_next(&sets[i], &at)) != NULL; here++) {
			int node = (int)(slot->object - objects);

			FUZZ_ASSERT(model[node].there && model[node].set == i && model[node].cap == slot->number);
		}
		FUZZ_ASSERT(here == sets[i].count);
		count += here;
	}
	for (int i = 0; i < NODES; i++)
		count -= model[i].there;
	FUZZ_ASSERT(count == 0);
}

/* Any number at all is found only where it is some node's. */
static void guess(const uint8_t *data)
{
	unsigned set = data[0] % SETS;
	struct object *object;
	capos_cap_t cap;
	uint32_t rights;

	memcpy(&cap, data, sizeof(cap));
	if (capset_find(&sets[set], cap, &object, &rights) != STATUS_OK)
		return;

	int node = (int)(object - objects);

	FUZZ_ASSERT(model[node].there && model[node].set == set && model[node].cap == cap);
}

static void begin(unsigned page_limit)
{
	pages = (struct pages){ .left = page_limit };
	gone_count = 0;
	memset(sets, 0, sizeof(sets));
	memset(model, 0, sizeof(model));
	for (unsigned i = 0; i < SETS; i++)
		capset_init(&sets[i], pages_source(&pages));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	begin(data[0] % 8);
	for (size_t i = 1; i + 4 <= size; i += 2) {
		int node = data[i] % NODES;
		int parent = data[i + 1] % NODES;

		if (!model[node].there)
			derive(node, data[i + 1] % SETS, model[parent].there ? parent : NONE);
		else if (data[i + 1] % 4 == 0)
			revoke(node);
		else
			take_out(node);
		guess(&data[i]);
		check_found();
	}
	check_walk();
	for (unsigned i = 0; i < SETS; i++)
		capset_free(&sets[i]);
	FUZZ_ASSERT(pages.taken == 0);
	return 0;
}
