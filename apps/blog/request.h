// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A request, read from the bytes of a connection by http-parser. Pure. The bytes of a request are all in one buffer when it is read:
 * where they are not yet, it is read again from its beginning once more have come.
 * Spec: RFC 9110, RFC 9112.
 */
#ifndef APPS_BLOG_REQUEST_H
#define APPS_BLOG_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	REQUEST_BYTES_MAX = 8192, /* with a body, which is not looked at, but PUT's */
	REQUEST_PATH_MAX = 255,
};

/* Status codes of HTTP. */
enum http_code {
	HTTP_INCOMPLETE = 0, /* none: more bytes have to come */
	HTTP_CONTINUE = 100,
	HTTP_OK = 200,
	HTTP_CREATED = 201,
	HTTP_PARTIAL_CONTENT = 206,
	HTTP_NOT_MODIFIED = 304,
	HTTP_BAD_REQUEST = 400,
	HTTP_NOT_FOUND = 404,
	HTTP_METHOD_NOT_ALLOWED = 405,
	HTTP_REQUEST_TIMEOUT = 408,
	HTTP_CONTENT_TOO_LARGE = 413,
	HTTP_RANGE_NOT_SATISFIABLE = 416,
	HTTP_EXPECTATION_FAILED = 417,
	HTTP_HEADERS_TOO_LARGE = 431,
	HTTP_NOT_IMPLEMENTED = 501,
	HTTP_VERSION_NOT_SUPPORTED = 505,
	HTTP_INSUFFICIENT_STORAGE = 507,
};

/* Bytes of the buffer; of a field that did not come, data is NULL. */
struct field {
	const char *data;
	size_t len;
};

struct request {
	size_t bytes;          /* its length, where it is complete; of PUT without its body */
	bool is_head;          /* HEAD, else GET or PUT */
	bool is_put;           /* PUT: a body of `body_bytes` follows, which is the caller's to take */
	bool expects;          /* of PUT: the client waits for HTTP_CONTINUE before it sends that */
	uint64_t body_bytes;
	bool is_1_0;           /* HTTP/1.0: keeping the connection has to be said */
	bool keep_alive;       /* the client wants another request on this connection */
	char path[REQUEST_PATH_MAX + 1]; /* decoded, without query; "" where it is longer than any file's */
	struct field if_none_match, if_range, range;
};

/*
 * Reads the request at the beginning of `data`. HTTP_OK: it is complete, and can be answered. HTTP_INCOMPLETE. Any other: what to answer,
 * and then to close the connection unless out->keep_alive.
 */
enum http_code request_read(const char *data, size_t len, struct request *out);

#endif
