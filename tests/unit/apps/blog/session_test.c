// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A connection from its first byte to its last, whatever pieces bytes come and go in; and what the log says of it. */
#include <stdlib.h>
#include <string.h>

#include "apps/blog/log.h"
#include "apps/blog/session.h"
#include "tests/unit/apps/blog/site.h"
#include "tests/unit/unit.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define REPLY SITE_HEAD SITE_INDEX

static struct session session;
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
	CU_ASSERT_FATAL(session_begin(&session));
	out_len = 0;
	replies = 0;
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
	UNIT_CASE(requests_are_answered_in_any_pieces),
	UNIT_CASE(request_that_ends_the_connection_is_the_last),
	UNIT_CASE(buffer_grows_for_a_long_request_and_shrinks_again),
	UNIT_CASE(late_request_is_told_and_an_idle_connection_just_ends),
	UNIT_CASE(log_has_the_common_format_and_no_byte_that_is_not_text),
	UNIT_CASE(log_names_peers_of_both_families),
};

UNIT_MAIN("apps/blog/session", cases)
