// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/rates/rates.h"

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return 0; /* the process that rate_spawn() makes */
	return rate_calls() || rate_spawn() || rate_channel();
}
