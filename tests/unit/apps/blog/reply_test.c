// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What each request is answered with: status, head and body. */
#include <string.h>

#include "apps/blog/reply.h"
#include "tests/unit/apps/blog/site.h"
#include "tests/unit/unit.h"

static char head[REPLY_HEAD_MAX];
static struct reply reply;
static char whole[REPLY_HEAD_MAX + 64]; /* the reply as it goes out */

static void make(struct request request, enum http_code status)
{
	size_t len = 0;

	reply_make(&request, status, head, &reply);
	for (size_t i = 0; i < REPLY_PIECES; i++) {
		if (reply.pieces[i].len > 0)
			memcpy(whole + len, reply.pieces[i].data, reply.pieces[i].len);
		len += reply.pieces[i].len;
	}
	whole[len] = '\0';
}

static struct field field(const char *text)
{
	return (struct field){ text, strlen(text) };
}

static void get(const char *path, const char *if_none_match, const char *range, const char *if_range)
{
	struct request request = { .keep_alive = true };

	strcpy(request.path, path);
	request.if_none_match = if_none_match != NULL ? field(if_none_match) : (struct field){ 0 };
	request.range = range != NULL ? field(range) : (struct field){ 0 };
	request.if_range = if_range != NULL ? field(if_range) : (struct field){ 0 };
	make(request, HTTP_OK);
}

static bool ends_with(const char *text)
{
	size_t len = strlen(whole);

	return len >= strlen(text) && strcmp(whole + len - strlen(text), text) == 0;
}

static void whole_file_goes_out_as_it_lies_in_memory(void)
{
	get("/index.html", NULL, NULL, NULL);
	CU_ASSERT_EQUAL(reply.status, 200);
	CU_ASSERT_PTR_EQUAL(reply.pieces[0].data, site_files[0].reply);
	CU_ASSERT_STRING_EQUAL(whole, SITE_HEAD SITE_INDEX);
	CU_ASSERT(!reply.close && reply.body_bytes == 10);
	get("/", NULL, NULL, NULL);
	CU_ASSERT_STRING_EQUAL(whole, SITE_HEAD SITE_INDEX);
	get("/sub/", NULL, NULL, NULL);
	CU_ASSERT_STRING_EQUAL(whole, SITE_HEAD "sub");
	make((struct request){ .path = "/", .is_head = true, .keep_alive = true }, HTTP_OK);
	CU_ASSERT_STRING_EQUAL(whole, SITE_HEAD);
	CU_ASSERT_EQUAL(reply.body_bytes, 0);
}

static void head_says_where_the_connection_does_not_do_the_usual(void)
{
	make((struct request){ .path = "/" }, HTTP_OK);
	CU_ASSERT_STRING_EQUAL(whole, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" SITE_INDEX);
	CU_ASSERT(reply.close);
	make((struct request){ .path = "/", .is_1_0 = true, .keep_alive = true }, HTTP_OK);
	CU_ASSERT_STRING_EQUAL(whole, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n" SITE_INDEX);
	make((struct request){ .path = "/", .is_head = true }, HTTP_OK);
	CU_ASSERT_STRING_EQUAL(whole, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

static void unknown_paths_are_not_found(void)
{
	static const char *const paths[] = { "", "/index", "/index.htm", "/index.html/", "/sub", "index.html", "/../index.html", "//", "/su/" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		get(paths[i], NULL, NULL, NULL);
		CU_ASSERT_EQUAL(reply.status, 404);
		CU_ASSERT(ends_with("\r\n\r\n404 Not Found") && !reply.close);
	}
	make((struct request){ .path = "/x", .is_head = true, .keep_alive = true }, HTTP_OK);
	CU_ASSERT(reply.status == 404 && ends_with("Content-Length: 13\r\n\r\n"));
}

static void matching_tags_save_the_body(void)
{
	static const char *const matching[] = { "\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\"", "\"x,y\" ,W/\"abc\"", "x, \"abc\"" };
	static const char *const others[] = { "", "\"abcd\"", "abc", "\"ab\"", "\"", "W/", "\"x\"\"", ",,", "\"x\\\"abc" };

	for (size_t i = 0; i < sizeof(matching) / sizeof(matching[0]); i++) {
		get("/", matching[i], "bytes=0-1", NULL);
		CU_ASSERT_EQUAL(reply.status, 304);
		CU_ASSERT(strstr(whole, "ETag: \"abc\"\r\n") != NULL && ends_with("\r\n\r\n") && strstr(whole, "Content-Length") == NULL);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		get("/", others[i], NULL, NULL);
		CU_ASSERT_EQUAL(reply.status, 200);
	}
}

static void ranges_are_what_they_say(void)
{
	static const struct {
		const char *range;
		int status;
		const char *said, *body;
	} rows[] = {
		{ "bytes=0-0", 206, "bytes 0-0/10", "0" },
		{ "bytes=2-4", 206, "bytes 2-4/10", "234" },
		{ "bytes=7-", 206, "bytes 7-9/10", "789" },
		{ "bytes=7-99999999999999999999", 206, "bytes 7-9/10", "789" },
		{ "bytes=-3", 206, "bytes 7-9/10", "789" },
		{ "bytes=-30", 206, "bytes 0-9/10", SITE_INDEX },
		{ "bytes=10-", 416, "bytes */10", "" },
		{ "bytes=18446744073709551616-", 416, "bytes */10", "" },
		{ "bytes=-0", 416, "bytes */10", "" },
		{ "bytes=4-2", 200, NULL, SITE_INDEX },
		{ "bytes=-", 200, NULL, SITE_INDEX },
		{ "bytes=", 200, NULL, SITE_INDEX },
		{ "bytes=0-1,3-4", 200, NULL, SITE_INDEX },
		{ "bytes=0", 200, NULL, SITE_INDEX },
		{ "lines=0-1", 200, NULL, SITE_INDEX },
		{ "bytes=a-b", 200, NULL, SITE_INDEX },
		{ "", 200, NULL, SITE_INDEX },
	};
	char said[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		get("/", NULL, rows[i].range, NULL);
		CU_ASSERT_EQUAL(reply.status, (enum http_code)rows[i].status);
		snprintf(said, sizeof(said), "Content-Range: %s\r\n", rows[i].said);
		CU_ASSERT_EQUAL(strstr(whole, said) != NULL, rows[i].said != NULL);
		snprintf(said, sizeof(said), "\r\n\r\n%s", rows[i].body);
		CU_ASSERT(ends_with(said) && reply.body_bytes == strlen(rows[i].body));
	}
	get("/empty.txt", NULL, "bytes=0-", NULL);
	CU_ASSERT_EQUAL(reply.status, 416);
	get("/empty.txt", NULL, "bytes=-1", NULL);
	CU_ASSERT_EQUAL(reply.status, 416);
}

static void range_of_another_file_is_none(void)
{
	get("/", NULL, "bytes=0-1", "\"abc\"");
	CU_ASSERT_EQUAL(reply.status, 206);
	get("/", NULL, "bytes=0-1", "\"old\"");
	CU_ASSERT_EQUAL(reply.status, 200);
	get("/", NULL, "bytes=0-1", "W/\"abc\"");
	CU_ASSERT_EQUAL(reply.status, 200);
}

static void errors_fit_and_say_what_they_are(void)
{
	static const enum http_code statuses[] = { 400, 405, 408, 413, 417, 431, 501, 505 };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		char number[16];

		make((struct request){ 0 }, statuses[i]);
		snprintf(number, sizeof(number), "HTTP/1.1 %d ", statuses[i]);
		CU_ASSERT(strncmp(whole, number, strlen(number)) == 0 && strstr(whole, "\r\nConnection: close\r\n") != NULL);
		CU_ASSERT_EQUAL(strstr(whole, "\r\nAllow: GET, HEAD\r\n") != NULL, statuses[i] == 405);
		CU_ASSERT(reply.close);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(whole_file_goes_out_as_it_lies_in_memory),
	UNIT_CASE(head_says_where_the_connection_does_not_do_the_usual),
	UNIT_CASE(unknown_paths_are_not_found),
	UNIT_CASE(matching_tags_save_the_body),
	UNIT_CASE(ranges_are_what_they_say),
	UNIT_CASE(range_of_another_file_is_none),
	UNIT_CASE(errors_fit_and_say_what_they_are),
};

UNIT_MAIN("apps/blog/reply", cases)
