// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/hostile/misdeeds.h"

#include "lib/string.h"

enum { EXIT_UNKNOWN = 120 };

int hostile_argc;
char **hostile_argv;

int main(int argc, char **argv)
{
	static const struct misdeed_table *const tables[] = { &fault_misdeeds, &region_misdeeds, &ring_misdeeds, &service_misdeeds };

	hostile_argc = argc;
	hostile_argv = argv;
	for (unsigned i = 0; argc > 1 && i < sizeof(tables) / sizeof(tables[0]); i++)
		for (unsigned j = 0; j < tables[i]->count; j++)
			if (strcmp(tables[i]->misdeeds[j].name, argv[1]) == 0)
				return tables[i]->misdeeds[j].commit();
	return EXIT_UNKNOWN;
}
