// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "apps/fetch/url.h"

#include <string.h>

enum { PORT_HTTP = 80, PORT_MAX = 65535, HOST_MAX = 253 };

/* Reads decimal digits up to `end`; false where there are none, others, or more than `most`. */
static bool number_read(const char *at, const char *end, uint32_t most, uint32_t *number)
{
	if (at == end)
		return false;
	for (*number = 0; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		*number = *number * 10 + (uint32_t)(*at - '0');
		if (*number > most)
			return false;
	}
	return true;
}

static const char *find(const char *at, const char *end, char what)
{
	while (at < end && *at != what)
		at++;
	return at;
}

bool url_read(const char *text, struct url *url)
{
	static const char scheme[] = "http://";
	const char *end = text + strlen(text);
	const char *host_end, *slash;
	uint32_t port = PORT_HTTP;

	if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
		return false;
	for (const char *at = text; at < end; at++)
		if (*at <= ' ' || *at > '~')
			return false;
	url->host = text + sizeof(scheme) - 1;
	slash = find(url->host, end, '/');
	host_end = find(url->host, slash, ':');
	url->host_len = (size_t)(host_end - url->host);
	url->path = slash < end ? slash : "/";
	if (host_end < slash && (!number_read(host_end + 1, slash, PORT_MAX, &port) || port == 0))
		return false;
	url->port = (uint16_t)port;
	return url->host_len > 0 && url->host_len <= HOST_MAX;
}

bool url_host_address(const struct url *url, uint8_t address[16])
{
	const char *at = url->host;
	const char *end = at + url->host_len;

	memset(address, 0, 16);
	for (unsigned i = 0; i < 4; i++) {
		const char *dot = find(at, end, '.');
		uint32_t number;

		if (!number_read(at, dot, 255, &number) || (dot == end) != (i == 3))
			return false;
		address[i] = (uint8_t)number;
		at = dot + (dot < end);
	}
	return true;
}
