// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The manifest of a proven archive, and why there is none; and that devices are looked for where random bytes are granted. */
#include "tests/unit/machine.h"

#include "kernel/payload/run.c"

struct log_filter log_filter_now;
static unsigned probes, warnings;
static status_t probed;
static struct manifest manifest;
static char why[PROGRAM_WHY_BYTES];
static uint8_t archive[4096];
static size_t archive_bytes;

status_t devices_probe(void)
{
	probes++;
	return probed;
}

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	CU_ASSERT(component == LOG_BOOT && level == LOG_WARN && fmt != NULL);
	warnings++;
}

/* One file of the archive, as cpio's newc format has it. */
static void add(const char *name, const char *text)
{
	size_t name_bytes = strlen(name) + 1, bytes = strlen(text);
	char head[160];

	snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 0, bytes > 0 ? 0100644 : 0, 0, 0, 1, 0, bytes, 0, 0, 0, 0,
		 name_bytes, 0);
	memcpy(archive + archive_bytes, head, 110);
	memcpy(archive + archive_bytes + 110, name, name_bytes);
	archive_bytes = (archive_bytes + 110 + name_bytes + 3) & ~3ul;
	memcpy(archive + archive_bytes, text, bytes);
	archive_bytes = (archive_bytes + bytes + 3) & ~3ul;
}

static status_t read_with(const char *name, const char *text)
{
	memset(archive, 0, sizeof(archive));
	archive_bytes = 0;
	add(name, text);
	add("TRAILER!!!", "");
	memset(why, 0, sizeof(why));
	return manifest_read(span_of(archive, archive_bytes), &manifest, why);
}

static void a_manifest_is_read_or_it_is_said_why_not(void)
{
	CU_ASSERT_EQUAL(read_with("manifest.toml", "name = \"x\"\nexec = \"x\"\n"), STATUS_OK);
	CU_ASSERT(manifest.process_count == 1 && strcmp(manifest.name, "x") == 0);
	CU_ASSERT_EQUAL(read_with("manifest.txt", "name = \"x\"\nexec = \"x\"\n"), STATUS_ENOENT);
	CU_ASSERT_STRING_EQUAL(why, "the archive has no manifest.toml");
	CU_ASSERT_EQUAL(read_with("manifest.toml", "nonsense = 1\n"), STATUS_EINVAL);
	CU_ASSERT_NOT_EQUAL(why[0], '\0');
	archive[0] = 'x';
	CU_ASSERT_EQUAL(manifest_read(span_of(archive, archive_bytes), &manifest, why), STATUS_EINVAL);
	CU_ASSERT_EQUAL(strncmp(why, "the archive is malformed: ", 26), 0);
	CU_ASSERT(strlen(why) > 26);
}

static void devices_are_looked_for_where_random_bytes_are_granted(void)
{
	CU_ASSERT_EQUAL(read_with("manifest.toml", "name = \"x\"\nexec = \"x\"\n[capabilities]\nconsole = [\"write\"]\n"), STATUS_OK);
	entropy_look(&manifest);
	CU_ASSERT_EQUAL(probes, 0);
	CU_ASSERT_EQUAL(read_with("manifest.toml", "name = \"x\"\nexec = \"x\"\n[capabilities]\nconsole = [\"write\"]\nentropy = [\"read\"]\n"), STATUS_OK);
	entropy_look(&manifest);
	CU_ASSERT(probes == 1 && warnings == 0);
	probed = STATUS_ENOMEM;
	entropy_look(&manifest);
	CU_ASSERT(probes == 2 && warnings == 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_manifest_is_read_or_it_is_said_why_not),
	UNIT_CASE(devices_are_looked_for_where_random_bytes_are_granted),
};

UNIT_MAIN("kernel/payload/run", cases)
