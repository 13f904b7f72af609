// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A site of three files, for tests of the blog: their replies begin with a head of 19 bytes. */
#ifndef TESTS_UNIT_APPS_BLOG_SITE_H
#define TESTS_UNIT_APPS_BLOG_SITE_H

#include "apps/blog/site.h"

#define SITE_HEAD "HTTP/1.1 200 OK\r\n\r\n"
#define SITE_INDEX "0123456789"

const struct site_file site_files[] = {
	{ "/index.html", "text/html", "\"abc\"", SITE_HEAD SITE_INDEX, sizeof(SITE_HEAD) - 1, sizeof(SITE_INDEX) - 1 },
	{ "/sub/index.html", "text/html", "\"sub\"", SITE_HEAD "sub", sizeof(SITE_HEAD) - 1, 3 },
	{ "/empty.txt", "text/plain", "\"nil\"", SITE_HEAD, sizeof(SITE_HEAD) - 1, 0 },
};
const uint32_t site_file_count = 3;

#endif
