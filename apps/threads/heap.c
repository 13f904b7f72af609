// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include <capos/capos.h>
#include <capos/thread.h>

#include "checks.h"

enum { THREADS = 4, ROUNDS = 300, KEPT = 16 };

/* Allocations change hands here: whoever puts one in a place gets the one that was there, and frees it. */
static unsigned char *_Atomic kept[KEPT];

static int exchange(void *arg)
{
	uint32_t random = (uint32_t)(unsigned long)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		random = random * 1664525 + 1013904223;

		size_t bytes = 1 + (random >> 16) % 3000;
		unsigned char *mine = malloc(bytes);

		EXPECT(mine != NULL && malloc_usable_size(mine) >= bytes);
		mine[0] = mine[bytes - 1] = (unsigned char)i;
		free(atomic_exchange(&kept[(random >> 8) % KEPT], mine));
	}
	return 0;
}

int check_heap(void)
{
	struct capos_thread threads[THREADS];
	int value;

	for (unsigned long i = 0; i < THREADS; i++)
		EXPECT(capos_thread_create(&threads[i], NULL, exchange, (void *)(i + 1)) == 0);
	for (unsigned i = 0; i < THREADS; i++)
		EXPECT(capos_thread_join(&threads[i], &value) == 0 && value == 0);
	for (unsigned i = 0; i < KEPT; i++)
		free(atomic_exchange(&kept[i], NULL));

	void *aligned = aligned_alloc(8192, 100);

	EXPECT(aligned && (unsigned long)aligned % 8192 == 0);
	free(aligned);
	capos_heap_trim();
	return 0;
}
