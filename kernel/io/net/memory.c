// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/memory.h"

#include <assert.h>
#include <stdalign.h>

#include "hal/contract/memory.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "lib/bits.h"
#include "lib/list.h"
#include "lib/string.h"

enum {
	SLAB_ORDER = 2,
	SLAB_BYTES = (int)(HAL_PAGE_BYTES << SLAB_ORDER),
	MAGIC = 0x6e65746d, /* netm */
	LARGE_ORDER_MAX = 8,
};

/* A full segment with its headers and lwIP's in front is below 1664 bytes; 9 fit. */
static const uint16_t class_bytes[] = { 64, 128, 192, 256, 384, 512, 768, 1088, 1664, 2032, 4080 };

#define CLASSES ARRAY_LEN(class_bytes)

struct block {
	struct block *next;
};

/* At the beginning of a slab, and of the pages of a large block. */
struct slab {
	alignas(16) struct list_node node; /* in `open` of its class where a block is free; linked to itself elsewhere */
	struct block *free;
	uint32_t magic;
	uint16_t class; /* CLASSES: one large block */
	uint16_t order;
	uint32_t used; /* blocks */
	uint32_t fresh; /* bytes of the slab that blocks have been cut from: the rest was never touched */
};

static_assert(sizeof(struct slab) % 16 == 0, "blocks are aligned");
static_assert((SLAB_BYTES & (SLAB_BYTES - 1)) == 0, "a mask finds the slab");

static struct list_node open_slabs[CLASSES];
static struct slab *spare[CLASSES]; /* the empty one that is kept; it is in `open_slabs` */
static struct net_memory_counters counters;

void net_memory_init(uint64_t pages_limit)
{
	for (unsigned i = 0; i < CLASSES; i++) {
		list_init(&open_slabs[i]);
		spare[i] = NULL;
	}
	counters = (struct net_memory_counters){ .pages_limit = pages_limit };
}

const struct net_memory_counters *net_memory_counters(void)
{
	return &counters;
}

bool net_memory_is_scarce(void)
{
	bool scarce = counters.pages > counters.pages_limit - counters.pages_limit / 8;

	counters.scarce += scarce;
	return scarce;
}

static struct slab *slab_make(unsigned class, unsigned order)
{
	uint64_t pages = 1ul << order;
	uint64_t pa = 0;

	if (pages <= counters.pages_limit - counters.pages)
		pa = page_alloc(order);
	if (pa == 0) {
		counters.refused++;
		return NULL;
	}
	counters.pages += pages;
	if (counters.pages > counters.pages_most)
		counters.pages_most = counters.pages;

	struct slab *slab = hal_direct_va(pa);

	*slab = (struct slab){ .magic = MAGIC, .class = (uint16_t)class, .order = (uint16_t)order, .fresh = sizeof(*slab) };
	list_init(&slab->node);
	return slab;
}

static void slab_drop(struct slab *slab)
{
	slab->magic = 0;
	list_remove(&slab->node);
	counters.pages -= 1ul << slab->order;
	page_free(hal_direct_pa(slab), slab->order);
}

static void *large_alloc(size_t bytes)
{
	unsigned order = SLAB_ORDER;

	while (order <= LARGE_ORDER_MAX && (HAL_PAGE_BYTES << order) - sizeof(struct slab) < bytes)
		order++;
	if (order > LARGE_ORDER_MAX) {
		counters.refused++;
		return NULL;
	}

	struct slab *slab = slab_make(CLASSES, order);

	if (slab == NULL)
		return NULL;
	slab->used = 1;
	counters.blocks++;
	return slab + 1;
}

static unsigned class_of(size_t bytes)
{
	unsigned class = 0;

	while (class < CLASSES && class_bytes[class] < bytes)
		class++;
	return class;
}

void *net_memory_alloc(size_t bytes)
{
	unsigned class = class_of(bytes);

	if (class == CLASSES)
		return large_alloc(bytes);

	struct list_node *open = &open_slabs[class];
	struct slab *slab = list_is_empty(open) ? slab_make(class, SLAB_ORDER) : LIST_OWNER(open->next, struct slab, node);

	if (slab == NULL)
		return NULL;
	if (spare[class] == slab)
		spare[class] = NULL;

	struct block *block = slab->free;

	if (block != NULL) {
		slab->free = block->next;
	} else {
		block = (struct block *)((uint8_t *)slab + slab->fresh);
		slab->fresh += class_bytes[class];
	}
	slab->used++;
	counters.blocks++;
	if (slab->free == NULL && slab->fresh + class_bytes[class] > SLAB_BYTES)
		list_remove(&slab->node);
	else if (slab->node.next == &slab->node)
		list_push_front(open, &slab->node);
	return block;
}

void *net_memory_calloc(size_t count, size_t bytes)
{
	void *block = bytes == 0 || count <= SIZE_MAX / bytes ? net_memory_alloc(count * bytes) : NULL;

	if (block != NULL)
		memset(block, 0, count * bytes);
	return block;
}

void net_memory_free(void *address)
{
	struct slab *slab = (struct slab *)((uintptr_t)address & ~(uintptr_t)(SLAB_BYTES - 1));
	struct block *block = address;

	VERIFY(slab->magic == MAGIC && slab->used > 0);
	counters.blocks--;
	if (slab->class == CLASSES) {
		slab_drop(slab);
		return;
	}
	block->next = slab->free;
	slab->free = block;
	slab->used--;
	if (slab->node.next == &slab->node)
		list_push_back(&open_slabs[slab->class], &slab->node);
	if (slab->used > 0)
		return;
	if (spare[slab->class] == NULL)
		spare[slab->class] = slab;
	else
		slab_drop(slab);
}

void net_memory_trim(void)
{
	for (unsigned i = 0; i < CLASSES; i++) {
		if (spare[i] != NULL)
			slab_drop(spare[i]);
		spare[i] = NULL;
	}
}
