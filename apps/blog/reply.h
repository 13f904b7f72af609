// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What a request is answered with. Pure. The usual reply, a whole file on a connection that stays, lies in memory as it goes out;
 * all others have a head that is put together. There is no Date, for there is no clock that knows it.
 * Spec: RFC 9110 §13 "Conditional Requests", §14 "Range Requests".
 */
#ifndef APPS_BLOG_REPLY_H
#define APPS_BLOG_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "apps/blog/request.h"

enum { REPLY_HEAD_MAX = 512, REPLY_PIECES = 2 };

struct reply {
	enum http_code status;
	bool close;        /* the connection ends behind it */
	size_t body_bytes; /* for the log */
	struct {
		const char *data;
		size_t len;
	} pieces[REPLY_PIECES]; /* they go out in this order; len may be 0 */
};

/*
 * Answers a request that request_read() gave `status` for. `head` takes REPLY_HEAD_MAX bytes and has to stay with the reply, as the
 * site's files do; the request need not.
 */
void reply_make(const struct request *request, enum http_code status, char *head, struct reply *out);

/* Tells a client that waits with its body to send it; the reply to its request comes after that. */
void reply_continue(struct reply *out);

#endif
