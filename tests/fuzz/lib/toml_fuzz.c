// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Events lie in the text or in the buffer, come in a possible order, and an error stays where it was. */
#include "lib/toml.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void check_string(const struct toml_event *event, const char *buffer, size_t buffer_bytes)
{
	FUZZ_ASSERT(fuzz_is_inside(event->string, span_of(buffer, buffer_bytes - 1)));
	FUZZ_ASSERT(strlen((const char *)event->string.data) == event->string.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	struct toml_event event;
	bool in_array = false;
	uint32_t lines = 1;
	uint32_t line = 1;
	char buffer[24];
	struct toml toml;
	status_t status;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	toml_begin(&toml, text, buffer, sizeof(buffer));
	while ((status = toml_next(&toml, &event)) == STATUS_OK && event.kind != TOML_END) {
		FUZZ_ASSERT(event.line >= line && event.line <= lines);
		line = event.line;
		FUZZ_ASSERT(fuzz_is_inside(event.key, text) && event.key.len > 0 && event.key.len <= TOML_KEY_MAX);
		FUZZ_ASSERT(event.sub.len == 0 || (event.kind == TOML_TABLE && !event.is_array && fuzz_is_inside(event.sub, text)));
		FUZZ_ASSERT(event.sub.len <= TOML_KEY_MAX && (!event.is_array || event.kind == TOML_TABLE));
		FUZZ_ASSERT(in_array == (event.kind == TOML_ITEM || event.kind == TOML_ARRAY_END));
		if (event.kind == TOML_ITEM || (event.kind == TOML_KEY && event.type == TOML_STRING))
			check_string(&event, buffer, sizeof(buffer));
		in_array = event.kind == TOML_ITEM || (event.kind == TOML_KEY && event.type == TOML_ARRAY);
	}
	FUZZ_ASSERT(status != STATUS_OK || !in_array);
	FUZZ_ASSERT(status == STATUS_OK || (toml.why != NULL && toml.line >= line && toml.line <= lines));
	FUZZ_ASSERT(toml_next(&toml, &event) == status);
	return 0;
}
