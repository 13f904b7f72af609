// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The parts of the kernel's C library that only make sense inside it. */
#include "hal/contract/cpu.h"
#include "kernel/core/libc.h"
#include "kernel/io/fs/ext4/crc32c.h"
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

static const char *crc32c_of_the_cpu_is_that_of_the_tables(void)
{
	static const char check[] = "0123456789 and bytes enough for every width of the loops: 123456789";

	GUEST_CHECK(crc32c_tables_make());
	GUEST_CHECK(~crc32c_by_tables(~0u, "123456789", 9) == 0xe3069283); /* as the catalogues of checksums have it */
	for (unsigned at = 0; hal_cpu_has_crc32c() && at < sizeof(check); at++)
		GUEST_CHECK(hal_cpu_crc32c(at, check + at, sizeof(check) - at) == crc32c_by_tables(at, check + at, sizeof(check) - at));
	return NULL;
}

static const struct guest_test tests[] = {
	{ "allocation_functions_keep_their_promises", allocation_functions_keep_their_promises },
	{ "printed_text_reaches_the_console", printed_text_reaches_the_console },
	{ "signals_do_nothing", signals_do_nothing },
	{ "crc32c_of_the_cpu_is_that_of_the_tables", crc32c_of_the_cpu_is_that_of_the_tables },
};

const struct guest_table libc_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
