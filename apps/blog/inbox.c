// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "apps/blog/inbox.h"

#include <string.h>

#include <capos/capos.h>
#include <capos/file.h>

static const char *folder; /* W: inbox_open(), before there are sessions */

/* A file is written under a name of its own, and gets the one it was sent by when it is whole. */
struct received {
	capos_cap_t file;
	uint64_t bytes;
	char part[INBOX_FOLDER_MAX + INBOX_NAME_MAX + 32];
	char path[INBOX_FOLDER_MAX + INBOX_NAME_MAX + 2];
};

static struct received *received_of(const struct session *session)
{
	return (struct received *)session->file;
}

static char *append(char *at, const char *text)
{
	size_t len = strlen(text);

	memcpy(at, text, len + 1);
	return at + len;
}

/* Sixteen hexadecimal digits: of what is nobody else's at the same time. */
static char *append_number(char *at, uint64_t number)
{
	for (unsigned i = 0; i < 16; i++)
		*at++ = "0123456789abcdef"[number >> (60 - 4 * i) & 15];
	*at = '\0';
	return at;
}

static bool begin(struct session *session, const char *path)
{
	const char *name = inbox_name(path);
	struct received *received = name != NULL ? malloc(sizeof(*received)) : NULL;

	if (received == NULL)
		return false;
	append(append(append(received->path, folder), "/"), name);
	append_number(append(append(received->part, folder), "/.part-"), (uint64_t)session);
	received->bytes = 0;
	if (capos_open(received->part, CAPOS_DIR_CREATE | CAPOS_DIR_TRUNCATE, CAPOS_DIR_RIGHTS_ALL, &received->file) < 0) {
		free(received);
		return false;
	}
	session->file = (uint64_t)received;
	return true;
}

static bool add(struct session *session, const char *data, size_t bytes)
{
	struct received *received = received_of(session);

	if (capos_write(received->file, received->bytes, data, bytes) != (int64_t)bytes)
		return false;
	received->bytes += bytes;
	return true;
}

static bool end(struct session *session, bool whole)
{
	struct received *received = received_of(session);

	(void)capos_close(received->file);
	whole = whole && capos_rename(received->part, received->path, 0) == 0;
	if (!whole)
		(void)capos_remove(received->part, 0);
	free(received);
	return whole;
}

static const struct inbox box = { .bytes_max = INBOX_BYTES_MAX, .begin = begin, .add = add, .end = end };

void inbox_open(const char *to)
{
	folder = to;
}

const struct inbox *inbox(void)
{
	return folder != NULL ? &box : NULL;
}
