// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a manifest gives of files. */
#include "tests/unit/kernel/payload/manifest_text.h"

#define FILES MANIFEST_NAME "exec = \"x\"\n[files]\n"

static void manifest_gives_the_directories_that_files_names(void)
{
	const struct manifest_files *files = &manifest.processes[0].files;

	takes(FILES "app = [\"read\", \"list\"]\ntmp = [\"list\", \"create\", \"write\", \"read\", \"exec\"]\ntmp_bytes = \"8K\"\n");
	CU_ASSERT_EQUAL(files->rights[MANIFEST_MOUNT_APP], MANIFEST_RIGHT_READ | MANIFEST_RIGHT_LIST);
	CU_ASSERT_EQUAL(files->rights[MANIFEST_MOUNT_TMP], MANIFEST_RIGHTS_ALL);
	CU_ASSERT_EQUAL(files->tmp_bytes, 8192);
	CU_ASSERT(files->rights[MANIFEST_MOUNT_HOST] == 0 && files->rights[MANIFEST_MOUNT_DATA] == 0 && files->rights[MANIFEST_MOUNT_LOG] == 0);
	takes(FILES);
	CU_ASSERT(files->rights[MANIFEST_MOUNT_APP] == 0 && files->rights[MANIFEST_MOUNT_TMP] == 0 && files->tmp_bytes == 0);
	takes(FILES "optional = [\"data\"]\ndata = [\"list\"]\nhost = [\"read\"]\n");
	CU_ASSERT_EQUAL(files->optional, 1u << MANIFEST_MOUNT_DATA);
	takes(FILES "post_mortem = [\"data\", \"host\"]\ndata = [\"write\", \"create\"]\nhost = [\"write\", \"create\"]\nlog = [\"read\"]\n");
	CU_ASSERT_EQUAL(files->post_mortem, 1u << MANIFEST_MOUNT_DATA | 1u << MANIFEST_MOUNT_HOST);
	takes(FILES "tmp = [\"read\"]\n");
	CU_ASSERT_EQUAL(files->post_mortem, 0);
	CU_ASSERT_EQUAL(files->optional, 0);
	CU_ASSERT_EQUAL(files->tmp_bytes, MANIFEST_MEMORY_DEFAULT);
}

static void manifest_keeps_the_files_of_a_process_from_the_next(void)
{
	takes(MANIFEST_ONE "[process.files]\nsys = [\"read\"]\n[[process]]\nname = \"q\"\nexec = \"y\"\n[process.files]\ntmp = [\"list\"]\n");
	CU_ASSERT(manifest.processes[0].files.rights[MANIFEST_MOUNT_SYS] != 0 && manifest.processes[1].files.rights[MANIFEST_MOUNT_SYS] == 0);
	CU_ASSERT(manifest.processes[0].files.tmp_bytes == 0 && manifest.processes[1].files.tmp_bytes == MANIFEST_MEMORY_DEFAULT);
}

static void manifest_rejects_files_that_cannot_be(void)
{
	refuses(FILES "app = [\"write\"]\n", "4: app: nobody can have this right there");
	refuses(FILES "log = [\"create\"]\n", "4: log: nobody can have this right there");
	refuses(FILES "app = [\"delete\"]\n", "4: app: unknown right");
	refuses(FILES "app = [\"read\",\n\"read\"]\n", "5: app: right occurs twice");
	refuses(FILES "app = []\n", "4: app: has no rights: leave it out");
	refuses(FILES "app = \"read\"\n", "4: app: must be an array of strings");
	refuses(FILES "app = [\"read\"]\napp = [\"list\"]\n", "5: app: key occurs twice");
	refuses(FILES "root = [\"read\"]\n", "4: root: unknown key");
	refuses(FILES "tmp_bytes = \"4K\"\n", "4: tmp_bytes: takes a tmp");
	refuses(FILES "tmp = [\"read\"]\ntmp_bytes = \"2M\"\n", "5: tmp_bytes: is more than memory");
	refuses(FILES "tmp = [\"read\"]\ntmp_bytes = 4096\n", "5: tmp_bytes: must be a string");
	refuses(FILES "tmp = [\"read\"]\ntmp_bytes = \"1K\"\n", "5: tmp_bytes: is not a multiple of 4K above zero");
	refuses(FILES "tmp_bytes = \"4K\"\ntmp_bytes = \"4K\"\n", "5: tmp_bytes: key occurs twice");
	refuses(FILES "optional = [\"host\"]\n", "4: optional: names what is not granted");
	refuses(FILES "tmp = [\"read\"]\noptional = [\"tmp\"]\n", "5: optional: only host and data may be missing");
	refuses(FILES "host = [\"read\"]\noptional = [\"host\", \"host\"]\n", "5: optional: name occurs twice");
	refuses(FILES "host = [\"read\"]\noptional = []\n", "5: optional: names nothing: leave it out");
	refuses(FILES "host = [\"read\"]\noptional = \"host\"\n", "5: optional: must be an array of strings");
	refuses(FILES "tmp = [\"read\"]\npost_mortem = [\"tmp\"]\n", "5: post_mortem: only host and data outlive a panic");
	refuses(FILES "post_mortem = [\"host\"]\n", "4: post_mortem: takes read in log, and write and create where it is to be");
	refuses(FILES "post_mortem = [\"host\"]\nhost = [\"write\", \"create\"]\n",
		"4: post_mortem: takes read in log, and write and create where it is to be");
	refuses(FILES "post_mortem = [\"host\"]\nhost = [\"create\"]\nlog = [\"read\"]\n",
		"4: post_mortem: takes read in log, and write and create where it is to be");
	refuses(FILES "post_mortem = [\"host\"]\nhost = [\"write\", \"create\"]\nlog = [\"list\"]\n",
		"4: post_mortem: takes read in log, and write and create where it is to be");
	refuses(FILES "post_mortem = [\"data\"]\npost_mortem = [\"host\"]\n", "5: post_mortem: key occurs twice");
	refuses(MANIFEST_ONE "[files]\n", "5: files: is [process.files] below [[process]]");
	refuses(MANIFEST_NAME "[files]\n[[process]]\n", "3: process: keys above it describe the only process already");
	refuses(FILES "[files]\n", "4: files: table occurs twice");
}

static const struct unit_case cases[] = {
	UNIT_CASE(manifest_gives_the_directories_that_files_names),
	UNIT_CASE(manifest_keeps_the_files_of_a_process_from_the_next),
	UNIT_CASE(manifest_rejects_files_that_cannot_be),
};

UNIT_MAIN("kernel/payload/manifest_files", cases)
