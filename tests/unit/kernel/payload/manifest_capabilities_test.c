// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a manifest grants: the interface and the rights that it names, and nothing else. */
#include "tests/unit/kernel/payload/manifest_text.h"

static void manifest_gives_each_capability_its_interface_and_rights(void)
{
	static const struct {
		const char *text;
		uint32_t interface;
		uint32_t rights;
	} rows[] = {
		{ "console = [\"write\"]", 1, 1 },
		{ "log = [\"write\"]", 5, 1 },
		{ "clock = [\"read\"]", 6, 1 },
		{ "clock = [\"wait\"]", 6, 2 },
		{ "clock = [\"wait\",\"read\"]", 6, 3 },
		{ "entropy = [\"read\"]", 7, 1 },
		{ "processes = [\"spawn\"]", 9, 1 },
		{ "channels = [\"create\"]", 14, 1 },
	};
	const struct manifest_capability *capability = &manifest.processes[0].capabilities[0];
	char text[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), MANIFEST_ONE "[process.capabilities]\n%s\n", rows[i].text);
		takes(text);
		CU_ASSERT_EQUAL(manifest.processes[0].capability_count, 1);
		CU_ASSERT_EQUAL(capability->interface, rows[i].interface);
		CU_ASSERT_EQUAL(capability->rights, rows[i].rights);
		CU_ASSERT_NSTRING_EQUAL(capability->name, rows[i].text, strlen(capability->name));
	}
}

static void manifest_grants_all_capabilities_at_once(void)
{
	static const uint32_t interfaces[] = { 14, 9, 7, 6, 5, 1 };

	takes(MANIFEST_NAME "exec = \"x\"\n[capabilities]\nchannels = [\"create\"]\nprocesses = [\"spawn\"]\nentropy = [\"read\"]\n"
			    "clock = [\"wait\"]\nlog = [\"write\"]\nconsole = [\"write\"]\n");
	CU_ASSERT_EQUAL(manifest.processes[0].capability_count, 6);
	for (uint32_t i = 0; i < 6; i++)
		CU_ASSERT_EQUAL(manifest.processes[0].capabilities[i].interface, interfaces[i]);
}

static void manifest_keeps_grants_of_a_process_from_the_next(void)
{
	takes(MANIFEST_ONE "[process.capabilities]\nlog = [\"write\"]\n[[process]]\nname = \"q\"\nexec = \"y\"\n");
	CU_ASSERT_EQUAL(manifest.processes[0].capability_count, 1);
	CU_ASSERT_EQUAL(manifest.processes[1].capability_count, 0);
}

static void manifest_rejects_rights_of_other_capabilities(void)
{
	refuses(MANIFEST_ONE "[process.capabilities]\nlog = [\"read\"]\n", "6: log: unknown right");
	refuses(MANIFEST_ONE "[process.capabilities]\nentropy = [\"read\", \"wait\"]\n", "6: entropy: unknown right");
	refuses(MANIFEST_ONE "[process.capabilities]\nclock = [\"rea\"]\n", "6: clock: unknown right");
	refuses(MANIFEST_ONE "[process.capabilities]\nclock = [\"wait\", \"read\", \"wait\"]\n", "6: clock: right occurs twice");
	refuses(MANIFEST_ONE "[process.capabilities]\nmemory = [\"map\"]\n", "6: memory: unknown capability");
}

static const struct unit_case cases[] = {
	UNIT_CASE(manifest_gives_each_capability_its_interface_and_rights),
	UNIT_CASE(manifest_grants_all_capabilities_at_once),
	UNIT_CASE(manifest_keeps_grants_of_a_process_from_the_next),
	UNIT_CASE(manifest_rejects_rights_of_other_capabilities),
};

UNIT_MAIN("kernel/payload/manifest_capabilities", cases)
