// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The files that are served; the table is made by tools/embed from apps/blog/site. */
#ifndef APPS_BLOG_SITE_H
#define APPS_BLOG_SITE_H

#include <stdint.h>

/* Its reply lies in memory as it goes out: head, empty line, body. */
struct site_file {
	const char *path; /* as in a request: "/index.html" */
	const char *type; /* media type */
	const char *etag; /* with its quotes */
	const char *reply;
	uint32_t head_bytes; /* of the reply, with the empty line */
	uint32_t body_bytes; /* behind that */
};

extern const struct site_file site_files[];
extern const uint32_t site_file_count;

#endif
