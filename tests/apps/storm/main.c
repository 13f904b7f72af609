// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/storm/storm.h"

#include "lib/string.h"

enum { EXIT_USAGE = 120 };

static const struct storm storms[] = {
	{ "random", storm_random },		{ "forge", storm_forge }, { "overwrite", storm_overwrite }, { "results", storm_results },
	{ "outstanding", storm_outstanding }, { "bomb", storm_bomb },	{ "kills", storm_kills },
	{ "paths", storm_paths },
};

uint64_t number_of(const char *text)
{
	uint64_t value = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	return value;
}

void number_to(char text[21], uint64_t value)
{
	char digits[20];
	unsigned count = 0;

	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (count > 0)
		*text++ = digits[--count];
	*text = '\0';
}

/* "storm" SEED END_NS KIND for a hostile process, KIND SEED MILLISECONDS PERCENT for the steady one. */
int main(int argc, char **argv)
{
	if (argc < 4)
		return EXIT_USAGE;
	if (strcmp(argv[0], "storm") != 0)
		return argc < 5 ? EXIT_USAGE : steady(argv[1], number_of(argv[2]), number_of(argv[3]), number_of(argv[4]));
	for (unsigned i = 0; i < sizeof(storms) / sizeof(storms[0]); i++)
		if (strcmp(storms[i].name, argv[3]) == 0)
			return storms[i].run(number_of(argv[1]), number_of(argv[2]));
	return EXIT_USAGE;
}
