// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "apps/blog/log.h"

#include "apps/blog/text.h"

enum { REQUEST_SHOWN = 160 };

void log_host(unsigned family, const uint8_t address[16], char host[LOG_HOST_MAX])
{
	struct text text = { .data = host, .room = LOG_HOST_MAX - 1 };

	for (unsigned i = 0; i < (family == 4 ? 4 : 8); i++) {
		if (i > 0)
			text_add(&text, family == 4 ? "." : ":");
		if (family == 4)
			text_add_number(&text, address[i]);
		else
			text_add_hex(&text, (uint32_t)address[2 * i] << 8 | address[2 * i + 1]);
	}
	host[text.len] = '\0';
}

size_t log_line(const struct session *session, const char *host, char line[LOG_LINE_MAX])
{
	struct text text = { .data = line, .room = LOG_LINE_MAX };
	const char *request;
	size_t len = session_line(session, &request);

	text_add(&text, host);
	text_add(&text, " - - [-] \"");
	text_add_escaped(&text, request, len < REQUEST_SHOWN ? len : REQUEST_SHOWN);
	text_add(&text, "\" ");
	text_add_number(&text, session->reply.status);
	text_add(&text, " ");
	text_add_number(&text, session->reply.body_bytes);
	return text.len;
}
