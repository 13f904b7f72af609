// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Manifests of one process: what is granted is what is written, and what is not understood is refused with line and key. */
#include "kernel/payload/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define HEAD "name = \"c-hello\"\nexec = \"bin/c-hello\"\n"

static struct manifest manifest;
static const struct manifest_process *const process = &manifest.processes[0];
static char why[MANIFEST_WHY_BYTES];

static status_t parse_bytes(const char *text, size_t len)
{
	char *copy = malloc(len + 1);
	status_t status;

	memcpy(copy + 1, text, len);
	memset(why, 0, sizeof(why));
	status = manifest_parse(span_of(copy + 1, len), &manifest, why, sizeof(why));
	free(copy);
	return status;
}

static status_t parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void refuses(const char *text, const char *expected)
{
	CU_ASSERT_EQUAL(parse(text), STATUS_EINVAL);
	if (strcmp(why, expected) != 0) {
		printf("\n    expected %s\n    got      %s\n", expected, why);
		CU_FAIL("other cause");
	}
}

static void manifest_reads_every_key(void)
{
	CU_ASSERT_EQUAL(parse("# app\n" HEAD "args = [\"-v\", \"\", \"two words\"]\nenv = [\"HOME=/\", \"_a1=x=y\", \"E=\"]\n"
			      "memory = \"2M\"\nstack = \"128K\"\nthreads = 3\ncpu = 2\nmain = true\nlaunch = true\njit = true\n"
			      "restart = \"on-failure\"\nbackoff = \"20ms\"\nrestarts = 7\n[capabilities]\nconsole = [\"write\"]\n"),
			STATUS_OK);
	CU_ASSERT_STRING_EQUAL(manifest.name, "c-hello");
	CU_ASSERT_EQUAL(manifest.process_count, 1);
	CU_ASSERT_EQUAL(manifest.main, 0);
	CU_ASSERT_STRING_EQUAL(process->name, "c-hello");
	CU_ASSERT_STRING_EQUAL(process->exec, "bin/c-hello");
	CU_ASSERT_EQUAL(process->args.count, 3);
	CU_ASSERT_STRING_EQUAL(manifest_string(&process->args, 0), "-v");
	CU_ASSERT_STRING_EQUAL(manifest_string(&process->args, 1), "");
	CU_ASSERT_STRING_EQUAL(manifest_string(&process->args, 2), "two words");
	CU_ASSERT_EQUAL(process->env.count, 3);
	CU_ASSERT_STRING_EQUAL(manifest_string(&process->env, 0), "HOME=/");
	CU_ASSERT_STRING_EQUAL(manifest_string(&process->env, 1), "_a1=x=y");
	CU_ASSERT_STRING_EQUAL(manifest_string(&process->env, 2), "E=");
	CU_ASSERT_EQUAL(process->memory_bytes, 2u << 20);
	CU_ASSERT_EQUAL(process->stack_bytes, 128u << 10);
	CU_ASSERT_EQUAL(process->threads, 3);
	CU_ASSERT_EQUAL(process->cpu, 2);
	CU_ASSERT_TRUE(process->launch);
	CU_ASSERT_TRUE(process->jit);
	CU_ASSERT_EQUAL(process->restart, MANIFEST_RESTART_ON_FAILURE);
	CU_ASSERT_EQUAL(process->backoff_ns, 20000000);
	CU_ASSERT_EQUAL(process->restarts_max, 7);
	CU_ASSERT_EQUAL(process->capability_count, 1);
	CU_ASSERT_EQUAL(process->capabilities[0].interface, 1);
	CU_ASSERT_STRING_EQUAL(process->capabilities[0].name, "console");
	CU_ASSERT_EQUAL(process->capabilities[0].rights, 1);
}

static void manifest_grants_nothing_by_default(void)
{
	CU_ASSERT_EQUAL(parse(HEAD), STATUS_OK);
	CU_ASSERT_EQUAL(process->capability_count, 0);
	CU_ASSERT_EQUAL(process->args.count, 0);
	CU_ASSERT_EQUAL(process->env.count, 0);
	CU_ASSERT_EQUAL(process->memory_bytes, MANIFEST_MEMORY_DEFAULT);
	CU_ASSERT_EQUAL(process->stack_bytes, MANIFEST_STACK_DEFAULT);
	CU_ASSERT_EQUAL(process->threads, MANIFEST_THREADS_DEFAULT);
	CU_ASSERT_EQUAL(process->cpu, MANIFEST_CPU_ANY);
	CU_ASSERT_EQUAL(process->restart, MANIFEST_RESTART_NEVER);
	CU_ASSERT_EQUAL(process->restarts_max, 0);
	CU_ASSERT_EQUAL(process->backoff_ns, 0);
	CU_ASSERT_FALSE(process->launch);
	CU_ASSERT_FALSE(process->jit);
	CU_ASSERT_EQUAL(parse(HEAD "[capabilities]\n"), STATUS_OK);
	CU_ASSERT_EQUAL(process->capability_count, 0);
}

static void manifest_rejects_missing_keys(void)
{
	refuses("", "manifest.toml line 1: name: required key is missing");
	refuses("name = \"x\"\n", "manifest.toml line 2: exec: required key is missing");
	refuses("exec = \"x\"\n", "manifest.toml line 2: name: required key is missing");
	refuses("[capabilities]\nname = \"x\"\n", "manifest.toml line 2: name: unknown capability");
}

static void manifest_rejects_unknown_keys_tables_and_capabilities(void)
{
	refuses(HEAD "colour = \"red\"\n", "manifest.toml line 3: colour: unknown key");
	refuses(HEAD "Name = \"x\"\n", "manifest.toml line 3: Name: unknown key");
	refuses(HEAD "[nowhere]\n", "manifest.toml line 3: nowhere: unknown table");
	refuses(HEAD "[capabilities]\nnetwork = [\"listen\"]\n", "manifest.toml line 4: network: unknown capability");
}

static void manifest_rejects_unknown_and_empty_rights(void)
{
	refuses(HEAD "[capabilities]\nconsole = [\"listen\"]\n", "manifest.toml line 4: console: unknown right");
	refuses(HEAD "[capabilities]\nconsole = [\"write\",\n\"\"]\n", "manifest.toml line 5: console: unknown right");
	refuses(HEAD "[capabilities]\nconsole = [\"write\", \"write\"]\n", "manifest.toml line 4: console: right occurs twice");
	refuses(HEAD "[capabilities]\nconsole = []\n", "manifest.toml line 4: console: has no rights: leave it out");
}

static void manifest_rejects_wrong_types(void)
{
	refuses("name = 1\n", "manifest.toml line 1: name: must be a string");
	refuses("name = [\"x\"]\n", "manifest.toml line 1: name: must be a string");
	refuses(HEAD "args = \"x\"\n", "manifest.toml line 3: args: must be an array of strings");
	refuses(HEAD "memory = 1048576\n", "manifest.toml line 3: memory: must be a string");
	refuses(HEAD "[capabilities]\nconsole = true\n", "manifest.toml line 4: console: must be an array of strings");
	refuses(HEAD "args = [1]\n", "manifest.toml line 3: args: a string is expected");
	refuses(HEAD "env = \"A=b\"\n", "manifest.toml line 3: env: must be an array of strings");
	refuses(HEAD "threads = \"1\"\n", "manifest.toml line 3: threads: must be an integer");
	refuses(HEAD "cpu = true\n", "manifest.toml line 3: cpu: must be an integer");
	refuses(HEAD "launch = 1\n", "manifest.toml line 3: launch: must be true or false");
	refuses(HEAD "jit = 1\n", "manifest.toml line 3: jit: must be true or false");
	refuses(HEAD "restart = false\n", "manifest.toml line 3: restart: must be a string");
}

static void manifest_rejects_duplicates(void)
{
	refuses(HEAD "name = \"y\"\n", "manifest.toml line 3: name: key occurs twice");
	refuses(HEAD "args = []\nargs = []\n", "manifest.toml line 4: args: key occurs twice");
	refuses(HEAD "[capabilities]\nconsole = [\"write\"]\nconsole = [\"write\"]\n",
		"manifest.toml line 5: console: key occurs twice");
	refuses(HEAD "[capabilities]\n[capabilities]\n", "manifest.toml line 4: capabilities: table occurs twice");
}

static void manifest_rejects_names_out_of_range(void)
{
	refuses("name = \"\"\n", "manifest.toml line 1: name: must be 1 to 32 characters long");
	refuses("name = \"123456789012345678901234567890123\"\n", "manifest.toml line 1: name: must be 1 to 32 characters long");
	refuses("name = \"Hello\"\n", "manifest.toml line 1: name: may hold a-z, 0-9 and - only");
	refuses("name = \"a\\nb\"\n", "manifest.toml line 1: name: may hold a-z, 0-9 and - only");
	CU_ASSERT_EQUAL(parse("name = \"12345678901234567890123456789012\"\nexec = \"x\""), STATUS_OK);
}

static void manifest_rejects_exec_outside_the_bundle(void)
{
	refuses("exec = \"/bin/x\"\n", "manifest.toml line 1: exec: is not the name of a file in the bundle");
	refuses("exec = \"../x\"\n", "manifest.toml line 1: exec: is not the name of a file in the bundle");
	refuses("exec = \"\"\n", "manifest.toml line 1: exec: is not the name of a file in the bundle");
}

static void manifest_rejects_sizes_that_are_none(void)
{
	static const char *const sizes[] = { "", "K", "M", "1", "1k", "1T", "-1K", "1.5M", " 1M", "1M ", "0x1K", "1MM" };
	char text[128];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(text, sizeof(text), HEAD "memory = \"%s\"\n", sizes[i]);
		refuses(text, "manifest.toml line 3: memory: is not a size such as \"512K\" or \"2M\"");
	}
	refuses(HEAD "memory = \"0M\"\n", "manifest.toml line 3: memory: is not a multiple of 4K above zero");
	refuses(HEAD "memory = \"65K\"\n", "manifest.toml line 3: memory: is not a multiple of 4K above zero");
	refuses(HEAD "memory = \"4294967296K\"\n", "manifest.toml line 3: memory: is too large");
	refuses(HEAD "memory = \"99999999999999999999999K\"\n", "manifest.toml line 3: memory: is too large");
	CU_ASSERT_EQUAL(parse(HEAD "memory = \"4294967295G\"\n"), STATUS_OK);
	CU_ASSERT_EQUAL(process->memory_bytes, 4294967295ull << 30);
}

static void manifest_rejects_a_stack_that_leaves_no_memory(void)
{
	refuses(HEAD "memory = \"64K\"\n", "manifest.toml line 3: stack: is not smaller than memory");
	refuses(HEAD "stack = \"2M\"\n", "manifest.toml line 3: stack: is not smaller than memory");
}

static void manifest_rejects_too_many_arguments(void)
{
	char text[2200] = HEAD "args = [";

	for (unsigned i = 0; i < MANIFEST_ARG_MAX; i++)
		strcat(text, "\"x\",");
	strcat(text, "]\n");
	CU_ASSERT_EQUAL(parse(text), STATUS_OK);
	CU_ASSERT_EQUAL(process->args.count, MANIFEST_ARG_MAX);
	strcpy(strstr(text, "]\n"), "\"x\"]\n");
	refuses(text, "manifest.toml line 3: args: more than 16 arguments");
	strcpy(text, HEAD "args = [\"a\", \"");
	memset(text + strlen(text), 'x', MANIFEST_ARG_BYTES - 2); /* the rest of text is zero */
	strcat(text, "\"]\n");
	refuses(text, "manifest.toml line 3: args: more than 1024 bytes of arguments");
}

static void manifest_names_line_and_key_of_syntax_errors(void)
{
	refuses(HEAD "args = [\"x\"\n", "manifest.toml line 4: args: array is not closed");
	refuses(HEAD "memory = 1.5\n", "manifest.toml line 3: memory: something follows on the same line");
	refuses(HEAD "=\n", "manifest.toml line 3: a bare key is expected");
}

static void manifest_keeps_messages_within_the_buffer(void)
{
	char small[8];

	memset(small, 'x', sizeof(small));
	CU_ASSERT_EQUAL(manifest_parse(span_of("a = 1", 5), &manifest, small, sizeof(small)), STATUS_EINVAL);
	CU_ASSERT_STRING_EQUAL(small, "manifes");
}

static void manifest_survives_truncation_and_flipped_bits(void)
{
	char text[] = HEAD "args = [\"-v\"]\nmemory = \"2M\"\n[capabilities]\nconsole = [\"write\"]\n";

	for (size_t len = 0; len < sizeof(text); len++) {
		if (parse_bytes(text, len) != STATUS_OK)
			CU_ASSERT_NOT_EQUAL(strlen(why), 0);
	}
	for (size_t bit = 0; bit < (sizeof(text) - 1) * 8; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ (int)(1u << bit % 8));
		if (parse_bytes(text, sizeof(text) - 1) != STATUS_OK)
			CU_ASSERT_NOT_EQUAL(strlen(why), 0);
		text[bit / 8] = (char)(text[bit / 8] ^ (int)(1u << bit % 8));
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(manifest_reads_every_key),
	UNIT_CASE(manifest_grants_nothing_by_default),
	UNIT_CASE(manifest_rejects_missing_keys),
	UNIT_CASE(manifest_rejects_unknown_keys_tables_and_capabilities),
	UNIT_CASE(manifest_rejects_unknown_and_empty_rights),
	UNIT_CASE(manifest_rejects_wrong_types),
	UNIT_CASE(manifest_rejects_duplicates),
	UNIT_CASE(manifest_rejects_names_out_of_range),
	UNIT_CASE(manifest_rejects_exec_outside_the_bundle),
	UNIT_CASE(manifest_rejects_sizes_that_are_none),
	UNIT_CASE(manifest_rejects_a_stack_that_leaves_no_memory),
	UNIT_CASE(manifest_rejects_too_many_arguments),
	UNIT_CASE(manifest_names_line_and_key_of_syntax_errors),
	UNIT_CASE(manifest_keeps_messages_within_the_buffer),
	UNIT_CASE(manifest_survives_truncation_and_flipped_bits),
};

UNIT_MAIN("kernel/payload/manifest", cases)
