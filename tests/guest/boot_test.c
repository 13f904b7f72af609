// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What boot left behind. */
#include <libfdt.h>

#include "kernel/core/log.h"
#include "tests/guest/guest.h"

/* The device tree, found from the command line, which lies in it; NULL where the search leads nowhere. */
static const void *device_tree(void)
{
	uintptr_t at = (uintptr_t)guest_command_line.data & ~7ul;

	for (unsigned i = 0; guest_command_line.len > 0 && i < 1 << 17; i++, at -= 8)
		if (fdt_magic((const void *)at) == FDT_MAGIC && fdt_check_header((const void *)at) == 0)
			return (const void *)at;
	return NULL;
}

/* Whoever reads the device tree after boot does not learn what identifiers are made from. */
static const char *the_seed_has_left_the_device_tree(void)
{
	const void *fdt = device_tree();
	int len = 0;

	GUEST_CHECK(fdt != NULL);

	const uint8_t *seed = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed", &len);

	GUEST_CHECK(seed != NULL && len >= 16); /* QEMU always gives one */
	for (int i = 0; i < len; i++)
		GUEST_CHECK(seed[i] == 0);
	return NULL;
}

/* The harness looks for "boot: said at warn", and for "not said at info", which must not be there. */
static const char *the_log_lets_warnings_through(void)
{
	log_print(LOG_BOOT, LOG_WARN, "said at warn");
	log_print(LOG_BOOT, LOG_INFO, "not said at info");
	return NULL;
}

static const struct guest_test tests[] = {
	{ "the_seed_has_left_the_device_tree", the_seed_has_left_the_device_tree },
	{ "the_log_lets_warnings_through", the_log_lets_warnings_through },
};

const struct guest_table boot_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
