// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Gets one page by HTTP and puts its lines on the console: `fetch http://HOST[:PORT]/PATH`. Whoever does not answer yet is asked again for a while:
 * two guests that are joined start at different times. Exit status: 0 the page came, 1 it did not, 2 usage.
 */
#include <string.h>

#include <capos/capos.h>

#include "apps/fetch/url.h"

#define SECOND_NS 1000000000ull
#define ANSWER_NS (10 * SECOND_NS)
#define AGAIN_NS (SECOND_NS / 5)

enum { TRIES = 50, ADDRESS_IP4 = 4, HEAD_MAX = 8192, REQUEST_MAX = 2048, LINE_MAX = CAPOS_CONSOLE_LINE_MAX };
enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

static char bytes[HEAD_MAX];

static bool resolve(capos_cap_t net, const struct url *url, uint8_t address[16])
{
	struct capos_net_resolve_result found;

	if (url_host_address(url, address))
		return true;
	if (capos_net_resolve(net, ADDRESS_IP4, url->host, url->host_len, &found, ANSWER_NS) < 0)
		return false;
	memcpy(address, found.address, 16);
	return true;
}

static int64_t connect_once(capos_cap_t net, const uint8_t address[16], uint16_t port, capos_cap_t *stream)
{
	int64_t status = capos_net_connect(net, address, ADDRESS_IP4, port, stream);

	if (status < 0)
		return status;
	status = capos_stream_connected(*stream, ANSWER_NS);
	if (status < 0)
		(void)capos_capset_drop(capos_capset_get("capset"), *stream);
	return status;
}

static int64_t connect(capos_cap_t net, const uint8_t address[16], uint16_t port, capos_cap_t *stream)
{
	capos_cap_t clock = capos_capset_get("clock");
	int64_t status = connect_once(net, address, port, stream);

	for (unsigned i = 1; i < TRIES && status < 0; i++) {
		(void)capos_clock_wait_until(clock, (uint64_t)capos_clock_now(clock) + AGAIN_NS, 0);
		status = connect_once(net, address, port, stream);
	}
	return status;
}

static bool send_all(capos_cap_t stream, const char *data, size_t len)
{
	while (len > 0) {
		int64_t sent = capos_stream_send(stream, data, len, ANSWER_NS);

		if (sent <= 0)
			return false;
		data += sent;
		len -= (size_t)sent;
	}
	return true;
}

static bool ask(capos_cap_t stream, const struct url *url)
{
	static const char get[] = "GET ", host[] = " HTTP/1.0\r\nHost: ", end[] = "\r\n\r\n";

	return send_all(stream, get, sizeof(get) - 1) && send_all(stream, url->path, strlen(url->path)) &&
	       send_all(stream, host, sizeof(host) - 1) && send_all(stream, url->host, url->host_len) && send_all(stream, end, sizeof(end) - 1);
}

/* Where the head ends that is in the first `len` bytes; 0: not yet. */
static size_t head_end(size_t len)
{
	for (size_t i = 4; i <= len; i++)
		if (memcmp(bytes + i - 4, "\r\n\r\n", 4) == 0)
			return i;
	return 0;
}

/* Reads the head, and what came of the body with it. The status, or 0 where this is no reply. */
static unsigned head_read(capos_cap_t stream, size_t *body, size_t *len)
{
	static const char version[] = "HTTP/1.";
	unsigned code = 0;

	for (*len = 0; (*body = head_end(*len)) == 0;) {
		int64_t got = capos_stream_receive(stream, bytes + *len, sizeof(bytes) - *len, ANSWER_NS);

		if (got <= 0)
			return 0;
		*len += (size_t)got;
	}
	if (*body < sizeof("HTTP/1.1 200") || memcmp(bytes, version, sizeof(version) - 1) != 0)
		return 0;
	for (unsigned i = 9; i < 12; i++)
		code = bytes[i] >= '0' && bytes[i] <= '9' ? code * 10 + (unsigned)(bytes[i] - '0') : 1000;
	return code < 1000 ? code : 0;
}

/* Puts the whole lines of the first `len` bytes on the console, and what fills a line; how much is left. */
static size_t lines_print(capos_cap_t console, size_t len)
{
	size_t begin = 0;

	for (size_t i = 0; i < len; i++) {
		bool line = bytes[i] == '\n';

		if (!line && i - begin < LINE_MAX)
			continue;
		(void)capos_console_write_line(console, bytes + begin, i - begin);
		begin = i + line;
	}
	memmove(bytes, bytes + begin, len - begin);
	return len - begin;
}

/* The body, to its end. How many bytes; negative: it broke off. */
static int64_t body_print(capos_cap_t stream, size_t at, size_t len)
{
	capos_cap_t console = capos_capset_get("console");
	int64_t total = (int64_t)(len - at);
	int64_t got;

	memmove(bytes, bytes + at, len - at);
	len = lines_print(console, len - at);
	while ((got = capos_stream_receive(stream, bytes + len, sizeof(bytes) - len, ANSWER_NS)) > 0) {
		total += got;
		len = lines_print(console, len + (size_t)got);
	}
	if (len > 0)
		(void)capos_console_write_line(console, bytes, len);
	return got < 0 ? got : total;
}

static int fetch(const struct url *url)
{
	capos_cap_t net = capos_capset_get("net");
	uint8_t address[16];
	capos_cap_t stream;
	size_t body, len;
	unsigned code;
	int64_t status;

	if (!resolve(net, url, address)) {
		(void)capos_print("nobody knows %.*s", (int)url->host_len, url->host);
		return EXIT_FAILED;
	}
	status = connect(net, address, url->port, &stream);
	if (status < 0) {
		(void)capos_print("cannot connect: error %lld", (long long)status);
		return EXIT_FAILED;
	}
	code = ask(stream, url) ? head_read(stream, &body, &len) : 0;
	if (code == 0) {
		(void)capos_print("no reply");
		return EXIT_FAILED;
	}
	status = body_print(stream, body, len);
	(void)capos_print(status < 0 ? "status %u, broken off: error %lld" : "status %u, %lld bytes", code, (long long)status);
	return code >= 200 && code < 300 && status >= 0 ? 0 : EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct url url;

	if (argc == 2 && url_read(argv[1], &url))
		return fetch(&url);
	(void)capos_print("usage: fetch http://HOST[:PORT]/PATH");
	return EXIT_USAGE;
}
