// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* First lines of scripts, as execve(2) says. */
#include "kernel/sys/linux/script.h"

#include <string.h>

#include "tests/unit/unit.h"

static struct linux_script script;

static status_t parse(const char *text)
{
	return linux_script_parse(span_of(text, strlen(text)), &script);
}

static void an_interpreter_and_one_argument_with_blanks_are_found(void)
{
	CU_ASSERT_EQUAL(parse("#!/bin/sh\necho"), STATUS_OK);
	CU_ASSERT_STRING_EQUAL(script.interpreter, "/bin/sh");
	CU_ASSERT_STRING_EQUAL(script.argument, "");
	CU_ASSERT_EQUAL(parse("#! \t/usr/bin/env  python3 -u \t\n"), STATUS_OK);
	CU_ASSERT_STRING_EQUAL(script.interpreter, "/usr/bin/env");
	CU_ASSERT_STRING_EQUAL(script.argument, "python3 -u");
	CU_ASSERT_EQUAL(parse("#!x"), STATUS_OK);
	CU_ASSERT_STRING_EQUAL(script.interpreter, "x");
}

static void what_names_no_interpreter_is_no_script(void)
{
	CU_ASSERT_EQUAL(parse(""), STATUS_ENOEXEC);
	CU_ASSERT_EQUAL(parse("#"), STATUS_ENOEXEC);
	CU_ASSERT_EQUAL(parse("#!"), STATUS_ENOEXEC);
	CU_ASSERT_EQUAL(parse("#! \t \n/bin/sh"), STATUS_ENOEXEC);
	CU_ASSERT_EQUAL(parse("\177ELF"), STATUS_ENOEXEC);
	CU_ASSERT_EQUAL(linux_script_parse(span_of("#!/a\0b\n", 7), &script), STATUS_ENOEXEC);
}

static void a_name_that_is_cut_off_is_not_guessed_and_an_argument_may_be(void)
{
	char text[LINUX_SCRIPT_HEAD];

	memset(text, 'a', sizeof(text));
	memcpy(text, "#!", 2);
	CU_ASSERT_EQUAL(linux_script_parse(span_of(text, sizeof(text)), &script), STATUS_ENOEXEC);
	text[100] = ' ';
	CU_ASSERT_EQUAL(linux_script_parse(span_of(text, sizeof(text)), &script), STATUS_OK);
	CU_ASSERT_EQUAL(strlen(script.interpreter), 98);
	CU_ASSERT_EQUAL(strlen(script.argument), sizeof(text) - 1 - 101);
}

static const struct unit_case cases[] = {
	UNIT_CASE(an_interpreter_and_one_argument_with_blanks_are_found),
	UNIT_CASE(what_names_no_interpreter_is_no_script),
	UNIT_CASE(a_name_that_is_cut_off_is_not_guessed_and_an_argument_may_be),
};

UNIT_MAIN("kernel/sys/linux/script", cases)
