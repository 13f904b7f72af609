// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The parts of the kernel's C library that only make sense inside it. */
#include "kernel/core/libc.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

static const char *allocation_functions_keep_their_promises(void)
{
	char *text = calloc(10, 10);

	GUEST_CHECK(text != NULL);
	for (unsigned i = 0; i < 100; i++)
		GUEST_CHECK(text[i] == 0);
	strcpy(text, "kept");
	text = realloc(text, 5000);
	GUEST_CHECK(text != NULL && strcmp(text, "kept") == 0);
	text = realloc(text, 8);
	GUEST_CHECK(text != NULL && strcmp(text, "kept") == 0);
	free(text);
	free(NULL);
	GUEST_CHECK(malloc(SIZE_MAX / 2) == NULL);
	text = calloc(SIZE_MAX / 2, 4);
	GUEST_CHECK(text == NULL);
	return NULL;
}

/* The harness looks for "libc: printf 42 x" and "libc: puts" as whole lines. */
static const char *printed_text_reaches_the_console(void)
{
	GUEST_CHECK(printf("libc: printf %d", 42) == 15);
	GUEST_CHECK(putchar(' ') == ' ');
	GUEST_CHECK(putchar('x') == 'x');
	GUEST_CHECK(printf("\n") == 1);
	GUEST_CHECK(puts("libc: puts") >= 0);
	return NULL;
}

static const char *signals_do_nothing(void)
{
	GUEST_CHECK(signal(15, NULL) == NULL);
	GUEST_CHECK(raise(15) == 0);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "allocation_functions_keep_their_promises", allocation_functions_keep_their_promises },
	{ "printed_text_reaches_the_console", printed_text_reaches_the_console },
	{ "signals_do_nothing", signals_do_nothing },
};

const struct guest_table libc_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
