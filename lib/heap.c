// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Small allocations lie in slabs: a page each, a header of 64 bytes, then objects of one size class. Large ones have
 * pages of their own, with the same header.
 *
 *     slab    | header | object | object | ... | rest |
 *     large   | header | bytes ...                          as much as the first page left, and more pages
 *     aligned | ...    | ... header | bytes ...             where the alignment is a page or more
 *
 * So the header of an object is at the start of its page, and that of an object which itself starts a page is right
 * before it: found without a search, and no object of the other kinds starts a page. A map of free objects in the
 * header makes a double free plain, and nothing is kept in freed memory that a late write could break; links in free
 * objects were rejected for that.
 */
#include "lib/heap.h"

#include <stdbool.h>

#include "lib/bits.h"
#include "lib/string.h"

#define HEADER_BYTES 64u
#define GRANULE 16u
#define SLAB_MAGIC 0x52756d706b536c62u
#define LARGE_MAGIC 0x52756d706b4c7267u
#define MAP_WORDS 4

struct slab {
	uint64_t magic; /* SLAB_MAGIC ^ address of this header ^ address of the heap */
	struct list_node link; /* in heap->slabs while there is room, else to itself */
	uint64_t free[MAP_WORDS]; /* bit i: object i is free */
	uint16_t size; /* bytes of an object */
	uint16_t live;
	uint16_t count;
	uint16_t class;
};

struct large {
	uint64_t magic; /* LARGE_MAGIC ^ ..., as above */
	uint8_t *pages; /* what the source gave, and how much */
	size_t bytes;
	size_t usable; /* bytes from the object to the end of the pages */
};

_Static_assert(sizeof(struct slab) <= HEADER_BYTES && sizeof(struct large) <= HEADER_BYTES, "a header fits");
_Static_assert(HEADER_BYTES % GRANULE == 0, "the first object is aligned");
_Static_assert((HEAP_PAGE_BYTES - HEADER_BYTES) / GRANULE <= MAP_WORDS * 64, "every object has its bit");

/* As many bytes as let 1, 2, ... objects share a page with little rest; steps of at most a third above 48. */
static const uint16_t class_bytes[HEAP_CLASSES] = { 16,	 32,  48,  64,	80,  96,  112, 128, 160,  192, 224,
						    256, 304, 352, 400, 448, 576, 672, 800, 1008, 1344, 2016 };

static uint64_t seal(const struct heap *heap, const void *header, uint64_t magic)
{
	return magic ^ (uintptr_t)header ^ (uintptr_t)heap;
}

void heap_init(struct heap *heap, const struct heap_source *source)
{
	unsigned class = 0;

	heap->source = *source;
	heap->stats = (struct heap_stats){ 0 };
	for (unsigned i = 0; i < HEAP_CLASSES; i++)
		list_init(&heap->slabs[i]);
	for (unsigned i = 0; i < ARRAY_LEN(heap->class_of); i++) {
		if (i * GRANULE > class_bytes[class])
			class++;
		heap->class_of[i] = (uint8_t)class;
	}
}

static void *take_pages(struct heap *heap, size_t bytes)
{
	void *pages = heap->source.alloc(heap->source.ctx, bytes);

	if (pages)
		heap->stats.source_bytes += bytes;
	return pages;
}

static void give_pages(struct heap *heap, void *pages, size_t bytes)
{
	heap->stats.source_bytes -= bytes;
	heap->source.free(heap->source.ctx, pages, bytes);
}

static struct slab *slab_make(struct heap *heap, unsigned class)
{
	struct slab *slab = take_pages(heap, HEAP_PAGE_BYTES);
	unsigned count = (HEAP_PAGE_BYTES - HEADER_BYTES) / class_bytes[class];

	if (!slab)
		return NULL;
	slab->magic = seal(heap, slab, SLAB_MAGIC);
	slab->size = class_bytes[class];
	slab->live = 0;
	slab->count = (uint16_t)count;
	slab->class = (uint16_t)class;
	for (unsigned i = 0; i < MAP_WORDS; i++) {
		unsigned here = count < 64 ? count : 64;

		slab->free[i] = here == 64 ? UINT64_MAX : (UINT64_C(1) << here) - 1;
		count -= here;
	}
	list_push_front(&heap->slabs[class], &slab->link);
	heap->stats.slab_count++;
	return slab;
}

static void slab_drop(struct heap *heap, struct slab *slab)
{
	list_remove(&slab->link);
	slab->magic = 0;
	heap->stats.slab_count--;
	give_pages(heap, slab, HEAP_PAGE_BYTES);
}

static void *slab_alloc(struct heap *heap, unsigned class)
{
	struct slab *slab;
	unsigned word = 0;
	unsigned index;

	if (!list_is_empty(&heap->slabs[class]))
		slab = LIST_OWNER(heap->slabs[class].next, struct slab, link);
	else
		slab = slab_make(heap, class);
	if (!slab)
		return NULL;
	while (slab->free[word] == 0)
		word++;
	index = word * 64 + (unsigned)__builtin_ctzll(slab->free[word]);
	slab->free[word] &= slab->free[word] - 1;
	slab->live++;
	if (slab->live == slab->count)
		list_remove(&slab->link);
	heap->stats.live_bytes += slab->size;
	heap->stats.live_count++;
	return (uint8_t *)slab + HEADER_BYTES + index * slab->size;
}

/* Which object of its slab is at `address`; `count` where none begins there. */
static unsigned slab_index(const struct slab *slab, const void *address)
{
	unsigned offset = (unsigned)((const uint8_t *)address - (const uint8_t *)slab) - HEADER_BYTES;
	unsigned index = offset / slab->size;

	return index < slab->count && index * slab->size == offset ? index : slab->count;
}

/*
 * An empty slab stays where it is the only one of its class with room, so that a lone allocation made and freed again
 * is quick.
 */
static void slab_free(struct heap *heap, struct slab *slab, unsigned index)
{
	struct list_node *slabs = &heap->slabs[slab->class];

	slab->free[index / 64] |= UINT64_C(1) << index % 64;
	if (slab->live-- == slab->count)
		list_push_front(slabs, &slab->link);
	if (slab->live == 0 && slabs->next != slabs->prev)
		slab_drop(heap, slab);
}

/* Pages of its own for `bytes`; what is before the object is a header, or as much as the alignment takes. */
static void *large_alloc(struct heap *heap, size_t align, size_t bytes)
{
	bool starts_page = align >= HEAP_PAGE_BYTES;
	size_t before = starts_page ? HEAP_PAGE_BYTES : align > HEADER_BYTES ? align : HEADER_BYTES;
	size_t slack = starts_page ? align - HEAP_PAGE_BYTES : 0;
	struct large *large;
	uint8_t *pages;
	uint8_t *object;
	size_t total;

	if (bytes > SIZE_MAX / 4 || align > SIZE_MAX / 4)
		return NULL;
	total = bits_align_up(bytes + before + slack, HEAP_PAGE_BYTES);
	pages = take_pages(heap, total);
	if (!pages)
		return NULL;
	object = (uint8_t *)bits_align_up((uintptr_t)pages + before, align);
	large = (struct large *)(void *)(starts_page ? object - HEADER_BYTES : pages);
	large->magic = seal(heap, large, LARGE_MAGIC);
	large->pages = pages;
	large->bytes = total;
	large->usable = (size_t)(pages + total - object);
	heap->stats.live_bytes += large->usable;
	heap->stats.live_count++;
	return object;
}

/* What lives at an address: of `slab` and `large`, one is set. */
struct object {
	struct slab *slab;
	struct large *large;
	unsigned index; /* in the slab */
	size_t usable;
};

/* Looks at the header that an object at `address` has. False, and `bad` was told, where none lives there. */
static bool find(struct heap *heap, void *address, struct object *object)
{
	uintptr_t at = (uintptr_t)address;
	bool starts_page = at % HEAP_PAGE_BYTES == 0;
	void *header = (void *)(starts_page ? at - HEADER_BYTES : bits_align_down(at, HEAP_PAGE_BYTES));
	struct slab *slab = header;
	struct large *large = header;
	const char *what = "foreign pointer";

	if (!starts_page && slab->magic == seal(heap, slab, SLAB_MAGIC)) {
		*object = (struct object){ .slab = slab, .index = slab_index(slab, address), .usable = slab->size };
		if (object->index == slab->count)
			what = "pointer into an allocation";
		else if (slab->free[object->index / 64] >> object->index % 64 & 1)
			what = "freed already";
		else
			return true;
	} else if (large->magic == seal(heap, large, LARGE_MAGIC)) {
		*object = (struct object){ .large = large, .usable = large->usable };
		if ((uint8_t *)address + large->usable == large->pages + large->bytes)
			return true;
		what = "pointer into an allocation";
	}
	heap->source.bad(heap->source.ctx, what, address);
	return false;
}

size_t heap_takes(const struct heap *heap, size_t bytes)
{
	unsigned class = heap_class_for(heap, bytes);

	return class < HEAP_CLASSES ? class_bytes[class] : bits_align_up(bytes + HEADER_BYTES, HEAP_PAGE_BYTES);
}

unsigned heap_class_for(const struct heap *heap, size_t bytes)
{
	return bytes > HEAP_SMALL_MAX ? HEAP_CLASSES : heap->class_of[(bytes + GRANULE - 1) / GRANULE];
}

unsigned heap_class_at(const struct heap *heap, const void *address)
{
	uintptr_t at = (uintptr_t)address;
	const struct slab *slab = (const void *)bits_align_down(at, HEAP_PAGE_BYTES);
	unsigned index;

	if (at % HEAP_PAGE_BYTES == 0 || slab->magic != seal(heap, slab, SLAB_MAGIC))
		return HEAP_CLASSES;
	index = slab_index(slab, address);
	/* Others set and clear the bits of their objects in the same word. */
	if (index == slab->count || __atomic_load_n(&slab->free[index / 64], __ATOMIC_RELAXED) >> index % 64 & 1)
		return HEAP_CLASSES;
	return slab->class;
}

void *heap_alloc(struct heap *heap, size_t bytes)
{
	unsigned class = heap_class_for(heap, bytes);

	return class < HEAP_CLASSES ? slab_alloc(heap, class) : large_alloc(heap, GRANULE, bytes);
}

void *heap_calloc(struct heap *heap, size_t count, size_t bytes)
{
	void *object;
	size_t total;

	if (__builtin_mul_overflow(count, bytes, &total))
		return NULL;
	object = heap_alloc(heap, total);
	if (object)
		memset(object, 0, total);
	return object;
}

void *heap_alloc_aligned(struct heap *heap, size_t align, size_t bytes)
{
	if (!bits_is_pow2(align))
		return NULL;
	if (align <= GRANULE)
		return heap_alloc(heap, bytes);
	/*
	 * Objects begin at multiples of their size behind the header: a class whose size is a multiple of the alignment
	 * will do.
	 */
	if (align <= HEADER_BYTES && bytes <= HEAP_SMALL_MAX)
		for (unsigned class = heap->class_of[(bytes + GRANULE - 1) / GRANULE]; class < HEAP_CLASSES; class++)
			if (class_bytes[class] % align == 0)
				return slab_alloc(heap, class);
	return large_alloc(heap, align, bytes);
}

void heap_free(struct heap *heap, void *address)
{
	struct object object;

	if (!address || !find(heap, address, &object))
		return;
	heap->stats.live_bytes -= object.usable;
	heap->stats.live_count--;
	if (object.slab) {
		slab_free(heap, object.slab, object.index);
	} else {
		object.large->magic = 0;
		give_pages(heap, object.large->pages, object.large->bytes);
	}
}

size_t heap_usable(struct heap *heap, void *address)
{
	struct object object;

	return find(heap, address, &object) ? object.usable : 0;
}

void *heap_realloc(struct heap *heap, void *address, size_t bytes)
{
	struct object object;
	void *moved;

	if (!address)
		return heap_alloc(heap, bytes);
	if (!find(heap, address, &object))
		return NULL;
	if (bytes <= object.usable && (bytes >= object.usable / 2 || object.usable <= HEADER_BYTES))
		return address;
	moved = heap_alloc(heap, bytes);
	if (!moved)
		return NULL;
	memcpy(moved, address, bytes < object.usable ? bytes : object.usable);
	heap_free(heap, address);
	return moved;
}

void heap_trim(struct heap *heap)
{
	for (unsigned class = 0; class < HEAP_CLASSES; class++) {
		struct list_node *node = heap->slabs[class].next;

		while (node != &heap->slabs[class]) {
			struct slab *slab = LIST_OWNER(node, struct slab, link);

			node = node->next;
			if (slab->live == 0)
				slab_drop(heap, slab);
		}
	}
}
