// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* lib/fdt: which of two ports is the console. */
#include "lib/fdt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static _Alignas(8) uint8_t tree[4096];

static size_t load(const char *name)
{
	const char *folder = getenv("RUMPK_FIXTURES");
	char path[4096];
	size_t len = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/fdt/%s.dtb", folder != NULL ? folder : "build/fixtures", name);
	file = fopen(path, "rb");
	if (file != NULL) {
		len = fread(tree, 1, sizeof(tree), file);
		fclose(file);
	}
	return len;
}

/* Where the console's registers are, by the tree that was loaded. */
static uint64_t console_pa(size_t len)
{
	struct fdt_machine machine;
	const char *why = "";

	CU_ASSERT_EQUAL_FATAL(fdt_machine_read(tree, len, &machine, &why), STATUS_OK);
	return machine.uart.registers.base_pa;
}

static void fdt_takes_the_uart_that_a_path_names(void)
{
	CU_ASSERT_EQUAL(console_pa(load("two-uarts")), 0x2000);
}

static void fdt_takes_the_first_uart_where_the_path_leads_nowhere(void)
{
	size_t len = load("two-uarts");

	for (size_t i = 0; i + 13 < len; i++)
		if (memcmp(tree + i, "/serial@2000:", 13) == 0)
			tree[i + 8] = '3';
	CU_ASSERT_EQUAL(console_pa(len), 0x1000);
}

static void fdt_takes_the_first_uart_where_an_alias_means_itself(void)
{
	CU_ASSERT_EQUAL(console_pa(load("alias-circle")), 0x1000);
}

static const struct unit_case cases[] = {
	UNIT_CASE(fdt_takes_the_uart_that_a_path_names),
	UNIT_CASE(fdt_takes_the_first_uart_where_the_path_leads_nowhere),
	UNIT_CASE(fdt_takes_the_first_uart_where_an_alias_means_itself),
};

UNIT_MAIN("lib/fdt_console", cases)
