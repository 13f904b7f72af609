// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The manifest's keys: what each may hold, to both ends of its limits. */
#include "tests/unit/kernel/payload/manifest_text.h"

static void manifest_reads_restart_policies(void)
{
	refuses(MANIFEST_ONE "restart = \"sometimes\"\n", "5: restart: must be never, on-failure or always");
	refuses(MANIFEST_ONE "restart = \"never\"\nrestarts = 1\n", "6: restarts: takes a restart that is not never");
	refuses(MANIFEST_ONE "backoff = \"1s\"\n", "5: backoff: takes a restart that is not never");
	refuses(MANIFEST_ONE "restarts = 0\n", "5: restarts: is not between 1 and 1000000");
	refuses(MANIFEST_ONE "restarts = 1000001\n", "5: restarts: is not between 1 and 1000000");
	takes(MANIFEST_ONE "restarts = 1000000\nbackoff = \"60s\"\nrestart = \"on-failure\"\n");
	CU_ASSERT_EQUAL(manifest.processes[0].restarts_max, 1000000);
	CU_ASSERT_EQUAL(manifest.processes[0].backoff_ns, 60000000000ull);
}

static void manifest_reads_numbers_within_their_limits(void)
{
	refuses(MANIFEST_ONE "threads = 0\n", "5: threads: is not between 1 and 64");
	refuses(MANIFEST_ONE "threads = 65\n", "5: threads: is not between 1 and 64");
	refuses(MANIFEST_ONE "threads = 4294967297\n", "5: threads: is not between 1 and 64");
	refuses(MANIFEST_ONE "cpu = -1\n", "5: cpu: is not between 0 and 7");
	refuses(MANIFEST_ONE "cpu = 8\n", "5: cpu: is not between 0 and 7");
	takes(MANIFEST_ONE "threads = 64\ncpu = 7\n");
	CU_ASSERT_EQUAL(manifest.processes[0].threads, 64);
	CU_ASSERT_EQUAL(manifest.processes[0].cpu, 7);
}

static void manifest_rejects_variables_that_are_none(void)
{
	static const char *const none[] = { "", "=", "=x", "A", "1A=x", "A B=x", "A-B=x", "\xc3\xa4=x", "A.=x" };
	char text[2200];

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		snprintf(text, sizeof(text), MANIFEST_ONE "env = [\n\"%s\"]\n", none[i]);
		refuses(text, "6: env: is not KEY=value with a KEY of letters, digits and _");
	}
	refuses(MANIFEST_ONE "env = [\"A=1\", \"AB=1\", \"A=2\"]\n", "5: env: variable occurs twice");
	strcpy(text, MANIFEST_ONE "env = [");
	for (unsigned i = 0; i < MANIFEST_ENV_MAX; i++)
		sprintf(text + strlen(text), "\"A%u=\",", i);
	strcat(text, "]\n");
	takes(text);
	strcpy(strrchr(text, ']'), "\"B=\"]\n");
	refuses(text, "5: env: more than 16 variables");
	memset(text, 'x', sizeof(text));
	memcpy(text, MANIFEST_ONE "env = [\"A=", strlen(MANIFEST_ONE "env = [\"A="));
	strcpy(text + strlen(MANIFEST_ONE "env = [\"A=") + MANIFEST_ENV_BYTES - 3, "\"]\n");
	takes(text);
	strcpy(strrchr(text, ']'), ",\"B=\"]\n");
	refuses(text, "5: env: more than 1024 bytes of environment");
}

static void manifest_reads_strings_up_to_their_longest(void)
{
	char text[1400];
	char expected[MANIFEST_EXEC_MAX + 1];

	memset(expected, 'x', MANIFEST_EXEC_MAX);
	expected[MANIFEST_EXEC_MAX] = '\0';
	snprintf(text, sizeof(text), MANIFEST_NAME "[[process]]\nname = \"%.32s\"\nexec = \"%s\"\n", expected, expected);
	takes(text);
	CU_ASSERT_STRING_EQUAL(manifest.processes[0].exec, expected);
	CU_ASSERT_NSTRING_EQUAL(manifest.processes[0].name, expected, MANIFEST_NAME_MAX);
	CU_ASSERT_EQUAL(strlen(manifest.processes[0].name), MANIFEST_NAME_MAX);
	refuses(MANIFEST_TWO "[[process]]\nname = \"q\"\n", "9: name: another process has this name");
	takes(MANIFEST_TWO "[[process]]\nname = \"q2\"\nexec = \"x\"\n");
	snprintf(text, sizeof(text), MANIFEST_NAME "exec = \"x%s\"\n", expected);
	refuses(text, "2: exec: is not the name of a file in the bundle");
	snprintf(text, sizeof(text), MANIFEST_NAME "[[process]]\nname = \"%.33s\"\n", expected);
	refuses(text, "3: name: must be 1 to 32 characters long");
}

static void manifest_takes_names_of_letters_digits_and_dashes_only(void)
{
	char text[] = "name = \"?\"\nexec = \"x\"\n";
	char why[MANIFEST_WHY_BYTES];

	for (int c = ' '; c < 0x7f; c++) {
		bool good = strchr("abcdefghijklmnopqrstuvwxyz0123456789-", c) != NULL;

		text[8] = (char)c;
		CU_ASSERT_EQUAL(manifest_parse_text(text, why) == STATUS_OK, good);
	}
}

static void manifest_takes_variables_of_letters_digits_and_underscores_only(void)
{
	char text[] = MANIFEST_ONE "env = [\"@@=\"]\n";
	char *at = strchr(text, '@');
	char why[MANIFEST_WHY_BYTES];

	for (int c = ' '; c < 0x7f; c++) {
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (c == '"' || c == '\\')
			continue;
		at[0] = (char)c;
		at[1] = 'A';
		CU_ASSERT_EQUAL(manifest_parse_text(text, why) == STATUS_OK, letter);
		at[0] = 'A';
		at[1] = (char)c;
		CU_ASSERT_EQUAL(manifest_parse_text(text, why) == STATUS_OK, letter || (c >= '0' && c <= '9') || c == '=');
	}
}

static void manifest_puts_lists_one_behind_the_other(void)
{
	const struct manifest_process *p = &manifest.processes[0];

	takes(MANIFEST_ONE "env = [\"A=1\", \"B=\"]\nargs = [\"\", \"xy\", \"z\"]\n");
	CU_ASSERT_EQUAL(memcmp(p->env.bytes, "A=1\0B=\0", 8), 0);
	CU_ASSERT_EQUAL(p->env.offset[1], 4);
	CU_ASSERT_EQUAL(memcmp(p->args.bytes, "\0xy\0z\0", 7), 0);
	CU_ASSERT_EQUAL(p->args.offset[1], 1);
	CU_ASSERT_EQUAL(p->args.offset[2], 4);
}

static void manifest_has_at_most_one_main_process_and_launches_it_alone(void)
{
	takes(MANIFEST_ONE "main = false\n[[process]]\nname = \"q\"\nexec = \"y\"\nmain = true\nlaunch = true\n");
	CU_ASSERT_EQUAL(manifest.main, 1);
	CU_ASSERT_FALSE(manifest.processes[0].launch);
	CU_ASSERT_TRUE(manifest.processes[1].launch);
	takes(MANIFEST_ONE "main = true\n[[process]]\nname = \"q\"\nexec = \"y\"\nmain = false\nlaunch = false\n");
	CU_ASSERT_EQUAL(manifest.main, 0);
	CU_ASSERT_FALSE(manifest.processes[1].launch);
	refuses(MANIFEST_ONE "main = true\n[[process]]\nname = \"q\"\nexec = \"y\"\nmain = true\n", "9: main: another process is main");
	refuses(MANIFEST_TWO "launch = true\n", "8: launch: only the main process takes words");
}

static const struct unit_case cases[] = {
	UNIT_CASE(manifest_has_at_most_one_main_process_and_launches_it_alone),
	UNIT_CASE(manifest_reads_restart_policies),
	UNIT_CASE(manifest_reads_numbers_within_their_limits),
	UNIT_CASE(manifest_rejects_variables_that_are_none),
	UNIT_CASE(manifest_reads_strings_up_to_their_longest),
	UNIT_CASE(manifest_takes_names_of_letters_digits_and_dashes_only),
	UNIT_CASE(manifest_takes_variables_of_letters_digits_and_underscores_only),
	UNIT_CASE(manifest_puts_lists_one_behind_the_other),
};

UNIT_MAIN("kernel/payload/manifest_keys", cases)
