// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A program that may read from the console and not write to it: nothing that it writes is seen, by whichever way. Unlike the others this is not so on Linux. */
#include <fcntl.h>
#include <unistd.h>

#include "tests/linux/claims.h"

int main(void)
{
	int tty = open("/dev/tty", O_RDWR);

	CLAIM(isatty(0) && isatty(1) && tty >= 0 && isatty(tty));
	for (int fd = 0; fd < 3; fd++)
		CLAIM(write(fd, "hushed: as it must be\n", 22) == 22);
	CLAIM(write(tty, "hushed: as it must be\n", 22) == 22 && close(tty) == 0);
	return claims_end("hushed");
}
