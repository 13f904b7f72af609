// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A blog: serves the files of apps/blog/site, which are part of the program, by HTTP/1.1. Words at launch: "quiet" writes no log,
 * "requests=N" ends it after so many, "inbox=DIR" keeps there what clients send to /inbox/.
 */
#include <string.h>

#include <capos/capos.h>

#include "apps/blog/inbox.h"
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

/* Takes one word. False: it means nothing. */
static bool word_read(const char *word, struct server_options *options)
{
	static const char requests[] = "requests=", inbox[] = "inbox=";

	if (strcmp(word, "quiet") == 0) {
		options->quiet = true;
		return true;
	}
	if (strncmp(word, inbox, sizeof(inbox) - 1) == 0) {
		options->inbox = word + sizeof(inbox) - 1;
		return options->inbox[0] == '/' && strlen(options->inbox) <= INBOX_FOLDER_MAX;
	}
	return strncmp(word, requests, sizeof(requests) - 1) == 0 && number_read(word + sizeof(requests) - 1, &options->requests);
}

int main(int argc, char **argv)
{
	struct server_options options = { .port = PORT };
	int64_t status;

	for (int i = 1; i < argc; i++) {
		if (!word_read(argv[i], &options)) {
			(void)capos_print("unknown argument: %s (known: quiet, requests=N, inbox=DIR)", argv[i]);
			return EXIT_USAGE;
		}
	}
	status = server_run(&options);
	(void)capos_print("cannot serve: error %lld", (long long)status);
	return EXIT_FAILED;
}
