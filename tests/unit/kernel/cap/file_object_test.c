// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Reading and writing files: every length around pages and parts, in file systems that sleep and that do not, and what is left where it fails midway. */
#include "tests/unit/kernel/cap/fs_calls.h"

#include "kernel/cap/file_object.c"
#include "lib/bits.h"

enum { CONTENT = 300000, PART = 16 * 4096 };

static uint8_t content[CONTENT], memory[CONTENT + 16];
static size_t size, calls, largest;
static int64_t charged; /* pages, while it is read */
static struct fs_node node;
static int64_t fails_with; /* behind: */
static uint64_t fails_at;
static bool appended, is_set, synced;
static uint64_t set_size;

static int64_t op_read(struct fs_node *file, uint64_t offset, void *data, size_t bytes)
{
	CU_ASSERT(file == &node && bytes > 0);
	charged = world.charged;
	calls++;
	largest = bytes > largest ? bytes : largest;
	if (fails_with != 0 && offset >= fails_at)
		return fails_with;
	if (offset >= size)
		return 0;
	bytes = bytes < size - offset ? bytes : size - offset;
	memcpy(data, content + offset, bytes);
	return (int64_t)bytes;
}

static int64_t op_write(struct fs_node *file, uint64_t offset, const void *data, size_t bytes, bool append)
{
	CU_ASSERT(file == &node && bytes > 0);
	calls++;
	largest = bytes > largest ? bytes : largest;
	if (fails_with != 0 && offset >= fails_at)
		return fails_with;
	memcpy(content + offset, data, bytes);
	appended = append;
	return (int64_t)bytes;
}

static status_t op_set(struct fs_node *file, uint32_t what, const struct fs_stat *values)
{
	CU_ASSERT(file == &node && what == FS_SET_SIZE);
	is_set = true;
	set_size = values->size;
	return STATUS_OK;
}

static status_t op_sync(struct fs_node *file)
{
	CU_ASSERT_PTR_EQUAL(file, &node);
	synced = true;
	return STATUS_EIO;
}

static status_t op_stat(struct fs_node *file, struct fs_stat *out)
{
	CU_ASSERT_PTR_EQUAL(file, &node);
	*out = (struct fs_stat){ .type = FS_FILE, .id = 5, .size = 6, .permissions = 0644, .links = 1 };
	return STATUS_OK;
}

/* What a pattern has at a place. */
static uint8_t at(uint64_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

static void begin(unsigned workers)
{
	the_ops = (struct fs_ops){ .read = op_read, .write = op_write, .set = op_set, .sync = op_sync, .stat = op_stat };
	fs_begin(&node, workers, memory, 0);
	calls = largest = 0;
	size = CONTENT;
	fails_with = 0;
	appended = is_set = synced = false;
}

/* What a call comes to, in whatever file system. */
static int64_t outcome(int64_t result)
{
	if (result != CAP_PENDING)
		return result;
	CU_ASSERT_NOT_EQUAL(the_fs.workers, 0); /* what never sleeps is not waited for */
	job_do();
	CU_ASSERT(world.finished == world.begun && world.finished_with == 0);
	return fs_settle_one(NULL);
}

static int64_t do_read(uint64_t offset, uint32_t bytes)
{
	world.submission.result_len = bytes;
	return outcome(file_read(&world.call, &(struct capos_file_read){ .offset = offset }));
}

static int64_t do_write(uint64_t offset, uint64_t bytes, uint32_t flags)
{
	const struct capos_file_write params = { .data = (uint64_t)memory, .bytes = bytes, .offset = offset, .flags = flags };

	return outcome(file_write(&world.call, &params));
}

static const uint32_t lengths[] = { 0, 1, 1023, 1024, 1025, 4095, 4096, 4097, 8192, 8193, PART - 1, PART, PART + 1, 2 * PART, 200000 };

static void what_is_read_is_what_there_is(void)
{
	for (unsigned i = 0; i < 2 * ARRAY_LEN(lengths); i++) {
		uint32_t bytes = lengths[i / 2];

		begin(i % 2);
		for (unsigned j = 0; j < CONTENT; j++)
			content[j] = at(j);
		memset(memory, 0, sizeof(memory));
		CU_ASSERT_EQUAL(do_read(3, bytes), bytes);
		CU_ASSERT(memcmp(memory, content + 3, bytes) == 0 && memory[bytes] == 0);
		/* One part for what fits one; and no part is larger than there is memory for, or than asked for. */
		CU_ASSERT_EQUAL(calls, bytes == 0 ? 0 : i % 2 == 1 ? 1 : (bytes + PART - 1) / PART);
		CU_ASSERT_EQUAL(largest, i % 2 == 0 && bytes > PART ? PART : bytes);
		if (bytes > 0)
			CU_ASSERT_EQUAL(charged, i % 2 == 0 || bytes <= 1024 ? 0 : 1 << page_order_for(bytes));
		size = 10;
		CU_ASSERT_EQUAL(do_read(4, bytes), bytes < 6 ? bytes : 6);
		CU_ASSERT_EQUAL(do_read(10, bytes), 0);
		fs_end();
	}
}

static void what_is_written_is_there(void)
{
	for (unsigned i = 0; i < 2 * ARRAY_LEN(lengths); i++) {
		uint32_t bytes = lengths[i / 2];

		begin(i % 2);
		memset(content, 0, sizeof(content));
		for (unsigned j = 0; j < CONTENT; j++)
			memory[j] = at(j);
		CU_ASSERT_EQUAL(do_write(5, bytes, 0), bytes);
		CU_ASSERT(memcmp(memory, content + 5, bytes) == 0 && content[4] == 0 && content[5 + bytes] == 0);
		CU_ASSERT_FALSE(appended);
		CU_ASSERT_EQUAL(calls, bytes == 0 ? 0 : i % 2 == 1 ? 1 : (bytes + PART - 1) / PART);
		fs_end();
	}
}

static void pages_are_as_many_as_the_transfer_needs(void)
{
	begin(0);
	largest_order = 1; /* no more than two in a row */
	CU_ASSERT_EQUAL(do_read(0, 8192), 8192);
	CU_ASSERT_EQUAL(do_read(0, 8193), STATUS_ENOMEM);
	largest_order = 4; /* a larger transfer goes through as many as there may be, again and again */
	CU_ASSERT_EQUAL(do_read(0, 200000), 200000);
	opened.object.holds = 0; /* its last capability has just gone */
	CU_ASSERT_EQUAL(do_read(0, 1), STATUS_EBADF);
	opened.object.holds = 1;
	fs_end();
	/* One that waits has them all at once, or as many as there are. */
	begin(1);
	CU_ASSERT_EQUAL(do_read(0, PART), PART);
	largest_order = 1;
	CU_ASSERT_EQUAL(do_read(0, PART), 8192);
	largest_order = 20;
	world.pages_left = 3;
	CU_ASSERT_EQUAL(do_read(0, PART), 8192);
	CU_ASSERT_EQUAL(do_write(0, PART, 0), 8192);
	CU_ASSERT_EQUAL(do_read(0, 4096), 4096);
	world.pages_left = 0;
	CU_ASSERT_EQUAL(do_read(0, PART), STATUS_ENOMEM);
	fs_end();
}

static void what_was_done_before_an_error_counts(void)
{
	for (unsigned write = 0; write < 2; write++) {
		begin(0);
		fails_with = STATUS_EIO;
		fails_at = PART;
		CU_ASSERT_EQUAL(write ? do_write(0, 2 * PART, 0) : do_read(0, 2 * PART), PART);
		fails_at = 0;
		CU_ASSERT_EQUAL(write ? do_write(0, 2 * PART, 0) : do_read(0, 2 * PART), STATUS_EIO);
		fails_with = 0;
		world.bad_va = (uint64_t)memory + PART + 1;
		CU_ASSERT_EQUAL(write ? do_write(0, 2 * PART, 0) : do_read(0, 2 * PART), PART);
		CU_ASSERT_EQUAL(world.faults, 1);
		world.bad_va = (uint64_t)memory;
		CU_ASSERT_EQUAL(write ? do_write(0, 10, 0) : do_read(0, 10), STATUS_EFAULT);
		fs_end();
		begin(1);
		world.bad_va = (uint64_t)memory;
		CU_ASSERT_EQUAL(write ? do_write(0, 10, 0) : do_read(0, 10), STATUS_EFAULT);
		world.no_operation = true;
		CU_ASSERT_EQUAL(do_read(0, 10), STATUS_ENOMEM);
		fs_end();
	}
}

static void offsets_end_where_sizes_do(void)
{
	for (unsigned workers = 0; workers < 2; workers++) {
		begin(workers);
		CU_ASSERT_EQUAL(do_read((uint64_t)INT64_MAX + 1, 1), STATUS_EINVAL);
		CU_ASSERT_EQUAL(do_read(INT64_MAX, 1), 0);
		CU_ASSERT_EQUAL(do_write(INT64_MAX, 1, 0), STATUS_EFBIG);
		CU_ASSERT_EQUAL(do_write(0, 1, 2), STATUS_EINVAL);
		fails_with = 1; /* a byte of what is asked for */
		fails_at = INT64_MAX - 5;
		CU_ASSERT_EQUAL(do_write(INT64_MAX - 5, 10, 0), 1);
		CU_ASSERT_EQUAL(largest, 5);
		CU_ASSERT_EQUAL(do_write(UINT64_MAX, 10, CAPOS_FILE_APPEND), 10); /* at the end, whatever the offset says */
		CU_ASSERT_TRUE(appended);
		appended = false;
		opened.append = true;
		CU_ASSERT_EQUAL(do_write(0, 10, 0), 10);
		CU_ASSERT_TRUE(appended);
		CU_ASSERT_EQUAL(file_set_size(&world.call, &(struct capos_file_set_size){ .size = 1 }), STATUS_EPERM);
		the_fs.read_only = true;
		CU_ASSERT_EQUAL(do_write(0, 10, 0), STATUS_EROFS);
		the_fs.read_only = false;
		the_ops.write = NULL;
		CU_ASSERT_EQUAL(do_write(0, 10, 0), STATUS_ENOTSUP);
		fs_end();
	}
}

static void a_file_is_looked_at_set_and_synced(void)
{
	struct capos_file_stat_result stat;

	for (unsigned workers = 0; workers < 2; workers++) {
		begin(workers);
		world.submission.result = (uint64_t)&stat;
		world.submission.result_len = sizeof(stat);
		CU_ASSERT_EQUAL(outcome(file_stat(&world.call)), STATUS_OK);
		CU_ASSERT(stat.id == 5 && stat.size == 6 && stat.permissions == 0644 && stat.type == CAPOS_DIR_TYPE_FILE);
		CU_ASSERT_EQUAL(outcome(file_set_size(&world.call, &(struct capos_file_set_size){ .size = 77 })), STATUS_OK);
		CU_ASSERT(is_set && set_size == 77);
		CU_ASSERT_EQUAL(outcome(file_sync(&world.call)), STATUS_EIO);
		CU_ASSERT_TRUE(synced);
		fs_end();
	}
}

/* What only looks is done at once where that needs no waiting; what would wait is done by a worker. */
static void what_lies_in_memory_is_not_waited_for(void)
{
	begin(1);
	at_once = true;
	CU_ASSERT_EQUAL(do_read(0, 100), 100);
	CU_ASSERT_EQUAL(world.begun, 0);
	fails_with = STATUS_EAGAIN;
	fails_at = 0;
	world.submission.result_len = 100;
	CU_ASSERT_EQUAL(file_read(&world.call, &(struct capos_file_read){ .offset = 0 }), CAP_PENDING);
	fails_with = 0;
	CU_ASSERT_EQUAL(outcome(CAP_PENDING), 100);
	CU_ASSERT_EQUAL(do_write(0, 10, 0), 10); /* it does not only look */
	CU_ASSERT_EQUAL(world.begun, 2);
	fs_end();
}

static void what_nobody_waits_for_any_more_is_not_begun(void)
{
	begin(1);
	world.submission.result_len = 100;
	CU_ASSERT_EQUAL(file_read(&world.call, &(struct capos_file_read){ .offset = 0 }), CAP_PENDING);
	CU_ASSERT_TRUE(operation_claim(&world.operation)); /* out of time */
	world.operation.withdraw(&world.operation);
	job_do();
	CU_ASSERT(calls == 0 && world.finished == 0);
	fs_end();
	begin(1);
	CU_ASSERT_EQUAL(file_read(&world.call, &(struct capos_file_read){ .offset = 0 }), CAP_PENDING);
	job_do();
	world.operation.lost(&world.operation); /* its rings have closed */
	fs_end();
	begin(1);
	CU_ASSERT_EQUAL(file_read(&world.call, &(struct capos_file_read){ .offset = 0 }), CAP_PENDING);
	CU_ASSERT_TRUE(operation_claim(&world.operation)); /* by its time limit, while it is carried out */
	job_do();
	CU_ASSERT_EQUAL(world.finished, 0);
	world.operation.withdraw(&world.operation);
	fs_end();
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_is_read_is_what_there_is),
	UNIT_CASE(what_is_written_is_there),
	UNIT_CASE(pages_are_as_many_as_the_transfer_needs),
	UNIT_CASE(what_was_done_before_an_error_counts),
	UNIT_CASE(offsets_end_where_sizes_do),
	UNIT_CASE(a_file_is_looked_at_set_and_synced),
	UNIT_CASE(what_lies_in_memory_is_not_waited_for),
	UNIT_CASE(what_nobody_waits_for_any_more_is_not_begun),
};

UNIT_MAIN("kernel/cap/file_object", cases)
