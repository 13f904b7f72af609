// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Everything that dir and file promise, on the file systems that every machine has: /tmp, /app, /log, /sys/rumpk. */
#include "tests/apps/filecheck/check.h"

static unsigned wrong;
static unsigned checked;

void expect(const char *what, int64_t result, int64_t due)
{
	checked++;
	if (result == due)
		return;
	wrong++;
	(void)capos_print("%s: %lld, and not %lld, is WRONG", what, (long long)result, (long long)due);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "reader") == 0) {
		check_reader();
	} else {
		check_names();
		check_contents();
		check_bundle();
		check_facts();
		check_hostile();
		check_shared();
	}
	(void)capos_print("%u checks, %u wrong", checked, wrong);
	return wrong != 0;
}
