// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What every fuzz entry shares: libFuzzer's one function, and an assertion that is never compiled out. An entry asserts what
 * the parser promises beyond not crashing; ASan and UBSan see the rest.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ASSERT(condition)                                                                 \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                               \
		}                                                                              \
	} while (0)

/* Whether `inner` lies within `outer`. */
static inline bool fuzz_is_inside(struct span inner, struct span outer)
{
	uintptr_t from = (uintptr_t)inner.data;
	uintptr_t begin = (uintptr_t)outer.data;

	return from >= begin && from - begin <= outer.len && inner.len <= outer.len - (from - begin);
}

#endif
