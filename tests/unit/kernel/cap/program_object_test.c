// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Programs out of a file system: read whole, with their signature, or refused with nothing left; files that grow, fail, or are none. */
#include "tests/unit/kernel/cap/fs_calls.h"

#include "kernel/cap/program_copy.c"
#include "kernel/cap/program_object.c"

const struct cap_interface program_interface = { .rights = CAPOS_PROGRAM_RIGHT_SPAWN, .name = "program" };
static struct fs_node program, signature;
static uint8_t content[20000];
static uint64_t size, claimed, most; /* bytes; that it says it has; of one read */
static int64_t read_fails;
static bool has_signature, is_trusted;
static unsigned proven;

static status_t op_lookup(struct fs_node *directory, struct span name, struct fs_node **out)
{
	CU_ASSERT_PTR_EQUAL(directory, &the_root);
	if (name.len == 1 && name.data[0] == 'a')
		*out = &program;
	else if (has_signature && name.len > 1 && memcmp(name.data, "a.", 2) == 0)
		*out = &signature;
	else
		return STATUS_ENOENT;
	(*out)->holds++;
	return STATUS_OK;
}

static void op_release(struct fs_node *node)
{
	(void)node;
	CU_FAIL("more holds are given back than there were");
}

static status_t op_stat(struct fs_node *node, struct fs_stat *out)
{
	CU_ASSERT_PTR_EQUAL(node, &program);
	*out = (struct fs_stat){ .type = FS_FILE, .size = claimed };
	return STATUS_OK;
}

static int64_t op_read(struct fs_node *node, uint64_t offset, void *data, size_t bytes)
{
	uint64_t have = node == &program ? size : 9;

	if (node == &program && read_fails != 0 && offset > 0)
		return read_fails;
	bytes = offset >= have ? 0 : bytes < have - offset ? bytes : have - offset;
	bytes = bytes < most ? bytes : most;
	memcpy(data, node == &program ? content + offset : (const uint8_t *)"signature" + offset, bytes);
	return (int64_t)bytes;
}

status_t trust_verify_file(struct span file, struct span text, const char **why)
{
	CU_ASSERT(file.len == size && memcmp(file.data, content, size) == 0 && text.len == 9 && memcmp(text.data, "signature", 9) == 0);
	proven++;
	*why = "for this reason";
	return is_trusted ? STATUS_OK : STATUS_EKEYREJECTED;
}

void log_line(const char *fmt, ...)
{
	CU_ASSERT_PTR_NOT_NULL(strstr(fmt, "refused"));
}

static void begin(unsigned workers)
{
	the_ops = (struct fs_ops){ .lookup = op_lookup, .release = op_release, .stat = op_stat, .read = op_read };
	the_root.type = FS_DIRECTORY;
	fs_begin(&the_root, workers, NULL, 0);
	program = signature = (struct fs_node){ .fs = &the_fs, .type = FS_FILE, .holds = 1 };
	size = claimed = 10000;
	most = 3000;
	read_fails = 0;
	has_signature = is_trusted = true;
	proven = 0;
	for (unsigned i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7 + i / 253);
}

static int64_t ask(void)
{
	capos_cap_t cap = 0;
	int64_t result = dir_program(&world.call, &(struct capos_dir_program){ .path = (uint64_t)"a", .path_bytes = 1 });

	if (result == CAP_PENDING) {
		if (the_job != NULL)
			job_do();
		result = fs_settle_one(&cap);
	}
	CU_ASSERT(program.holds == 1 && signature.holds == 1);
	return result;
}

static void a_program_that_is_proven_is_given(void)
{
	for (unsigned workers = 0; workers < 2; workers++) {
		begin(workers);
		CU_ASSERT_EQUAL(ask(), 10000);
		CU_ASSERT(proven == 1 && world.granted != NULL && world.granted_rights == CAPOS_PROGRAM_RIGHT_SPAWN && world.charged == 3);
		CU_ASSERT(program_file(world.granted).len == 10000 && memcmp(program_file(world.granted).data, content, 10000) == 0);
		world.call.object = world.granted;
		CU_ASSERT_EQUAL(program_object_size(&world.call), 10000);
		object_put(world.granted);
		fs_end();
	}
}

/* Whose time is over, or who has ended, while it is being proven. */
static void one_that_nobody_waits_for_any_more_is_dropped(void)
{
	begin(0);
	CU_ASSERT_EQUAL(dir_program(&world.call, &(struct capos_dir_program){ .path = (uint64_t)"a", .path_bytes = 1 }), CAP_PENDING);
	CU_ASSERT_TRUE(operation_claim(&world.operation));
	world.operation.withdraw(&world.operation);
	job_do();
	CU_ASSERT(proven == 0 && world.granted == NULL);
	fs_end();
}

static void what_is_no_program_is_refused(void)
{
	begin(0);
	is_trusted = false;
	CU_ASSERT_EQUAL(ask(), STATUS_EKEYREJECTED);
	has_signature = false;
	CU_ASSERT_EQUAL(ask(), STATUS_ENOENT);
	has_signature = true;
	signature.type = FS_DIRECTORY;
	CU_ASSERT_EQUAL(ask(), STATUS_EISDIR);
	signature.type = FS_FILE;
	program.type = FS_DIRECTORY;
	CU_ASSERT_EQUAL(ask(), STATUS_EISDIR);
	program.type = FS_OTHER;
	CU_ASSERT_EQUAL(ask(), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(proven, 1);
	fs_end();
}

static void a_file_that_fails_or_grows_is_not_read(void)
{
	begin(0);
	read_fails = STATUS_EIO;
	CU_ASSERT_EQUAL(ask(), STATUS_EIO);
	CU_ASSERT_EQUAL(proven, 0);
	read_fails = 0;
	claimed = CAPOS_PROGRAM_BYTES_MAX + 1ull;
	CU_ASSERT_EQUAL(ask(), STATUS_EFBIG);
	claimed = 4095;
	size = 4096; /* it has grown: not even room for one more byte is left */
	CU_ASSERT_EQUAL(ask(), STATUS_EFBIG);
	CU_ASSERT_EQUAL(proven, 0);
	size = 4095;
	CU_ASSERT_EQUAL(ask(), 4095);
	object_put(world.granted);
	size = claimed = 4096;
	CU_ASSERT_EQUAL(ask(), 4096);
	CU_ASSERT_EQUAL(world.charged, 2);
	object_put(world.granted);
	claimed = 0;
	size = 1; /* as files whose size is not known before say */
	CU_ASSERT_EQUAL(ask(), 1);
	object_put(world.granted);
	fs_end();
}

static void without_memory_there_is_none(void)
{
	begin(0);
	for (unsigned left = 0; left < 4; left++) {
		world.allocations_left = left; /* the request's, the fiber's, the walk's, the object's */
		CU_ASSERT_EQUAL(ask(), STATUS_ENOMEM);
		CU_ASSERT(world.charged == 0 && world.charged_bytes == 0 && pages_taken == 0);
		free(atomic_exchange(&service.walk, NULL));
	}
	world.allocations_left = EVER;
	world.pages_left = 3; /* the signature's, and too few for the program */
	CU_ASSERT_EQUAL(ask(), STATUS_ENOMEM);
	world.pages_left = 4; /* and none for the object */
	CU_ASSERT_EQUAL(ask(), STATUS_ENOMEM);
	world.pages_left = 5;
	CU_ASSERT_EQUAL(ask(), 10000);
	object_put(world.granted);
	world.pages_left = EVER;
	world.grants = STATUS_ENOSPC;
	CU_ASSERT_EQUAL(ask(), STATUS_ENOSPC);
	fs_end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_program_that_is_proven_is_given),
	UNIT_CASE(one_that_nobody_waits_for_any_more_is_dropped),
	UNIT_CASE(what_is_no_program_is_refused),
	UNIT_CASE(a_file_that_fails_or_grows_is_not_read),
	UNIT_CASE(without_memory_there_is_none),
};

UNIT_MAIN("kernel/cap/program_object", cases)
