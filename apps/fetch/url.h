// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* `http://HOST[:PORT][/PATH]`, taken apart. Pure. */
#ifndef APPS_FETCH_URL_H
#define APPS_FETCH_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct url {
	const char *host; /* of the text that was read, as all here */
	size_t host_len;
	const char *path; /* with its slash, up to the text's end; "/" where there is none */
	uint16_t port;
};

/* False: it is none of that form, or has characters that a request's first line cannot carry. */
bool url_read(const char *text, struct url *url);

/* An IPv4 address as four numbers with dots. False: it is none, and may be a name. */
bool url_host_address(const struct url *url, uint8_t address[16]);

#endif
