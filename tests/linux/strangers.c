// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Two families that the manifest starts, each with as many pseudo-terminals as a family may have: neither sees the other's, nor counts them. */
#include "tests/linux/claims.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PTYS_MAX = 64, LOOKS = 100, LOOK_US = 2000 };

static int listed(void)
{
	DIR *directory = opendir("/dev/pts");
	int count = 0;

	while (directory != NULL && readdir(directory) != NULL)
		count++;
	CLAIM(directory != NULL && closedir(directory) == 0);
	return count - 3; /* ".", "..", "ptmx" */
}

static void opens_all(int masters[PTYS_MAX])
{
	for (int i = 0; i < PTYS_MAX; i++) {
		char path[32];

		masters[i] = posix_openpt(O_RDWR | O_NOCTTY);
		CLAIM(masters[i] >= 0 && ptsname_r(masters[i], path, sizeof(path)) == 0 && atoi(path + 9) == i && unlockpt(masters[i]) == 0);
	}
	CLAIM(listed() == PTYS_MAX);
	REFUSED(open("/dev/ptmx", O_RDWR | O_NOCTTY), ENOSPC);
}

static void closes_all(const int masters[PTYS_MAX])
{
	for (int i = 0; i < PTYS_MAX; i++)
		CLAIM(close(masters[i]) == 0);
	CLAIM(listed() == 0);
}

int main(int argc, char **argv)
{
	int masters[PTYS_MAX];

	(void)argv;
	if (argc > 1) { /* looks on while the other one has all it may */
		for (int i = 0; i < LOOKS; i++) {
			CLAIM(listed() == 0 && open("/dev/pts/0", O_RDWR | O_NOCTTY) == -1 && errno == ENOENT);
			usleep(LOOK_US);
		}
		opens_all(masters);
		closes_all(masters);
		return claims_failed != 0;
	}
	opens_all(masters);
	usleep(2 * LOOKS * LOOK_US);
	CLAIM(listed() == PTYS_MAX);
	closes_all(masters);
	return claims_end("strangers");
}
