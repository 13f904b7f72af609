// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The kernel command line: words apart by white space, each `key`, `key=value` or `key="value with spaces"`. It ends with the
 * span or with its first NUL. There is no wrong command line: what makes no sense is a key nobody asks for. What stands behind
 * the first word `--` is not the kernel's: cmdline_rest gives it.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include <stdbool.h>

#include "lib/span.h"

/* Both spans lie in the command line; `value` is without its quotes. */
struct cmdline_word {
	struct span key;
	struct span value; /* empty where has_value is false */
	bool has_value;    /* an equals sign followed the key */
};

/*
 * Takes the next word off the front of `*rest`. A quote that is never closed reaches to the end of the line.
 *
 * Context: any. Returns false, with `*word` untouched, where there is none left.
 */
bool cmdline_next_word(struct span *rest, struct cmdline_word *word);

/*
 * The value of `key`, before the word `--`; where it occurs several times, the last one's. A key without an equals sign has an empty value.
 *
 * Context: any. Returns false, with `*value` untouched, where the key does not occur.
 */
bool cmdline_get(struct span line, const char *key, struct span *value);

/*
 * What stands behind the first word `--`, without white space at its ends: words for the program, which cmdline_next_item with a
 * space takes apart.
 *
 * Context: any. Returns false, with `*rest` untouched, where there is no such word.
 */
bool cmdline_rest(struct span line, struct span *rest);

/*
 * Takes the next item of a list such as `info,virtio=debug` off the front of `*rest`. Empty items are skipped.
 *
 * Context: any. Returns false, with `*item` untouched, where there is none left.
 */
bool cmdline_next_item(struct span *rest, char separator, struct span *item);

#endif
