// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * One connection, apart from how bytes come and go: it is told what happened, and says what is to be done next. Pure, but for the C heap:
 * its buffer begins small, for most connections are idle most of the time, and grows to what a request may have.
 */
#ifndef APPS_BLOG_SESSION_H
#define APPS_BLOG_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apps/blog/reply.h"
#include "apps/blog/request.h"

enum { SESSION_BUFFER_MIN = 1024, SESSION_BUFFER_BODY = 65536 };

struct session;

/* Where bodies of PUT go; `session->file` is its own. */
struct inbox {
	uint64_t bytes_max; /* of one body */
	bool (*begin)(struct session *session, const char *path); /* an empty file of that name; false: there is no place for it */
	bool (*add)(struct session *session, const char *data, size_t bytes);
	bool (*end)(struct session *session, bool whole); /* whether it is there now; where it is not, nothing is left */
};

enum session_step {
	SESSION_RECEIVE, /* into session_room() */
	SESSION_SEND,    /* what session_unsent() says */
	SESSION_LINGER,  /* nothing is to be sent any more; what comes is thrown away: closing now could cost the peer the last reply */
	SESSION_CLOSE,
};

struct session {
	char *buffer;
	uint32_t room, len;     /* bytes that it can hold, and that came: the request that is read or answered, and what follows it */
	uint32_t request_bytes; /* of the request that is answered */
	bool answering;
	bool fresh;             /* a reply was made; whoever logs it puts this to false */
	struct reply reply;
	uint32_t piece;         /* of the reply: the first that has not gone out */
	size_t piece_sent;      /* bytes of that */
	const struct inbox *inbox; /* NULL: none; of who began it */
	uint64_t file;
	uint64_t body_bytes;    /* of a PUT whose body comes; 0: none does */
	uint64_t body_left;     /* of that */
	bool body_begun;        /* it began to; whoever keeps the time puts this to false */
	bool closes;            /* behind it */
	char head[REPLY_HEAD_MAX];
};

/* `inbox`: or NULL, and PUT is refused. False: no memory. */
bool session_begin(struct session *session, const struct inbox *inbox);
void session_end(struct session *session);

/* Where bytes are to be received; at least one. */
void session_room(struct session *session, char **data, size_t *bytes);

/* So many bytes came there; 0: the peer sends no more. */
enum session_step session_received(struct session *session, size_t bytes);

/* What is to be sent. */
void session_unsent(const struct session *session, const char **data, size_t *bytes);
enum session_step session_sent(struct session *session, size_t bytes);

/* Time is over in SESSION_RECEIVE. */
enum session_step session_late(struct session *session);

/* Whether a request has begun to come and is not complete. */
bool session_is_partial(const struct session *session);

/* The first line of the request that is answered, as it came; its length is returned. */
size_t session_line(const struct session *session, const char **line);

#endif
