// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "apps/blog/reply.h"

#include <stdint.h>
#include <string.h>

#include "apps/blog/site.h"
#include "apps/blog/text.h"

enum range_kind {
	RANGE_NONE,    /* the whole file: none was asked for, or not so that it counts */
	RANGE_BAD,     /* it lies behind the file's end */
	RANGE_PARTIAL, /* from `first` to `last`, both of it */
};

static const char *reason(enum http_code status)
{
	switch (status) {
	case HTTP_OK:
		return "200 OK";
	case HTTP_CREATED:
		return "201 Created";
	case HTTP_PARTIAL_CONTENT:
		return "206 Partial Content";
	case HTTP_NOT_MODIFIED:
		return "304 Not Modified";
	case HTTP_NOT_FOUND:
		return "404 Not Found";
	case HTTP_METHOD_NOT_ALLOWED:
		return "405 Method Not Allowed";
	case HTTP_REQUEST_TIMEOUT:
		return "408 Request Timeout";
	case HTTP_CONTENT_TOO_LARGE:
		return "413 Content Too Large";
	case HTTP_RANGE_NOT_SATISFIABLE:
		return "416 Range Not Satisfiable";
	case HTTP_EXPECTATION_FAILED:
		return "417 Expectation Failed";
	case HTTP_HEADERS_TOO_LARGE:
		return "431 Request Header Fields Too Large";
	case HTTP_NOT_IMPLEMENTED:
		return "501 Not Implemented";
	case HTTP_VERSION_NOT_SUPPORTED:
		return "505 HTTP Version Not Supported";
	case HTTP_INSUFFICIENT_STORAGE:
		return "507 Insufficient Storage";
	default:
		return "400 Bad Request";
	}
}

/* The file of a path; a folder's is its index.html. */
static const struct site_file *file_find(const char *path)
{
	size_t len = strlen(path);

	for (uint32_t i = 0; i < site_file_count; i++) {
		const char *name = site_files[i].path;

		if (strcmp(name, path) == 0)
			return &site_files[i];
		if (len > 0 && path[len - 1] == '/' && strncmp(name, path, len) == 0 && strcmp(name + len, "index.html") == 0)
			return &site_files[i];
	}
	return NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether a list of tags, or "*", has `etag`; weakly, so that W/ before a tag counts for nothing. */
static bool etag_listed(const struct field *list, const char *etag)
{
	size_t etag_len = strlen(etag);
	size_t at = 0;

	if (list->len == 1 && list->data[0] == '*')
		return true;
	while (at < list->len) {
		const char *tag = list->data + at;
		size_t left = list->len - at;

		if (is_blank(*tag) || *tag == ',') {
			at++;
			continue;
		}
		if (left > 2 && tag[0] == 'W' && tag[1] == '/') {
			at += 2;
			continue;
		}
		if (left >= etag_len && memcmp(tag, etag, etag_len) == 0)
			return true;
		/* To behind this tag: its closing quote, or where it has none the next comma. */
		const char *end = *tag == '"' ? memchr(tag + 1, '"', left - 1) : memchr(tag, ',', left);

		at = end == NULL ? list->len : (size_t)(end - list->data) + 1;
	}
	return false;
}

/* A number that ends at `end` or a '-'; what exceeds the size of any file stays there. */
static bool number_read(const char **at, const char *end, uint64_t *number)
{
	const char *begin = *at;

	for (*number = 0; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		*number = *number > UINT32_MAX ? *number : *number * 10 + (uint64_t)(**at - '0');
	return *at > begin;
}

/* "bytes=0-99", "bytes=100-" or "bytes=-100". More than one at once, other units and nonsense are no range. */
static enum range_kind range_read(const struct field *range, uint64_t size, uint64_t *first, uint64_t *last)
{
	static const char unit[] = "bytes=";
	const char *at = range->data;
	const char *end = range->data + range->len;
	bool has_first;
	bool has_last;

	if (range->data == NULL || range->len < sizeof(unit) - 1 || memcmp(at, unit, sizeof(unit) - 1) != 0)
		return RANGE_NONE;
	at += sizeof(unit) - 1;
	has_first = number_read(&at, end, first);
	if (at == end || *at++ != '-')
		return RANGE_NONE;
	has_last = number_read(&at, end, last);
	if (at != end || (!has_first && !has_last) || (has_first && has_last && *last < *first))
		return RANGE_NONE;
	if (!has_first) { /* so many at the end */
		*first = *last < size ? size - *last : 0;
		has_first = *last > 0;
		*last = size - 1;
		return has_first && size > 0 ? RANGE_PARTIAL : RANGE_BAD;
	}
	if (!has_last || *last >= size)
		*last = size - 1;
	return *first < size ? RANGE_PARTIAL : RANGE_BAD;
}

/* If-Range: the range counts only where the client has the rest of the same file. */
static bool range_counts(const struct request *request, const struct site_file *file)
{
	const struct field *tag = &request->if_range;

	return tag->data == NULL || (tag->len == strlen(file->etag) && memcmp(tag->data, file->etag, tag->len) == 0);
}

static void head_begin(struct text *head, enum http_code status)
{
	text_add(head, "HTTP/1.1 ");
	text_add(head, reason(status));
	text_add(head, "\r\nServer: rumpk-blog\r\n");
}

static void head_end(struct text *head, const struct request *request, struct reply *reply)
{
	if (reply->close)
		text_add(head, "Connection: close\r\n");
	else if (request->is_1_0)
		text_add(head, "Connection: keep-alive\r\n");
	text_add(head, "\r\n");
	reply->pieces[0].data = head->data;
	reply->pieces[0].len = head->len;
}

static void body_set(const struct request *request, struct reply *reply, const char *data, size_t len)
{
	if (request->is_head)
		return;
	reply->pieces[1].data = data;
	reply->pieces[1].len = len;
	reply->body_bytes = len;
}

/* An error, or what became of a PUT, with a line of text that says which. */
static void reply_error(const struct request *request, struct text *head, struct reply *reply)
{
	const char *text = reason(reply->status);

	head_begin(head, reply->status);
	if (reply->status == HTTP_METHOD_NOT_ALLOWED)
		text_add(head, "Allow: GET, HEAD\r\n");
	text_add(head, "Content-Type: text/plain\r\nContent-Length: ");
	text_add_number(head, strlen(text));
	text_add(head, "\r\n");
	head_end(head, request, reply);
	body_set(request, reply, text, strlen(text));
}

static void reply_whole(const struct request *request, const struct site_file *file, struct text *head, struct reply *reply)
{
	if (!reply->close && !request->is_1_0) {
		reply->pieces[0].data = file->reply;
		reply->pieces[0].len = file->head_bytes + (request->is_head ? 0 : file->body_bytes);
		reply->body_bytes = request->is_head ? 0 : file->body_bytes;
		return;
	}
	text_add_bytes(head, file->reply, file->head_bytes - 2); /* without the empty line */
	head_end(head, request, reply);
	body_set(request, reply, file->reply + file->head_bytes, file->body_bytes);
}

static void reply_not_modified(const struct request *request, const struct site_file *file, struct text *head, struct reply *reply)
{
	head_begin(head, reply->status);
	text_add(head, "ETag: ");
	text_add(head, file->etag);
	text_add(head, "\r\nCache-Control: no-cache\r\n");
	head_end(head, request, reply);
}

/* From `first` to `last`. */
static void reply_partial(const struct request *request, const struct site_file *file, uint64_t first, uint64_t last, struct text *head,
			  struct reply *reply)
{
	head_begin(head, reply->status);
	text_add(head, "Content-Type: ");
	text_add(head, file->type);
	text_add(head, "\r\nETag: ");
	text_add(head, file->etag);
	text_add(head, "\r\nContent-Range: bytes ");
	text_add_number(head, first);
	text_add(head, "-");
	text_add_number(head, last);
	text_add(head, "/");
	text_add_number(head, file->body_bytes);
	text_add(head, "\r\nContent-Length: ");
	text_add_number(head, last - first + 1);
	text_add(head, "\r\n");
	head_end(head, request, reply);
	body_set(request, reply, file->reply + file->head_bytes + first, last - first + 1);
}

static void reply_unsatisfiable(const struct request *request, const struct site_file *file, struct text *head, struct reply *reply)
{
	head_begin(head, reply->status);
	text_add(head, "Content-Range: bytes */");
	text_add_number(head, file->body_bytes);
	text_add(head, "\r\nContent-Length: 0\r\n");
	head_end(head, request, reply);
}

void reply_continue(struct reply *out)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	*out = (struct reply){ .status = HTTP_CONTINUE };
	out->pieces[0].data = text;
	out->pieces[0].len = sizeof(text) - 1;
}

void reply_make(const struct request *request, enum http_code status, char *head, struct reply *out)
{
	struct text text = { .data = head, .room = REPLY_HEAD_MAX };
	const struct site_file *file = status == HTTP_OK ? file_find(request->path) : NULL;
	enum range_kind range = RANGE_NONE;
	uint64_t first;
	uint64_t last;

	*out = (struct reply){ .status = status, .close = !request->keep_alive };
	if (status == HTTP_OK && file == NULL)
		out->status = HTTP_NOT_FOUND;
	if (file == NULL) {
		reply_error(request, &text, out);
		return;
	}
	if (request->if_none_match.data != NULL && etag_listed(&request->if_none_match, file->etag)) {
		out->status = HTTP_NOT_MODIFIED;
		reply_not_modified(request, file, &text, out);
		return;
	}
	if (!request->is_head && range_counts(request, file))
		range = range_read(&request->range, file->body_bytes, &first, &last);
	if (range == RANGE_PARTIAL) {
		out->status = HTTP_PARTIAL_CONTENT;
		reply_partial(request, file, first, last, &text, out);
	} else if (range == RANGE_BAD) {
		out->status = HTTP_RANGE_NOT_SATISFIABLE;
		reply_unsatisfiable(request, file, &text, out);
	} else {
		reply_whole(request, file, &text, out);
	}
}
