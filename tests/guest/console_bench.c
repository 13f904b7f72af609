// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* How fast lines come out, wherever the console writes: numbered, so that whoever reads them sees that none is missing. */
#include "hal/contract/timer.h"
#include "kernel/core/log.h"
#include "kernel/io/console.h"
#include "tests/guest/guest.h"

enum { LINES = 2000, LINE_BYTES = 200 };

static const char *every_line_comes_out(void)
{
	static char filler[LINE_BYTES];
	uint64_t begin_ns = hal_timer_now_ns();
	uint64_t ns;

	for (unsigned i = 0; i < sizeof(filler); i++)
		filler[i] = (char)('a' + i % 26);
	for (unsigned i = 0; i < LINES; i++)
		log_line("line %04u %.*s", i, LINE_BYTES - 10, filler);
	while (!log_is_empty())
		console_make_room();
	ns = hal_timer_now_ns() - begin_ns;
	guest_perf("console_rate", LINES * (uint64_t)LINE_BYTES * 10000 / (ns > 0 ? ns : 1), "MB/s");
	GUEST_CHECK(console_window_size() == 0); /* no device of QEMU's tells its size */
	return NULL;
}

static const struct guest_test tests[] = {
	{ "every_line_comes_out", every_line_comes_out },
};

const struct guest_table console_bench = { tests, sizeof(tests) / sizeof(tests[0]) };
