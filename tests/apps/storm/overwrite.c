// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/storm/storm.h"

#include <capos/thread.h>

#include "capos/src/start.h"

static volatile bool over;

/* Writes to submissions while the other thread fills them and the kernel reads them; to the cursors too, if the seed says so. */
static int scribble(void *arg)
{
	uint64_t state = (uint64_t)arg;
	bool cursors = state % 4 == 0;
	volatile uint32_t *words = (volatile uint32_t *)(capos_start->rings + CAPOS_RINGS_SUBMISSIONS);
	struct capos_rings *rings = (struct capos_rings *)capos_start->rings;

	for (unsigned i = 0; !over; i++) {
		/* QEMU runs the CPUs in turn, and one that never gives way for 100 ms each: it would be that which slows others down. */
		if (i % 256 == 0)
			__asm__ volatile("yield");
		words[draw_below(&state, CAPOS_SUBMISSIONS * sizeof(struct capos_submission) / sizeof(uint32_t))] =
			draw_below(&state, 2) ? (uint32_t)draw_below(&state, 4) : (uint32_t)draw(&state);
		if (cursors && draw_below(&state, 10000) == 0)
			atomic_store(draw_below(&state, 2) ? &rings->submit_tail : &rings->complete_head, (uint32_t)draw(&state));
		if (cursors && draw_below(&state, 1000) == 0)
			atomic_store(&rings->polled, 0);
	}
	return 0;
}

/*
 * By hand, for the library would believe what comes back. user_data is the scribbler's to spoil, so that completions count and nothing
 * else; some submissions are spoilt into ones that wait, which the next round does not wait for.
 */
int storm_overwrite(uint64_t seed, uint64_t end_ns)
{
	struct capos_rings *rings = (struct capos_rings *)capos_start->rings;
	volatile struct capos_submission *submissions =
		(volatile struct capos_submission *)(capos_start->rings + CAPOS_RINGS_SUBMISSIONS);
	capos_cap_t ring = capos_capset_get("ring");
	struct capos_thread thread;

	if (capos_thread_create(&thread, NULL, scribble, (void *)seed) != 0)
		return 1;
	while (now_ns() < end_ns) {
		uint32_t tail = atomic_load(&rings->submit_tail);

		for (uint32_t i = 0; i < 16; i++) {
			submissions[(tail + i) % CAPOS_SUBMISSIONS].cap = ring;
			submissions[(tail + i) % CAPOS_SUBMISSIONS].method = CAPOS_RING_NOP;
		}
		if (tail - atomic_load(&rings->submit_head) < 32)
			atomic_store(&rings->submit_tail, tail + 16);
		(void)capos_sys_cap_enter(1, 1000000);
		__asm__ volatile("yield");
		atomic_store(&rings->complete_head, atomic_load(&rings->complete_tail));
	}
	over = true;
	capos_sys_exit(0); /* with whatever is under way; the library's view of the rings is spoilt */
}
