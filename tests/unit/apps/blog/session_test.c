// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A connection from its first byte to its last, whatever pieces bytes come and go in; and what the log says of it. */
#include <stdlib.h>
#include <string.h>

#include "apps/blog/inbox.h"
#include "apps/blog/log.h"
#include "apps/blog/session.h"
#include "tests/unit/apps/blog/site.h"
#include "tests/unit/unit.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define REPLY SITE_HEAD SITE_INDEX

#define PUT(fields) "PUT /inbox/a HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define CREATED "HTTP/1.1 201 Created\r\nServer: rumpk-blog\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\n201 Created"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

static struct session session;

/* What came of bodies. */
static struct {
	char body[200];
	size_t len, room;
	unsigned begun, whole, broken;
	bool refuses;
} box;

static bool box_begin(struct session *of, const char *path)
{
	CU_ASSERT(of == &session && strcmp(path, "/inbox/a") == 0);
	box.begun++;
	box.len = 0;
	return true;
}

static bool box_add(struct session *of, const char *data, size_t bytes)
{
	(void)of;
	if (bytes > box.room - box.len)
		return false;
	memcpy(box.body + box.len, data, bytes);
	box.len += bytes;
	return true;
}

static bool box_end(struct session *of, bool whole)
{
	(void)of;
	box.whole += whole;
	box.broken += !whole;
	return !box.refuses;
}

static const struct inbox boxes = { .bytes_max = 150, .begin = box_begin, .add = box_add, .end = box_end };
static char out[4096]; /* what was sent */
static size_t out_len;
static unsigned replies;

/* Sends, `most` bytes at a time, until something else is to be done. */
static enum session_step send_all(enum session_step step, size_t most)
{
	while (step == SESSION_SEND) {
		const char *data;
		size_t bytes;

		replies += session.fresh;
		session.fresh = false;
		session_unsent(&session, &data, &bytes);
		bytes = bytes < most ? bytes : most;
		memcpy(out + out_len, data, bytes);
		out_len += bytes;
		step = session_sent(&session, bytes);
	}
	return step;
}

/* Gives it `text`, `most` bytes at a time, and takes what it sends. */
static enum session_step give(const char *text, size_t most)
{
	enum session_step step = SESSION_RECEIVE;
	size_t len = strlen(text);

	for (size_t at = 0; at < len && step == SESSION_RECEIVE;) {
		char *data;
		size_t room;

		session_room(&session, &data, &room);
		CU_ASSERT_FATAL(room > 0);
		room = room < most ? room : most;
		room = room < len - at ? room : len - at;
		memcpy(data, text + at, room);
		at += room;
		step = send_all(session_received(&session, room), most);
	}
	out[out_len] = '\0';
	return step;
}

static void begin(void)
{
	CU_ASSERT_FATAL(session_begin(&session, NULL));
	out_len = 0;
	replies = 0;
}

static void begin_with_inbox(void)
{
	begin();
	session.inbox = &boxes;
	memset(&box, 0, sizeof(box));
	box.room = sizeof(box.body);
}

static void bodies_are_taken_in_any_pieces(void)
{
	for (size_t most = 1; most < 200; most++) {
		begin_with_inbox();
		CU_ASSERT_EQUAL(give(GET PUT("Content-Length: 11\r\n") "one\r\n\r\nGET " GET PUT("Content-Length: 1\r\n") "2" GET, most), SESSION_RECEIVE);
		CU_ASSERT_STRING_EQUAL(out, REPLY CREATED REPLY CREATED REPLY);
		CU_ASSERT(box.begun == 2 && box.whole == 2 && box.broken == 0 && box.len == 1 && replies == 5);
		session_end(&session);
	}
	begin_with_inbox();
	CU_ASSERT_EQUAL(give(PUT("Content-Length: 11\r\n") "one\r\n\r\nGET ", 7), SESSION_RECEIVE);
	CU_ASSERT(box.len == 11 && memcmp(box.body, "one\r\n\r\nGET ", 11) == 0);
	session_end(&session);
}

static void client_that_asks_is_told_to_send_its_body(void)
{
	begin_with_inbox();
	CU_ASSERT_EQUAL(give(PUT("Content-Length: 3\r\nExpect: 100-continue\r\n"), 1000), SESSION_RECEIVE);
	CU_ASSERT_STRING_EQUAL(out, CONTINUE);
	CU_ASSERT(session_is_partial(&session) && session.body_begun && replies == 0);
	CU_ASSERT_EQUAL(give("abc" GET, 1000), SESSION_RECEIVE);
	CU_ASSERT_STRING_EQUAL(out, CONTINUE CREATED REPLY);
	session_end(&session);
}

static void body_that_is_not_whole_leaves_nothing(void)
{
	begin_with_inbox();
	CU_ASSERT_EQUAL(give(PUT("Content-Length: 100\r\n") "some", 1000), SESSION_RECEIVE);
	CU_ASSERT_EQUAL(session_received(&session, 0), SESSION_CLOSE);
	session_end(&session);
	CU_ASSERT(box.begun == 1 && box.whole == 0 && box.broken == 1);
	begin_with_inbox();
	CU_ASSERT_EQUAL(give(PUT("Content-Length: 100\r\n") "some", 1000), SESSION_RECEIVE);
	CU_ASSERT_EQUAL(send_all(session_late(&session), 1000), SESSION_LINGER);
	session_end(&session);
	CU_ASSERT(strncmp(out, "HTTP/1.1 408 ", 13) == 0 && box.broken == 1);
}

static void put_that_cannot_be_kept_is_refused_and_ends_the_connection(void)
{
	static const struct {
		const char *text, *status;
		size_t room;
		bool refuses;
		enum session_step step;
	} refusals[] = {
		{ PUT("Content-Length: 151\r\n") "a", "413", 200, false, SESSION_LINGER },
		{ PUT("Content-Length: 9223372036854775807\r\n"), "413", 200, false, SESSION_LINGER },
		{ PUT("Content-Length: 3\r\n") "abc", "507", 2, false, SESSION_LINGER },
		{ PUT("Content-Length: 3\r\n") "abc", "507", 3, true, SESSION_LINGER },
		{ PUT("Transfer-Encoding: chunked\r\n") "1\r\na\r\n", "501", 200, false, SESSION_LINGER },
		{ PUT("Content-Length: 3\r\nExpect: tea\r\n"), "417", 200, false, SESSION_LINGER },
		{ PUT("Content-Length: 0\r\n"), "400", 200, false, SESSION_RECEIVE },
	};

	for (unsigned i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		begin_with_inbox();
		box.room = refusals[i].room;
		box.refuses = refusals[i].refuses;
		CU_ASSERT_EQUAL(give(refusals[i].text, 1000), refusals[i].step);
		CU_ASSERT(strncmp(out + 9, refusals[i].status, 3) == 0);
		CU_ASSERT(box.begun == box.whole + box.broken);
		session_end(&session);
	}
	begin();
	CU_ASSERT_EQUAL(give(PUT("Content-Length: 3\r\n") "abc", 1000), SESSION_LINGER);
	CU_ASSERT(strncmp(out, "HTTP/1.1 405 ", 13) == 0);
	session_end(&session);
}

static void inbox_names_lead_nowhere_else(void)
{
	static const char *const none[] = { "", "/", "/inbox", "/inbox/", "/inbox/.", "/inbox/..", "/inbox/.a", "/inbox/a/b", "/inbox/a\\b", "/inbox/ ", "/x/a",
					    "/inbox/0123456789012345678901234567890123456789012345678901234567890123x" };

	CU_ASSERT_STRING_EQUAL(inbox_name("/inbox/A-b_c.9"), "A-b_c.9");
	CU_ASSERT_EQUAL(strlen(inbox_name("/inbox/0123456789012345678901234567890123456789012345678901234567890123")), INBOX_NAME_MAX);
	for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CU_ASSERT_PTR_NULL(inbox_name(none[i]));
}

static void requests_are_answered_in_any_pieces(void)
{
	for (size_t most = 1; most < 100; most++) {
		begin();
		CU_ASSERT_EQUAL(give(GET GET GET, most), SESSION_RECEIVE);
		CU_ASSERT_STRING_EQUAL(out, REPLY REPLY REPLY);
		CU_ASSERT_EQUAL(replies, 3);
		CU_ASSERT(!session_is_partial(&session));
		CU_ASSERT_EQUAL(session_received(&session, 0), SESSION_CLOSE);
		session_end(&session);
	}
}

static void request_that_ends_the_connection_is_the_last(void)
{
	begin();
	CU_ASSERT_EQUAL(give(GET "GET / HTTP/1.0\r\n\r\n" GET, 1000), SESSION_LINGER);
	CU_ASSERT_STRING_EQUAL(out, REPLY "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" SITE_INDEX);
	session_end(&session);
	begin();
	CU_ASSERT_EQUAL(give("BREW / HTTP/1.1\r\n", 1000), SESSION_LINGER);
	CU_ASSERT(strncmp(out, "HTTP/1.1 501 ", 13) == 0);
	session_end(&session);
}

static void buffer_grows_for_a_long_request_and_shrinks_again(void)
{
	char text[REQUEST_BYTES_MAX + 100];

	begin();
	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\nX: %08000d\r\n\r\n", 0);
	CU_ASSERT_EQUAL(give(text, 100), SESSION_RECEIVE);
	CU_ASSERT_STRING_EQUAL(out, REPLY);
	CU_ASSERT_EQUAL(session.room, SESSION_BUFFER_MIN);
	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\nX: %08200d\r\n\r\n", 0);
	CU_ASSERT_EQUAL(give(text, 100), SESSION_LINGER);
	CU_ASSERT(strstr(out, "HTTP/1.1 431 ") != NULL);
	CU_ASSERT(session.room <= REQUEST_BYTES_MAX);
	session_end(&session);
}

static void late_request_is_told_and_an_idle_connection_just_ends(void)
{
	begin();
	CU_ASSERT_EQUAL(session_late(&session), SESSION_CLOSE);
	CU_ASSERT_EQUAL(give("GET / HT", 3), SESSION_RECEIVE);
	CU_ASSERT(session_is_partial(&session));
	CU_ASSERT_EQUAL(send_all(session_late(&session), 1000), SESSION_LINGER);
	CU_ASSERT(strncmp(out, "HTTP/1.1 408 ", 13) == 0);
	session_end(&session);
}

/* Gives it `text` and compares the line of the log, up to the reply's status. */
static void logs(const char *text, const char *expected)
{
	char line[LOG_LINE_MAX + 1];
	char *data;
	size_t room;

	begin();
	session_room(&session, &data, &room);
	memcpy(data, text, strlen(text));
	CU_ASSERT_EQUAL(session_received(&session, strlen(text)), SESSION_SEND);
	line[log_line(&session, "10.0.2.2", line)] = '\0';
	CU_ASSERT_STRING_EQUAL(line, expected);
	session_end(&session);
}

static void log_has_the_common_format_and_no_byte_that_is_not_text(void)
{
	char text[1000];
	char line[LOG_LINE_MAX + 1];

	logs(GET GET, "10.0.2.2 - - [-] \"GET / HTTP/1.1\" 200 10");
	logs("\r\nHEAD /x HTTP/1.1\r\nHost: a\r\n\r\n", "10.0.2.2 - - [-] \"HEAD /x HTTP/1.1\" 404 0");
	logs("GET /\"\\\x1b[31m HTTP/1.1\r\n\r\n", "10.0.2.2 - - [-] \"GET /\\x22\\x5c\\x1b[31m HTTP/1.1\" 400 15");
	snprintf(text, sizeof(text), "GET /%0900d HTTP/1.1\r\n\r\n", 0);
	snprintf(line, sizeof(line), "10.0.2.2 - - [-] \"GET /%0155d\" 400 15", 0);
	logs(text, line);
}

static void log_names_peers_of_both_families(void)
{
	static const uint8_t address[16] = { 10, 0, 2, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd, 0, 1 };
	char host[LOG_HOST_MAX];

	log_host(4, address, host);
	CU_ASSERT_STRING_EQUAL(host, "10.0.2.255");
	log_host(6, address, host);
	CU_ASSERT_STRING_EQUAL(host, "a00:2ff:0:0:0:0:abcd:1");
}

static const struct unit_case cases[] = {
	UNIT_CASE(bodies_are_taken_in_any_pieces),
	UNIT_CASE(client_that_asks_is_told_to_send_its_body),
	UNIT_CASE(body_that_is_not_whole_leaves_nothing),
	UNIT_CASE(put_that_cannot_be_kept_is_refused_and_ends_the_connection),
	UNIT_CASE(inbox_names_lead_nowhere_else),
	UNIT_CASE(requests_are_answered_in_any_pieces),
	UNIT_CASE(request_that_ends_the_connection_is_the_last),
	UNIT_CASE(buffer_grows_for_a_long_request_and_shrinks_again),
	UNIT_CASE(late_request_is_told_and_an_idle_connection_just_ends),
	UNIT_CASE(log_has_the_common_format_and_no_byte_that_is_not_text),
	UNIT_CASE(log_names_peers_of_both_families),
};

UNIT_MAIN("apps/blog/session", cases)
