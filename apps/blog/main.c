// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A blog: serves the files of apps/blog/site, which are part of the program, by HTTP/1.1. Words at launch: "quiet" writes no log,
 * "requests=N" ends it after so many.
 */
#include <string.h>

#include <capos/capos.h>

#include "apps/blog/server.h"

enum { PORT = 80, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Reads decimal digits, at least one. */
static bool number_read(const char *text, uint64_t *number)
{
	const char *at = text;

	for (*number = 0; *at >= '0' && *at <= '9' && *number < UINT32_MAX; at++)
		*number = *number * 10 + (uint64_t)(*at - '0');
	return at > text && *at == '\0';
}

int main(int argc, char **argv)
{
	static const char requests[] = "requests=";
	struct server_options options = { .port = PORT };
	int64_t status;

	for (int i = 1; i < argc; i++) {
		bool known = strcmp(argv[i], "quiet") == 0;

		options.quiet |= known;
		if (!known && (strncmp(argv[i], requests, sizeof(requests) - 1) != 0 ||
			       !number_read(argv[i] + sizeof(requests) - 1, &options.requests))) {
			(void)capos_print("unknown argument: %s (known: quiet, requests=N)", argv[i]);
			return EXIT_USAGE;
		}
	}
	status = server_run(&options);
	(void)capos_print("cannot serve: error %lld", (long long)status);
	return EXIT_FAILED;
}
