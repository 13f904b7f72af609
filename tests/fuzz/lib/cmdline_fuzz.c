// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Words lie in the line in order, and a key finds the value of its last word. */
#include "lib/cmdline.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = span_of(data, size);
	struct span rest = line;
	struct span expected = span_of(NULL, 0);
	struct span value = expected;
	struct cmdline_word word;
	struct span program = expected;
	bool found = false;
	bool ended = false;

	while (cmdline_next_word(&rest, &word)) {
		struct span items = word.value;
		struct span item;

		FUZZ_ASSERT(fuzz_is_inside(word.key, line) && fuzz_is_inside(word.value, line) && fuzz_is_inside(rest, line));
		FUZZ_ASSERT(word.key.len > 0 || word.has_value);
		FUZZ_ASSERT(word.key.data + word.key.len <= word.value.data && word.value.data + word.value.len <= rest.data);
		FUZZ_ASSERT(memchr(word.key.data, '=', word.key.len) == NULL);
		while (cmdline_next_item(&items, ',', &item)) {
			FUZZ_ASSERT(item.len > 0 && fuzz_is_inside(item, word.value));
			FUZZ_ASSERT(memchr(item.data, ',', item.len) == NULL);
		}
		if (!ended && !word.has_value && word.key.len == 2 && memcmp(word.key.data, "--", 2) == 0) {
			ended = true;
			FUZZ_ASSERT(cmdline_rest(line, &program) && fuzz_is_inside(program, rest));
			FUZZ_ASSERT(memchr(program.data, '\0', program.len) == NULL);
		}
		if (!ended && word.key.len == 3 && memcmp(word.key.data, "log", 3) == 0) {
			found = true;
			expected = word.value;
		}
	}
	FUZZ_ASSERT(cmdline_get(line, "log", &value) == found);
	FUZZ_ASSERT(ended || !cmdline_rest(line, &program));
	FUZZ_ASSERT(value.data == expected.data && value.len == expected.len);
	return 0;
}
