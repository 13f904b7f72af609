// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A line of the log in the common format: HOST - - [-] "REQUEST" STATUS BYTES; there is no clock that knows the date. Pure. */
#ifndef APPS_BLOG_LOG_H
#define APPS_BLOG_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "apps/blog/session.h"

enum { LOG_LINE_MAX = 900, LOG_HOST_MAX = 40 };

/* An address of family 4 or 6 as text, IPv6 in full: "fe80:0:0:0:0:0:0:1". */
void log_host(unsigned family, const uint8_t address[16], char host[LOG_HOST_MAX]);

/* Writes it for the reply that was made last, without LF; a long request is cut off. `host`: the peer's address. Its length is returned. */
size_t log_line(const struct session *session, const char *host, char line[LOG_LINE_MAX]);

#endif
