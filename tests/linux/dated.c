// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* How old files are: those of the bundle as old as it says of itself, which is told when it is packed (tests/linux/rules.mk). */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define DATED 1700000000 /* SOURCE_DATE_EPOCH of this program's bundle */

static int is_dated(const struct stat *is)
{
	return is->st_mtim.tv_sec == DATED && is->st_mtim.tv_nsec == 0 && is->st_ctim.tv_sec == DATED && is->st_atim.tv_sec == DATED;
}

static void files_of_the_bundle(void)
{
	const struct timeval now[2] = { { .tv_sec = 5 }, { .tv_sec = 5 } };
	struct stat is;
	char byte;
	int file;

	CLAIM(stat("/program", &is) == 0 && is_dated(&is));
	CLAIM(stat("/manifest.toml", &is) == 0 && is_dated(&is));
	CLAIM(stat("/", &is) == 0 && is_dated(&is));
	file = open("/program", O_RDONLY);
	CLAIM(file >= 0 && read(file, &byte, 1) == 1);
	CLAIM(fstat(file, &is) == 0 && is_dated(&is));
	CLAIM(close(file) == 0);
	REFUSED(utimes("/program", now), EROFS);
	CLAIM(stat("/program", &is) == 0 && is_dated(&is));
}

int main(void)
{
	files_of_the_bundle();
	return claims_end("dated");
}
