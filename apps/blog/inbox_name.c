// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include <string.h>

#include "apps/blog/inbox.h"

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

const char *inbox_name(const char *path)
{
	static const char prefix[] = "/inbox/";
	const char *name = path + sizeof(prefix) - 1;
	size_t len;

	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0 || name[0] == '.')
		return NULL;
	for (len = 0; name[len] != '\0'; len++)
		if (len == INBOX_NAME_MAX || !is_name_character(name[len]))
			return NULL;
	return len > 0 ? name : NULL;
}
