// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "apps/blog/request.h"

#include <http_parser.h>
#include <string.h>

struct reading {
	struct request *request;
	struct field url, name;
	struct field host, expect;
	unsigned hosts; /* fields of that name */
	bool headers_done, done;
};

static bool field_is(const struct field *field, const char *word)
{
	size_t len = strlen(word);

	if (field->len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = field->data[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != word[i])
			return false;
	}
	return true;
}

/* http-parser gives a piece at a time; all of a request's are in one buffer, and pieces of one thing follow each other. */
static void field_extend(struct field *field, const char *at, size_t len)
{
	if (field->data == NULL)
		field->data = at;
	field->len = (size_t)(at + len - field->data);
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
	struct reading *reading = parser->data;

	field_extend(&reading->url, at, len);
	return 0;
}

static int on_header_field(http_parser *parser, const char *at, size_t len)
{
	struct reading *reading = parser->data;

	reading->name = (struct field){ at, len };
	return 0;
}

static int on_header_value(http_parser *parser, const char *at, size_t len)
{
	struct reading *reading = parser->data;
	struct request *request = reading->request;
	struct {
		const char *name;
		struct field *value;
	} wanted[] = {
		{ "host", &reading->host },
		{ "expect", &reading->expect },
		{ "if-none-match", &request->if_none_match },
		{ "if-range", &request->if_range },
		{ "range", &request->range },
	};

	reading->hosts += field_is(&reading->name, "host");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (field_is(&reading->name, wanted[i].name))
			*wanted[i].value = (struct field){ at, len };
	return 0;
}

static int on_headers_complete(http_parser *parser)
{
	struct reading *reading = parser->data;

	reading->headers_done = true;
	return parser->method == HTTP_PUT; /* then its body is not the parser's */
}

static int on_message_complete(http_parser *parser)
{
	struct reading *reading = parser->data;

	reading->done = true;
	http_parser_pause(parser, 1); /* what follows is the next request */
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes a path into request->path. False where it is malformed; what is longer than any file's becomes "". */
static bool path_decode(const char *data, size_t len, char *path)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		char c = data[i];

		if (c == '%') {
			if (len - i < 3 || hex_digit(data[i + 1]) < 0 || hex_digit(data[i + 2]) < 0)
				return false;
			c = (char)(hex_digit(data[i + 1]) << 4 | hex_digit(data[i + 2]));
			i += 2;
		}
		if (c == '\0')
			return false;
		if (out < REQUEST_PATH_MAX)
			path[out] = c;
		out++;
	}
	path[out <= REQUEST_PATH_MAX ? out : 0] = '\0';
	return true;
}

/* Takes the path out of "/path?query" or "http://host/path?query". */
static bool target_read(const struct reading *reading)
{
	struct http_parser_url url;

	http_parser_url_init(&url);
	if (reading->url.len > UINT16_MAX || http_parser_parse_url(reading->url.data, reading->url.len, 0, &url) != 0)
		return false;
	if ((url.field_set & 1 << UF_PATH) == 0) {
		strcpy(reading->request->path, "/"); /* "http://host" */
		return (url.field_set & 1 << UF_HOST) != 0;
	}
	return path_decode(reading->url.data + url.field_data[UF_PATH].off, url.field_data[UF_PATH].len, reading->request->path);
}

/* What is wrong with the bytes themselves. */
static enum http_code error_status(enum http_errno error)
{
	switch (error) {
	case HPE_INVALID_METHOD:
		return HTTP_NOT_IMPLEMENTED;
	case HPE_INVALID_VERSION:
		return HTTP_VERSION_NOT_SUPPORTED;
	case HPE_HEADER_OVERFLOW:
		return HTTP_HEADERS_TOO_LARGE;
	default:
		return HTTP_BAD_REQUEST;
	}
}

/* The fields of PUT, whose body is still to come. Spec: RFC 9110 §9.3.4 "PUT", §10.1.1 "Expect". */
static enum http_code judge_put(const http_parser *parser, const struct reading *reading)
{
	struct request *request = reading->request;

	request->is_put = true;
	if ((parser->flags & F_CHUNKED) != 0)
		return HTTP_NOT_IMPLEMENTED;
	request->body_bytes = (parser->flags & F_CONTENTLENGTH) != 0 ? parser->content_length : 0;
	request->expects = reading->expect.data != NULL;
	if (request->expects && !field_is(&reading->expect, "100-continue"))
		return HTTP_EXPECTATION_FAILED;
	request->keep_alive = http_should_keep_alive(parser) != 0;
	if (target_read(reading))
		return HTTP_OK;
	request->keep_alive = false;
	return HTTP_BAD_REQUEST;
}

/* What the fields say once they are all there, whether or not a body is still to come. */
static enum http_code judge(const http_parser *parser, const struct reading *reading)
{
	struct request *request = reading->request;
	bool has_body = (parser->flags & F_CHUNKED) != 0 || ((parser->flags & F_CONTENTLENGTH) != 0 && parser->content_length > 0);
	bool is_known = parser->method == HTTP_GET || parser->method == HTTP_HEAD;

	if (parser->http_major != 1)
		return HTTP_VERSION_NOT_SUPPORTED;
	request->is_1_0 = parser->http_minor == 0;
	request->is_head = parser->method == HTTP_HEAD;
	if (reading->hosts > 1 || (reading->hosts == 0 && !request->is_1_0))
		return HTTP_BAD_REQUEST;
	if (parser->method == HTTP_PUT)
		return judge_put(parser, reading);
	if (reading->expect.data != NULL && !reading->done)
		return is_known ? HTTP_EXPECTATION_FAILED : HTTP_METHOD_NOT_ALLOWED;
	if (!reading->done)
		return has_body && (parser->flags & F_CHUNKED) == 0 && parser->content_length > REQUEST_BYTES_MAX ? HTTP_CONTENT_TOO_LARGE :
														     HTTP_INCOMPLETE;
	/* An upgrade, and CONNECT, would make the rest of the connection another protocol's. */
	request->keep_alive = parser->method != HTTP_CONNECT && http_should_keep_alive(parser) != 0;
	if (!is_known)
		return HTTP_METHOD_NOT_ALLOWED;
	if (target_read(reading))
		return HTTP_OK;
	request->keep_alive = false;
	return HTTP_BAD_REQUEST;
}

enum http_code request_read(const char *data, size_t len, struct request *out)
{
	static const http_parser_settings settings = {
		.on_url = on_url,
		.on_header_field = on_header_field,
		.on_header_value = on_header_value,
		.on_headers_complete = on_headers_complete,
		.on_message_complete = on_message_complete,
	};
	struct reading reading = { .request = out };
	http_parser parser;
	enum http_code status;

	*out = (struct request){ 0 };
	http_parser_init(&parser, HTTP_REQUEST);
	parser.data = &reading;
	out->bytes = http_parser_execute(&parser, &settings, data, len);
	if (!reading.done && HTTP_PARSER_ERRNO(&parser) != HPE_OK)
		return error_status(HTTP_PARSER_ERRNO(&parser));
	status = reading.headers_done ? judge(&parser, &reading) : HTTP_INCOMPLETE;
	if (status == HTTP_INCOMPLETE && len >= REQUEST_BYTES_MAX)
		return reading.headers_done ? HTTP_CONTENT_TOO_LARGE : HTTP_HEADERS_TOO_LARGE;
	return status;
}
