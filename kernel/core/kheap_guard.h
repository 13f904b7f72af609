// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the debug image's memory is guarded by: behind each object of the heap lie bytes that nobody may write, and what is free is filled with a pattern that
 * must still be there when it is given out anew. So a write beyond an object's end and one after it was freed are told when it is freed or given out, and
 * whoever reads freed memory finds no pointer there. Reading beyond the end is not told.
 *
 *     object  | bytes asked for | GUARD_BYTE ... | bytes asked for, sealed |
 *     freed   | FREED_BYTE ...                   | FREED, sealed           |
 */
#ifndef KERNEL_CORE_KHEAP_GUARD_H
#define KERNEL_CORE_KHEAP_GUARD_H

#include <stddef.h>
#include <stdint.h>

enum { KHEAP_GUARD_BYTES = 16 }; /* at least so many are asked for beside the object */
#define KHEAP_GUARD_MAX (UINT32_MAX - KHEAP_GUARD_BYTES) /* bytes that an object may be asked for: they are kept twice, in 64 bits */

/* What is wrong with a piece of memory; NULL: nothing. Each is static text. */
typedef const char *kheap_guard_verdict;

/* `usable` bytes are given out for `bytes`: tells whether they were written since they were freed. */
kheap_guard_verdict kheap_guard_begin(void *object, size_t usable, size_t bytes);

/* They are freed: tells whether something was written behind what was asked for. */
kheap_guard_verdict kheap_guard_end(void *object, size_t usable);

/* The same for memory of which it is not known what was asked for. */
void kheap_guard_fill(void *object, size_t usable);

/* As many bytes as were asked for of an object that lives. */
size_t kheap_guard_asked(const void *object, size_t usable);

#endif
