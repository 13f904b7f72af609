// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Connections over streams. A worker is a thread with rings of its own and up to SERVER_CONNECTIONS connections, each with one operation
 * under way: what has completed says what is next. The first worker takes every connection until it is full; only then is there
 * another one, for batches are what makes rings cheap.
 */
#ifndef APPS_BLOG_SERVER_H
#define APPS_BLOG_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include <capos/abi.h>

enum {
	SERVER_CONNECTIONS = 100, /* of a worker: its completions are CAPOS_COMPLETIONS at most */
	SERVER_WORKERS = 11,
};

struct server_options {
	uint16_t port;
	bool quiet;        /* no log */
	const char *inbox; /* the directory that bodies of PUT go to; NULL: none */
	uint64_t requests; /* so many are answered; 0: no end */
};

/* Serves the site until `requests` were answered: 0, or a negative errno where it cannot. */
int64_t server_run(const struct server_options *options);

#endif
