// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A connection that gets the input, in pieces whose lengths its first byte chooses. */
#include <string.h>

#include "apps/blog/log.h"
#include "apps/blog/session.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/apps/blog/site.h"

static uint64_t kept;

static bool body_begin(struct session *session, const char *path)
{
	(void)path;
	FUZZ_ASSERT(session->file == 0);
	session->file = 1;
	kept = 0;
	return true;
}

static bool body_add(struct session *session, const char *data, size_t bytes)
{
	FUZZ_ASSERT(session->file == 1 && bytes > 0);
	for (size_t i = 0; i < bytes; i++) {
		volatile char c = data[i];
		(void)c;
	}
	kept += bytes;
	return kept < 3000;
}

static bool body_end(struct session *session, bool whole)
{
	FUZZ_ASSERT(session->file == 1 && (!whole || kept == session->body_bytes));
	session->file = 0;
	return true;
}

static const struct inbox box = { .bytes_max = 4000, .begin = body_begin, .add = body_add, .end = body_end };

static void look(struct session *session)
{
	char line[LOG_LINE_MAX];
	size_t bytes = log_line(session, "10.0.2.2", line);

	session->fresh = false;
	for (size_t i = 0; i < bytes; i++)
		FUZZ_ASSERT(line[i] >= ' ' && line[i] <= '~');
	FUZZ_ASSERT(session->reply.status >= HTTP_OK && session->request_bytes <= session->len);
}

static enum session_step send_all(struct session *session, enum session_step step, size_t most)
{
	while (step == SESSION_SEND) {
		const char *unsent;
		size_t bytes;

		if (session->fresh)
			look(session);
		session_unsent(session, &unsent, &bytes);
		bytes = bytes < most ? bytes : most;
		for (size_t i = 0; i < bytes; i++) { /* it is there, all of it */
			volatile char c = unsent[i];
			(void)c;
		}
		step = session_sent(session, bytes);
	}
	return step;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t most = len > 0 ? 1 + data[0] : 1;
	enum session_step step = SESSION_RECEIVE;
	struct session session;

	if (!session_begin(&session, &box))
		return 0;
	session.file = 0;
	for (size_t at = 1; at < len && step == SESSION_RECEIVE;) {
		char *room;
		size_t bytes;

		session_room(&session, &room, &bytes);
		FUZZ_ASSERT(bytes > 0 && session.room <= SESSION_BUFFER_BODY);
		bytes = bytes < most ? bytes : most;
		bytes = bytes < len - at ? bytes : len - at;
		memcpy(room, data + at, bytes);
		at += bytes;
		step = send_all(&session, session_received(&session, bytes), most);
	}
	if (step == SESSION_RECEIVE)
		(void)send_all(&session, session_late(&session), most);
	session_end(&session);
	FUZZ_ASSERT(session.file == 0);
	return 0;
}
