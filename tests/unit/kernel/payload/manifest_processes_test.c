// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Manifests of several processes: each has its own keys and grants, and what they may not share is refused. */
#include "tests/unit/kernel/payload/manifest_text.h"

static void manifest_keeps_processes_apart(void)
{
	const struct manifest_process *p = &manifest.processes[0];
	const struct manifest_process *q = &manifest.processes[1];

	takes(MANIFEST_ONE "args = [\"a\"]\nmemory = \"4M\"\nrestart = \"always\"\n[process.capabilities]\nconsole = [\"write\"]\n"
		  "clock = [\"wait\"]\n[[process]]\nexec = \"y\"\nname = \"q\"\ncpu = 0\n"
		  "[ process . capabilities ] # its own\nclock = [\"wait\", \"read\"]\n");
	CU_ASSERT_STRING_EQUAL(manifest.name, "b");
	CU_ASSERT_EQUAL(manifest.process_count, 2);
	CU_ASSERT_STRING_EQUAL(p->name, "p");
	CU_ASSERT_STRING_EQUAL(p->exec, "x");
	CU_ASSERT_EQUAL(p->args.count, 1);
	CU_ASSERT_EQUAL(p->memory_bytes, 4u << 20);
	CU_ASSERT_EQUAL(p->cpu, MANIFEST_CPU_ANY);
	CU_ASSERT_EQUAL(p->restart, MANIFEST_RESTART_ALWAYS);
	CU_ASSERT_EQUAL(p->backoff_ns, MANIFEST_BACKOFF_DEFAULT_NS);
	CU_ASSERT_EQUAL(p->restarts_max, MANIFEST_RESTARTS_DEFAULT);
	CU_ASSERT_EQUAL(p->capability_count, 2);
	CU_ASSERT_STRING_EQUAL(p->capabilities[1].name, "clock");
	CU_ASSERT_EQUAL(p->capabilities[1].rights, 2);
	CU_ASSERT_STRING_EQUAL(q->name, "q");
	CU_ASSERT_STRING_EQUAL(q->exec, "y");
	CU_ASSERT_EQUAL(q->args.count, 0);
	CU_ASSERT_EQUAL(q->memory_bytes, MANIFEST_MEMORY_DEFAULT);
	CU_ASSERT_EQUAL(q->cpu, 0);
	CU_ASSERT_EQUAL(q->restart, MANIFEST_RESTART_NEVER);
	CU_ASSERT_EQUAL(q->capability_count, 1);
	CU_ASSERT_EQUAL(q->capabilities[0].interface, 6);
	CU_ASSERT_EQUAL(q->capabilities[0].rights, 3);
}

static void manifest_names_an_only_process_after_the_bundle(void)
{
	takes(MANIFEST_NAME "[[process]]\nexec = \"x\"\n");
	CU_ASSERT_STRING_EQUAL(manifest.processes[0].name, "b");
	refuses(MANIFEST_NAME "[[process]]\nexec = \"x\"\n[[process]]\nexec = \"y\"\n", "2: name: required key is missing");
	refuses(MANIFEST_ONE "[[process]]\nexec = \"y\"\n", "5: name: required key is missing");
}

static void manifest_takes_the_first_process_as_main_unless_one_says_so(void)
{
	takes(MANIFEST_TWO);
	CU_ASSERT_EQUAL(manifest.main, 0);
	takes(MANIFEST_TWO "main = true\n");
	CU_ASSERT_EQUAL(manifest.main, 1);
	takes(MANIFEST_TWO "main = false\n");
	CU_ASSERT_EQUAL(manifest.main, 0);
	refuses(MANIFEST_ONE "main = true\n[[process]]\nname = \"q\"\nexec = \"x\"\nmain = true\n", "9: main: another process is main");
}

static void manifest_gives_launch_words_to_the_main_process_only(void)
{
	takes(MANIFEST_TWO "launch = true\nmain = true\n");
	CU_ASSERT_TRUE(manifest.processes[1].launch);
	CU_ASSERT_FALSE(manifest.processes[0].launch);
	takes(MANIFEST_TWO "launch = false\n");
	refuses(MANIFEST_TWO "launch = true\n", "8: launch: only the main process takes words");
	refuses(MANIFEST_ONE "launch = true\n[[process]]\nname = \"q\"\nexec = \"x\"\nmain = true\n",
		"5: launch: only the main process takes words");
}

static void manifest_rejects_names_that_two_processes_have(void)
{
	refuses(MANIFEST_ONE "[[process]]\nname = \"p\"\nexec = \"y\"\n", "6: name: another process has this name");
	takes(MANIFEST_ONE "[[process]]\nname = \"b\"\nexec = \"x\"\n"); /* the bundle's own is free */
}

static void manifest_rejects_both_forms_at_once(void)
{
	refuses(MANIFEST_NAME "exec = \"x\"\n[[process]]\n", "3: process: keys above it describe the only process already");
	refuses(MANIFEST_NAME "[capabilities]\n[[process]]\n", "3: process: keys above it describe the only process already");
	refuses(MANIFEST_ONE "[capabilities]\n", "5: capabilities: is [process.capabilities] below [[process]]");
	refuses(MANIFEST_NAME "[process.capabilities]\n", "2: capabilities: no [[process]] stands above it");
}

static void manifest_rejects_tables_that_are_none(void)
{
	refuses(MANIFEST_NAME "[process]\n", "2: process: is [[process]]");
	refuses(MANIFEST_NAME "[[capabilities]]\n", "2: capabilities: unknown table");
	refuses(MANIFEST_NAME "[capabilities.process]\n", "2: process: unknown table");
	refuses(MANIFEST_ONE "[process.nowhere]\n", "5: nowhere: unknown table");
	refuses(MANIFEST_ONE "[process.capabilities]\n[process.capabilities]\n", "6: capabilities: table occurs twice");
	refuses(MANIFEST_ONE "[process.capabilities]\nclock = [\"write\"]\n", "6: clock: unknown right");
}

static void manifest_rejects_missing_and_double_keys_in_each_process(void)
{
	refuses(MANIFEST_ONE "[[process]]\nname = \"q\"\n", "5: exec: required key is missing");
	refuses(MANIFEST_NAME "[[process]]\nname = \"p\"\n[[process]]\n", "2: exec: required key is missing");
	refuses("[[process]]\nname = \"p\"\nexec = \"x\"\n", "4: name: required key is missing");
	refuses(MANIFEST_ONE "exec = \"x\"\n", "5: exec: key occurs twice");
	refuses(MANIFEST_NAME MANIFEST_NAME, "2: name: key occurs twice");
	takes(MANIFEST_TWO "args = []\n");
}

static void manifest_counts_processes(void)
{
	char text[2048] = MANIFEST_NAME;
	unsigned i;

	for (i = 0; i < MANIFEST_PROCESS_MAX; i++)
		sprintf(text + strlen(text), "[[process]]\nname = \"p%u\"\nexec = \"x\"\n", i);
	takes(text);
	CU_ASSERT_EQUAL(manifest.process_count, MANIFEST_PROCESS_MAX);
	CU_ASSERT_STRING_EQUAL(manifest.processes[15].name, "p15");
	strcat(text, "[[process]]\n");
	refuses(text, "50: process: more than 16 processes");
}

static void manifest_rejects_memory_that_overflows_together(void)
{
	char text[2048] = MANIFEST_NAME;

	for (unsigned i = 0; i < 4; i++)
		sprintf(text + strlen(text), "[[process]]\nname = \"p%u\"\nexec = \"x\"\nmemory = \"4294967295G\"\n", i);
	takes(text);
	strcat(text, "[[process]]\nname = \"p\"\nexec = \"x\"\nmemory = \"4294967295G\"\n");
	refuses(text, "21: memory: is too large, all processes together");
}

static const struct unit_case cases[] = {
	UNIT_CASE(manifest_keeps_processes_apart),
	UNIT_CASE(manifest_names_an_only_process_after_the_bundle),
	UNIT_CASE(manifest_takes_the_first_process_as_main_unless_one_says_so),
	UNIT_CASE(manifest_gives_launch_words_to_the_main_process_only),
	UNIT_CASE(manifest_rejects_names_that_two_processes_have),
	UNIT_CASE(manifest_rejects_both_forms_at_once),
	UNIT_CASE(manifest_rejects_tables_that_are_none),
	UNIT_CASE(manifest_rejects_missing_and_double_keys_in_each_process),
	UNIT_CASE(manifest_counts_processes),
	UNIT_CASE(manifest_rejects_memory_that_overflows_together),
};

UNIT_MAIN("kernel/payload/manifest_processes", cases)
