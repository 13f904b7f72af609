// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "apps/blog/session.h"

#include <string.h>

#include "apps/blog/heap.h"

bool session_begin(struct session *session, const struct inbox *inbox)
{
	session->buffer = malloc(SESSION_BUFFER_MIN);
	session->room = SESSION_BUFFER_MIN;
	session->len = 0;
	session->answering = false;
	session->fresh = false;
	session->inbox = inbox;
	session->body_bytes = 0;
	return session->buffer != NULL;
}

/* No body comes any more. Whether one did, all of it, and was kept. */
static bool body_end(struct session *session, bool whole)
{
	bool kept = session->body_bytes > 0 && session->inbox->end(session, whole) && whole;

	session->body_bytes = 0;
	return kept;
}

void session_end(struct session *session)
{
	(void)body_end(session, false);
	free(session->buffer);
	session->buffer = NULL;
}

static bool session_resize(struct session *session, uint32_t room)
{
	char *buffer = realloc(session->buffer, room);

	if (buffer == NULL)
		return false;
	session->buffer = buffer;
	session->room = room;
	return true;
}

static enum session_step answer(struct session *session, const struct request *request, enum http_code status)
{
	reply_make(request, status, session->head, &session->reply);
	session->request_bytes = session->reply.close ? session->len : (uint32_t)request->bytes;
	session->answering = true;
	session->fresh = true;
	session->piece = 0;
	session->piece_sent = 0;
	return SESSION_SEND;
}

/* All of a PUT's body has been taken, or no more of it can be. Its head is still at the buffer's front. */
static enum session_step body_answer(struct session *session, bool whole)
{
	bool kept = body_end(session, whole);
	const struct request request = { .bytes = session->request_bytes, .keep_alive = kept && !session->closes };

	return answer(session, &request, kept ? HTTP_CREATED : HTTP_INSUFFICIENT_STORAGE);
}

/* Takes what has come of a body, behind the head. */
static enum session_step body_take(struct session *session, size_t bytes)
{
	char *body = session->buffer + session->request_bytes;
	size_t taken = bytes < session->body_left ? bytes : (size_t)session->body_left;

	if (taken > 0 && !session->inbox->add(session, body, taken))
		return body_answer(session, false);
	session->body_left -= taken;
	memmove(body, body + taken, bytes - taken); /* the next request */
	session->len = session->request_bytes + (uint32_t)(bytes - taken);
	return session->body_left == 0 ? body_answer(session, true) : SESSION_RECEIVE;
}

/* A PUT, of which the head has come. What is refused ends the connection: its body may be on the way. */
static enum session_step body_begin(struct session *session, struct request *request)
{
	const struct inbox *inbox = session->inbox;
	enum http_code status = inbox == NULL ? HTTP_METHOD_NOT_ALLOWED : HTTP_CREATED;
	size_t came = session->len - request->bytes;

	if (status == HTTP_CREATED && request->body_bytes > inbox->bytes_max)
		status = HTTP_CONTENT_TOO_LARGE;
	if (status == HTTP_CREATED && (request->body_bytes == 0 || !inbox->begin(session, request->path)))
		status = request->body_bytes == 0 ? HTTP_BAD_REQUEST : HTTP_NOT_FOUND;
	if (status != HTTP_CREATED) {
		request->keep_alive &= request->body_bytes == 0;
		return answer(session, request, status);
	}
	session->body_bytes = request->body_bytes;
	session->body_left = request->body_bytes;
	session->body_begun = true;
	session->closes = !request->keep_alive;
	session->request_bytes = (uint32_t)request->bytes;
	if (session->room < SESSION_BUFFER_BODY)
		(void)session_resize(session, SESSION_BUFFER_BODY); /* else it comes in smaller parts */
	if (session->room == session->request_bytes)
		return body_answer(session, false);
	if (!request->expects || came > 0)
		return body_take(session, came);
	reply_continue(&session->reply);
	session->answering = true;
	session->piece = 0;
	session->piece_sent = 0;
	return SESSION_SEND;
}

/* Reads the next request, as far as it has come. */
static enum session_step serve(struct session *session)
{
	struct request request;
	enum http_code status = session->len > 0 ? request_read(session->buffer, session->len, &request) : HTTP_INCOMPLETE;

	if (status == HTTP_OK && request.is_put)
		return body_begin(session, &request);
	if (status != HTTP_INCOMPLETE)
		return answer(session, &request, status);
	if (session->len == session->room && !session_resize(session, session->room * 2))
		return SESSION_CLOSE;
	if (session->len == 0 && session->room > SESSION_BUFFER_MIN)
		(void)session_resize(session, SESSION_BUFFER_MIN); /* else it stays as it is */
	return SESSION_RECEIVE;
}

void session_room(struct session *session, char **data, size_t *bytes)
{
	*data = session->buffer + session->len;
	*bytes = session->room - session->len;
	if (session->body_bytes > 0 && *bytes > session->body_left)
		*bytes = (size_t)session->body_left;
}

enum session_step session_received(struct session *session, size_t bytes)
{
	const char *came = session->buffer + session->len;
	bool first = session->len == 0;

	if (bytes == 0)
		return SESSION_CLOSE;
	if (session->body_bytes > 0)
		return body_take(session, bytes);
	session->len += (uint32_t)bytes;
	/* Only the end of a line can complete a head: who sends byte by byte does not have the whole read each time. */
	if (!first && session->len < session->room && memchr(came, '\n', bytes) == NULL)
		return SESSION_RECEIVE;
	return serve(session);
}

void session_unsent(const struct session *session, const char **data, size_t *bytes)
{
	*data = session->reply.pieces[session->piece].data + session->piece_sent;
	*bytes = session->reply.pieces[session->piece].len - session->piece_sent;
}

enum session_step session_sent(struct session *session, size_t bytes)
{
	session->piece_sent += bytes;
	while (session->piece < REPLY_PIECES && session->piece_sent == session->reply.pieces[session->piece].len) {
		session->piece++;
		session->piece_sent = 0;
	}
	if (session->piece < REPLY_PIECES)
		return SESSION_SEND;
	session->answering = false;
	if (session->body_bytes > 0)
		return SESSION_RECEIVE; /* that was HTTP_CONTINUE */
	session->len -= session->request_bytes;
	memmove(session->buffer, session->buffer + session->request_bytes, session->len);
	return session->reply.close ? SESSION_LINGER : serve(session);
}

enum session_step session_late(struct session *session)
{
	static const struct request none;

	(void)body_end(session, false);
	return session_is_partial(session) ? answer(session, &none, HTTP_REQUEST_TIMEOUT) : SESSION_CLOSE;
}

bool session_is_partial(const struct session *session)
{
	return session->len > 0 && !session->answering;
}

size_t session_line(const struct session *session, const char **line)
{
	size_t len = 0;
	size_t begin = 0;

	while (begin < session->request_bytes && (session->buffer[begin] == '\r' || session->buffer[begin] == '\n'))
		begin++; /* empty lines before a request are allowed */
	while (begin + len < session->request_bytes && session->buffer[begin + len] != '\r' && session->buffer[begin + len] != '\n')
		len++;
	*line = session->buffer + begin;
	return len;
}
