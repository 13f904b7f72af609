// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * One heap under one lock, and before it each CPU has a cache: for each size class a few objects, last in, first out. To the heap
 * they live. An empty cache takes half of what it holds from the heap, a full one gives half of it back, so that neither
 * allocating nor freeing takes the lock each time, and what one CPU frees another comes to have.
 */
#include "kernel/core/kheap.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/cpu.h"
#include "hal/contract/memory.h"
#include "hal/contract/smp.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap_guard.h"
#include "kernel/core/message.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "lib/string.h"

enum { CACHE_OBJECTS = 8, CACHE_MOVES = CACHE_OBJECTS / 2 };

struct cache_objects {
	alignas(64) void *of[HEAP_CLASSES][CACHE_OBJECTS]; /* W: its CPU */
};

struct cache {
	alignas(64) atomic_bool used; /* since it was emptied. W: its CPU; R: kheap_trim */
	uint8_t counts[HEAP_CLASSES]; /* W: its CPU */
};

static struct cache caches[HAL_CPUS_MAX];
static struct cache_objects objects[HAL_CPUS_MAX] __attribute__((section(".unzeroed")));
static struct heap heap;
static struct spinlock lock;
static _Atomic uint64_t lock_count; /* W: who has the lock */

/* This CPU's. Its fibers and its scheduler do not yield with it in hand, and an interrupt has no business here. */
static struct cache *cache_this(void)
{
	ASSERT_OWNED(!hal_cpu_in_exception());
	return &caches[hal_cpu_index()];
}

static void **cache_class(const struct cache *cache, unsigned class)
{
	return objects[cache - caches].of[class];
}

static void heap_take(void)
{
	spinlock_take(&lock);
	atomic_store_explicit(&lock_count, atomic_load_explicit(&lock_count, memory_order_relaxed) + 1, memory_order_relaxed);
}

static void heap_give(void)
{
	spinlock_give(&lock);
}

static void *source_alloc(void *ctx, size_t bytes)
{
	(void)ctx;

	uint64_t pa = page_run_alloc(bytes / HAL_PAGE_BYTES);

	return pa != 0 ? hal_direct_va(pa) : NULL;
}

static void source_free(void *ctx, void *pages, size_t bytes)
{
	(void)ctx;
	page_run_free(hal_direct_pa(pages), bytes / HAL_PAGE_BYTES);
}

static void source_bad(void *ctx, const char *what, const void *address)
{
	(void)ctx;
	panic("heap: %s: %p", what, address);
}

void kheap_init(void)
{
	static const struct heap_source source = { .alloc = source_alloc, .free = source_free, .bad = source_bad };

	heap_init(&heap, &source);
}

struct heap *kheap(void)
{
	return &heap;
}

size_t kheap_takes(size_t bytes)
{
	return heap_takes(&heap, bytes);
}

uint64_t kheap_lock_count(void)
{
	return atomic_load_explicit(&lock_count, memory_order_relaxed);
}

static void cache_fill(struct cache *cache, unsigned class, size_t bytes)
{
	void **held = cache_class(cache, class);
	unsigned count = 0;

	heap_take();
	while (count < CACHE_MOVES && (held[count] = heap_alloc(&heap, bytes)) != NULL)
		count++;
	heap_give();
	cache->counts[class] = (uint8_t)count;
	atomic_store_explicit(&cache->used, true, memory_order_relaxed);
}

/* Gives back the oldest. Context: lock taken. */
static void cache_flush(struct cache *cache, unsigned class, unsigned count)
{
	void **held = cache_class(cache, class);

	ASSERT_OWNED(spinlock_is_taken(&lock));
	for (unsigned i = 0; i < count; i++)
		heap_free(&heap, held[i]);
	cache->counts[class] = (uint8_t)(cache->counts[class] - count);
	memmove(held, held + count, cache->counts[class] * sizeof(held[0]));
}

static void *object_alloc(size_t bytes)
{
	struct cache *cache = cache_this();
	unsigned class = heap_class_for(&heap, bytes);
	void *address;

	if (class < HEAP_CLASSES) {
		if (cache->counts[class] == 0)
			cache_fill(cache, class, bytes);
		return cache->counts[class] > 0 ? cache_class(cache, class)[--cache->counts[class]] : NULL;
	}
	heap_take();
	address = heap_alloc(&heap, bytes);
	heap_give();
	return address;
}

static void object_free(void *address)
{
	struct cache *cache = cache_this();
	unsigned class = address != NULL ? heap_class_at(&heap, address) : HEAP_CLASSES;

	if (class < HEAP_CLASSES) {
		void **held = cache_class(cache, class);

		for (unsigned i = 0; i < cache->counts[class]; i++)
			if (held[i] == address)
				source_bad(NULL, "freed already", address);
		if (cache->counts[class] == CACHE_OBJECTS) {
			heap_take();
			cache_flush(cache, class, CACHE_MOVES);
			heap_give();
		}
		held[cache->counts[class]++] = address;
		atomic_store_explicit(&cache->used, true, memory_order_relaxed);
	} else if (address != NULL) { /* large, or none that lives, which the heap tells apart */
		heap_take();
		heap_free(&heap, address);
		heap_give();
	}
}

/* Context: the object lives. */
static size_t object_usable(void *address)
{
	size_t usable;

	if (heap_class_at(&heap, address) != HEAP_CLASSES)
		return heap_usable(&heap, address); /* reads what stays as it is while an object of the slab lives */
	heap_take();
	usable = heap_usable(&heap, address);
	heap_give();
	return usable;
}

static void guard_judge(kheap_guard_verdict verdict, const void *address)
{
	if (verdict != NULL)
		source_bad(NULL, verdict, address);
}

void *kheap_alloc(size_t bytes)
{
	void *address;

	if (!DEBUG_CHECKS)
		return object_alloc(bytes);
	address = bytes <= KHEAP_GUARD_MAX ? object_alloc(bytes + KHEAP_GUARD_BYTES) : NULL;
	if (address != NULL)
		guard_judge(kheap_guard_begin(address, object_usable(address), bytes), address);
	return address;
}

void kheap_free(void *address)
{
	if (DEBUG_CHECKS && address != NULL)
		guard_judge(kheap_guard_end(address, object_usable(address)), address);
	object_free(address);
}

void *kheap_calloc(size_t count, size_t bytes)
{
	size_t total;
	void *address;

	if (__builtin_mul_overflow(count, bytes, &total))
		return NULL;
	address = kheap_alloc(total);
	if (address != NULL)
		memset(address, 0, total);
	return address;
}

/* To another place each time, so that who goes on with the old one is found out. */
static void *guarded_realloc(void *old, size_t bytes)
{
	size_t asked = old != NULL ? kheap_guard_asked(old, object_usable(old)) : 0;
	void *moved = kheap_alloc(bytes);

	if (moved == NULL)
		return NULL;
	if (old != NULL)
		memcpy(moved, old, bytes < asked ? bytes : asked);
	kheap_free(old);
	return moved;
}

void *kheap_realloc(void *old, size_t bytes)
{
	if (DEBUG_CHECKS)
		return guarded_realloc(old, bytes);
	heap_take();

	void *address = heap_realloc(&heap, old, bytes);

	heap_give();
	return address;
}

/* Empties this CPU's cache and counts down. Context: fiber or scheduler. */
static void cache_empty(void *arg)
{
	_Atomic unsigned *waited_for = arg;
	struct cache *cache = cache_this();

	heap_take();
	for (unsigned class = 0; class < HEAP_CLASSES; class++)
		cache_flush(cache, class, cache->counts[class]);
	heap_give();
	atomic_store_explicit(&cache->used, false, memory_order_relaxed);
	atomic_fetch_sub_explicit(waited_for, 1, memory_order_release); /* pairs with the acquire in kheap_trim */
}

void kheap_trim(void)
{
	_Atomic unsigned waited_for = 0;

	for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++) {
		if (!atomic_load_explicit(&caches[cpu].used, memory_order_relaxed))
			continue;
		atomic_fetch_add_explicit(&waited_for, 1, memory_order_relaxed);
		if (cpu == hal_cpu_index())
			cache_empty(&waited_for);
		else
			message_send(cpu, cache_empty, &waited_for);
	}
	while (atomic_load_explicit(&waited_for, memory_order_acquire) > 0) {
		fiber_yield();
		hal_cpu_relax();
	}
	heap_take();
	heap_trim(&heap);
	heap_give();
}
