// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Which bytes are which request, and what is answered to those that are none. */
#include <stdlib.h>
#include <string.h>

#include "apps/blog/request.h"
#include "tests/unit/unit.h"

#define HOST "Host: a\r\n"

static struct request request;
static char *copy;

/* Reads an exact heap copy, that stays until the next call. */
static enum http_code read_bytes(const char *data, size_t len)
{
	free(copy);
	copy = malloc(len + 1);
	memcpy(copy + 1, data, len);
	return request_read(copy + 1, len, &request);
}

static enum http_code read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static bool field_equals(const struct field *field, const char *text)
{
	return field->data != NULL && field->len == strlen(text) && memcmp(field->data, text, field->len) == 0;
}

static void request_is_read_with_its_fields(void)
{
	static const char text[] = "GET /a%20b.html?q=%00 HTTP/1.1\r\nHOST: x\r\nif-none-match: \"t\" , W/\"u\"\r\nRange:bytes=0-1\r\nIf-Range: "
				   "\"t\"\r\nX: y\r\n\r\n";

	CU_ASSERT_EQUAL(read_text(text), HTTP_OK);
	CU_ASSERT_EQUAL(request.bytes, sizeof(text) - 1);
	CU_ASSERT_STRING_EQUAL(request.path, "/a b.html");
	CU_ASSERT(field_equals(&request.if_none_match, "\"t\" , W/\"u\""));
	CU_ASSERT(field_equals(&request.range, "bytes=0-1"));
	CU_ASSERT(field_equals(&request.if_range, "\"t\""));
	CU_ASSERT(request.keep_alive && !request.is_head && !request.is_1_0);
	CU_ASSERT_EQUAL(read_text("HEAD http://a.b:80/x HTTP/1.1\r\n" HOST "\r\n"), HTTP_OK);
	CU_ASSERT(request.is_head && request.if_none_match.data == NULL && request.range.data == NULL);
	CU_ASSERT_STRING_EQUAL(request.path, "/x");
	CU_ASSERT_EQUAL(read_text("GET http://a.b HTTP/1.1\r\n" HOST "\r\n"), HTTP_OK);
	CU_ASSERT_STRING_EQUAL(request.path, "/");
}

static void request_says_whether_the_connection_stays(void)
{
	CU_ASSERT_EQUAL(read_text("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), HTTP_OK);
	CU_ASSERT(!request.keep_alive && !request.is_1_0);
	CU_ASSERT_EQUAL(read_text("GET / HTTP/1.0\r\n\r\n"), HTTP_OK);
	CU_ASSERT(!request.keep_alive && request.is_1_0);
	CU_ASSERT_EQUAL(read_text("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), HTTP_OK);
	CU_ASSERT(request.keep_alive && request.is_1_0);
	CU_ASSERT_EQUAL(read_text("GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"), HTTP_OK);
	CU_ASSERT(request.keep_alive);
}

static void request_ends_where_the_next_begins(void)
{
	static const char first[] = "GET / HTTP/1.1\r\n" HOST "\r\n";
	static const char with_body[] = "GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello";
	static const char chunked[] = "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
	char text[400];

	snprintf(text, sizeof(text), "%sGET /b", first);
	CU_ASSERT_EQUAL(read_text(text), HTTP_OK);
	CU_ASSERT_EQUAL(request.bytes, sizeof(first) - 1);
	snprintf(text, sizeof(text), "%s%s", with_body, first);
	CU_ASSERT_EQUAL(read_text(text), HTTP_OK);
	CU_ASSERT_EQUAL(request.bytes, sizeof(with_body) - 1);
	snprintf(text, sizeof(text), "\r\n\r\n%s%s", chunked, first);
	CU_ASSERT_EQUAL(read_text(text), HTTP_OK);
	CU_ASSERT_EQUAL(request.bytes, sizeof(chunked) - 1 + 4);
}

static void request_is_incomplete_until_its_last_byte(void)
{
	static const char text[] = "GET /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";

	for (size_t len = 0; len < sizeof(text) - 1; len++)
		CU_ASSERT_EQUAL(read_bytes(text, len), HTTP_INCOMPLETE);
	CU_ASSERT_EQUAL(read_bytes(text, sizeof(text) - 1), HTTP_OK);
}

static void request_that_is_none_has_a_status_that_tells_why(void)
{
	static const struct {
		const char *text;
		enum http_code status;
	} rows[] = {
		{ "\x16\x03\x01\x02", HTTP_NOT_IMPLEMENTED },
		{ "get / HTTP/1.1\r\n", HTTP_NOT_IMPLEMENTED },
		{ "BREW / HTTP/1.1\r\n" HOST "\r\n", HTTP_NOT_IMPLEMENTED },
		{ "GET / HTTP/1.1\r\n\r\n", HTTP_BAD_REQUEST },
		{ "GET / HTTP/1.1\r\n" HOST HOST "\r\n", HTTP_BAD_REQUEST },
		{ "GET / HTTP/1.1\r\n" HOST "a b: c\r\n\r\n", HTTP_BAD_REQUEST },
		{ "GET / HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\n", HTTP_BAD_REQUEST },
		{ "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", HTTP_BAD_REQUEST },
		{ "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_BAD_REQUEST },
		{ "GET /%zz HTTP/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST },
		{ "GET /%4 HTTP/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST },
		{ "GET /%00 HTTP/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST },
		{ "GET index.html HTTP/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST },
		{ "GET / HTTP/2.0\r\n" HOST "\r\n", HTTP_VERSION_NOT_SUPPORTED },
		{ "GET / HTTP/0.9\r\n" HOST "\r\n", HTTP_VERSION_NOT_SUPPORTED },
		{ "GET /\r\n\r\n", HTTP_VERSION_NOT_SUPPORTED },
		{ "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab", HTTP_METHOD_NOT_ALLOWED },
		{ "DELETE /x HTTP/1.1\r\n" HOST "\r\n", HTTP_METHOD_NOT_ALLOWED },
		{ "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", HTTP_METHOD_NOT_ALLOWED },
		{ "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", HTTP_METHOD_NOT_ALLOWED },
		{ "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", HTTP_METHOD_NOT_ALLOWED },
		{ "GET / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", HTTP_EXPECTATION_FAILED },
		{ "POST / HTTP/1.1\r\n" HOST "Content-Length: 8193\r\n\r\n", HTTP_CONTENT_TOO_LARGE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum http_code status = read_text(rows[i].text);

		CU_ASSERT_EQUAL(status, rows[i].status);
		if (status != rows[i].status)
			printf("\n    %d of %s\n", status, rows[i].text);
	}
}

static void request_of_too_many_bytes_is_refused(void)
{
	static const char with_body[] = "POST / HTTP/1.1\r\n" HOST "Content-Length: 8192\r\n\r\n";
	static char text[REQUEST_BYTES_MAX + 1];

	memset(text, 'a', REQUEST_BYTES_MAX);
	memcpy(text, "GET /", 5);
	CU_ASSERT_EQUAL(read_bytes(text, REQUEST_BYTES_MAX - 1), HTTP_INCOMPLETE);
	CU_ASSERT_EQUAL(read_bytes(text, REQUEST_BYTES_MAX), HTTP_HEADERS_TOO_LARGE);
	memcpy(text, with_body, sizeof(with_body) - 1);
	CU_ASSERT_EQUAL(read_bytes(text, REQUEST_BYTES_MAX), HTTP_CONTENT_TOO_LARGE);
	/* A path that is longer than any file's is that of none. */
	snprintf(text, sizeof(text), "GET /%0300d HTTP/1.1\r\n" HOST "\r\n", 0);
	CU_ASSERT_EQUAL(read_text(text), HTTP_OK);
	CU_ASSERT_STRING_EQUAL(request.path, "");
	free(copy);
	copy = NULL;
}

static const struct unit_case cases[] = {
	UNIT_CASE(request_is_read_with_its_fields),
	UNIT_CASE(request_says_whether_the_connection_stays),
	UNIT_CASE(request_ends_where_the_next_begins),
	UNIT_CASE(request_is_incomplete_until_its_last_byte),
	UNIT_CASE(request_that_is_none_has_a_status_that_tells_why),
	UNIT_CASE(request_of_too_many_bytes_is_refused),
};

UNIT_MAIN("apps/blog/request", cases)
