// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Files as capabilities over file systems that never sleep, and over one whose reads and writes sleep until the test lets them go on. */
#include "capos/abi/dir.h"
#include "capos/abi/file.h"
#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "kernel/cap/fs_object.h"
#include "kernel/cap/grant.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap.h"
#include "kernel/core/page.h"
#include "kernel/core/smp.h"
#include "kernel/core/wait.h"
#include "kernel/io/fs/service.h"
#include "kernel/io/fs/tmp.h"
#include "kernel/ring_methods.h"
#include "lib/string.h"
#include "tests/guest/caller.h"
#include "tests/guest/guest.h"

#define MS 1000000ul

enum {
	TMP_BYTES = 512 << 10,
	RIGHTS = CAPOS_DIR_RIGHT_READ | CAPOS_DIR_RIGHT_WRITE | CAPOS_DIR_RIGHT_CREATE | CAPOS_DIR_RIGHT_LIST,
	WORKERS = 2,
	/* Of the process's page: */
	AT_PARAMS = 2304,
	PARAMS_EACH = 64,
	PARAMS_COUNT = 8,
	AT_PATH = 2816,
	AT_DATA = 3072,
	DATA_BYTES = 1024,
};

static struct caller caller;
static capos_cap_t root;
static struct fs *fs;
static struct fs_service *service;
static unsigned params_at;

/* The file system that sleeps: /tmp's, with a gate before reads and writes. */
static struct fs_ops slow_ops;
static const struct fs_ops *tmp_ops;
static struct wait_queue gate;
static bool gate_is_open;
static unsigned began, ended;

static void gate_pass(void)
{
	began++;
	while (!gate_is_open)
		(void)wait_queue_sleep(&gate, WAIT_FOREVER);
	ended++;
}

static int64_t slow_read(struct fs_node *file, uint64_t offset, void *data, size_t bytes)
{
	gate_pass();
	return tmp_ops->read(file, offset, data, bytes);
}

static int64_t slow_write(struct fs_node *file, uint64_t offset, const void *data, size_t bytes, bool append)
{
	gate_pass();
	return tmp_ops->write(file, offset, data, bytes, append);
}

static status_t slow_create(struct fs_node *directory, struct span name, enum fs_type type, uint16_t permissions, struct fs_node **out)
{
	gate_pass();
	return tmp_ops->create(directory, name, type, permissions, out);
}

static void gate_open(void)
{
	gate_is_open = true;
	wait_queue_wake(&gate);
}

static void slow_make(void)
{
	tmp_ops = fs->ops;
	slow_ops = *fs->ops;
	slow_ops.read = slow_read;
	slow_ops.write = slow_write;
	slow_ops.create = slow_create;
	fs->ops = &slow_ops;
	fs->workers = WORKERS;
	wait_queue_init(&gate);
	gate_is_open = true;
	began = 0;
	ended = 0;
}

static status_t begin(bool slow, unsigned cpu)
{
	status_t status = caller_begin(&caller);
	struct process *process = caller.user.process;
	struct object *object;

	if (status == STATUS_OK)
		status = tmp_mount(process->budget, TMP_BYTES, cpu, &fs);
	if (status != STATUS_OK)
		return status;
	if (slow)
		slow_make();
	status = fs_service_start(fs, tmp_unmount, &service);
	if (status != STATUS_OK)
		return status;
	object = fs_object_root(service, process->budget);
	return object != NULL ? grant_new(&process->capset, object, RIGHTS, "/tmp", &root) : STATUS_ENOMEM;
}

/* Runs a claim, after which all memory is back. */
static const char *with_files(const char *(*claim)(void), bool slow, unsigned cpu)
{
	uint64_t before;
	const char *why;

	object_settle();
	kheap_trim();
	before = page_free_count();
	GUEST_CHECK(begin(slow, cpu) == STATUS_OK);
	why = claim();
	caller_end(&caller);
	if (slow)
		gate_open();
	fs_settle();
	object_settle();
	fs_settle();
	fs_service_stop(service);
	fs_service_put(service);
	object_settle();
	for (unsigned i = 0; i < 4; i++)
		fiber_yield(); /* the workers' fibers go */
	kheap_trim();
	if (why == NULL)
		GUEST_CHECK(page_free_count() == before);
	return why;
}

/* Submits a call of a method of dir or file. Room for results: the page's data. */
static void submit(capos_cap_t cap, uint16_t method, const void *params, uint32_t bytes, uint32_t room, uint64_t user_data, uint64_t timeout_ns)
{
	uint32_t at = AT_PARAMS + params_at++ % PARAMS_COUNT * PARAMS_EACH;

	memcpy(caller.page + at, params, bytes);
	caller_submit(&caller, (struct capos_submission){ .cap = cap, .method = method, .params = CALLER_VA + at, .params_len = bytes,
							  .result = CALLER_VA + AT_DATA, .result_len = room, .user_data = user_data,
							  .timeout_ns = timeout_ns }, NULL, 0);
}

static int64_t call(capos_cap_t cap, uint16_t method, const void *params, uint32_t bytes, uint32_t room, capos_cap_t *new_cap)
{
	struct capos_completion completion;

	submit(cap, method, params, bytes, room, 0, 0);
	if (!caller_run(&caller) || !caller_take(&caller, &completion))
		return INT64_MIN;
	if (new_cap != NULL)
		*new_cap = completion.new_cap;
	return completion.result;
}

static struct capos_dir_open open_params(const char *path, uint32_t flags)
{
	size_t len = strlen(path);

	memcpy(caller.page + AT_PATH, path, len);
	return (struct capos_dir_open){ .path = CALLER_VA + AT_PATH, .path_bytes = (uint32_t)len, .flags = flags, .rights = CAPOS_DIR_RIGHTS_ALL,
					.permissions = 0644 };
}

static int64_t open(const char *path, uint32_t flags, capos_cap_t *file)
{
	struct capos_dir_open params = open_params(path, flags);

	return call(root, CAPOS_DIR_OPEN, &params, sizeof(params), 0, file);
}

static struct capos_file_write write_params(const char *text, uint64_t offset)
{
	size_t len = strlen(text);

	memcpy(caller.page + AT_DATA, text, len);
	return (struct capos_file_write){ .data = CALLER_VA + AT_DATA, .bytes = len, .offset = offset };
}

static int64_t write(capos_cap_t file, const char *text, uint64_t offset)
{
	struct capos_file_write params = write_params(text, offset);

	return call(file, CAPOS_FILE_WRITE, &params, sizeof(params), 0, NULL);
}

static int64_t read(capos_cap_t file, uint64_t offset)
{
	const struct capos_file_read params = { .offset = offset };

	memset(caller.page + AT_DATA, 0, DATA_BYTES);
	return call(file, CAPOS_FILE_READ, &params, sizeof(params), DATA_BYTES, NULL);
}

static bool data_is(const char *text)
{
	return memcmp(caller.page + AT_DATA, text, strlen(text)) == 0;
}

static const char *writes_and_reads(void)
{
	capos_cap_t file = CAPOS_CAP_NONE;

	GUEST_CHECK(open("a", 0, &file) == STATUS_ENOENT);
	GUEST_CHECK(open("a", CAPOS_DIR_CREATE, &file) == 0 && file != CAPOS_CAP_NONE);
	GUEST_CHECK(write(file, "hello", 3) == 5);
	GUEST_CHECK(read(file, 0) == 8 && memcmp(caller.page + AT_DATA, "\0\0\0hello", 8) == 0);
	GUEST_CHECK(read(file, 8) == 0 && read(file, UINT64_MAX) == STATUS_EINVAL);
	GUEST_CHECK(write(file, "x", UINT64_MAX) == STATUS_EFBIG);
	return NULL;
}

static const char *what_is_written_is_read(void)
{
	return with_files(writes_and_reads, false, 0);
}

static const char *what_is_written_is_read_through_workers(void)
{
	return with_files(writes_and_reads, true, 0);
}

static const char *what_is_written_is_read_from_another_cpu(void)
{
	return smp_online() > 1 ? with_files(writes_and_reads, false, 1) : NULL;
}

static const char *sleeps(void)
{
	const struct capos_file_read params = { .offset = 0 };
	const struct capos_submission nop = { .cap = caller_cap(&caller, "ring"), .method = CAPOS_RING_NOP, .user_data = 2 };
	struct capos_completion completion;
	capos_cap_t file;

	GUEST_CHECK(open("a", CAPOS_DIR_CREATE, &file) == 0 && write(file, "hello", 0) == 5);
	gate_is_open = false;
	submit(file, CAPOS_FILE_READ, &params, sizeof(params), DATA_BYTES, 1, 0);
	caller_submit(&caller, nop, NULL, 0);
	GUEST_CHECK(caller_run(&caller) && caller_take(&caller, &completion) && completion.user_data == 2);
	gate_open();
	GUEST_CHECK(caller_take(&caller, &completion) && completion.user_data == 1 && completion.result == 5 && data_is("hello"));
	return NULL;
}

static const char *a_file_system_that_sleeps_holds_up_nothing_else(void)
{
	return with_files(sleeps, true, 0);
}

static const char *overtakes(void)
{
	const struct capos_ring_cancel params = { .user_data = 7 };
	struct capos_file_write hello;
	struct capos_completion completion;
	unsigned cancelled = 0;
	capos_cap_t file;

	GUEST_CHECK(open("a", CAPOS_DIR_CREATE, &file) == 0);
	began = 0;
	gate_is_open = false;
	hello = write_params("hello", 0);
	for (unsigned i = 0; i < 5; i++)
		submit(file, CAPOS_FILE_WRITE, &hello, sizeof(hello), 0, 7, 0);
	GUEST_CHECK(caller_run(&caller));
	for (unsigned i = 0; i < 4; i++)
		fiber_yield();
	GUEST_CHECK(began == WORKERS);
	submit(caller_cap(&caller, "ring"), CAPOS_RING_CANCEL, &params, sizeof(params), 0, 8, 0);
	for (unsigned i = 0; i < 6; i++) {
		GUEST_CHECK(caller_take(&caller, &completion));
		GUEST_CHECK(completion.result == (completion.user_data == 8 ? 5 : STATUS_ECANCELED));
		cancelled += completion.user_data == 7;
	}
	GUEST_CHECK(cancelled == 5);
	gate_open();
	fs_settle();
	GUEST_CHECK(began == WORKERS); /* the others were not begun */
	GUEST_CHECK(read(file, 0) == 5 && data_is("hello"));
	return NULL;
}

static const char *what_is_cancelled_is_not_begun_or_runs_to_its_end(void)
{
	return with_files(overtakes, true, 0);
}

static const char *times_out(void)
{
	const struct capos_file_read params = { .offset = 0 };
	struct capos_completion completion;
	capos_cap_t file;

	GUEST_CHECK(open("a", CAPOS_DIR_CREATE, &file) == 0 && write(file, "hello", 0) == 5);
	gate_is_open = false;
	submit(file, CAPOS_FILE_READ, &params, sizeof(params), DATA_BYTES, 1, 5 * MS);
	GUEST_CHECK(caller_take(&caller, &completion) && completion.result == STATUS_ETIMEDOUT);
	GUEST_CHECK(ended == began - 1);
	return NULL; /* it still sleeps when its process goes */
}

static const char *a_time_limit_ends_a_read_that_sleeps(void)
{
	return with_files(times_out, true, 0);
}

static const char *leaves(void)
{
	const struct capos_file_read read_it = { .offset = 0 };
	struct capos_file_write write_it;
	struct capos_dir_open open_it;
	capos_cap_t file;

	GUEST_CHECK(open("a", CAPOS_DIR_CREATE, &file) == 0);
	gate_is_open = false;
	write_it = write_params("hello", 0);
	for (unsigned i = 0; i < 20; i++) {
		submit(file, CAPOS_FILE_READ, &read_it, sizeof(read_it), DATA_BYTES, 1, 0);
		submit(file, CAPOS_FILE_WRITE, &write_it, sizeof(write_it), 0, 1, 0);
		GUEST_CHECK(caller_run(&caller));
	}
	open_it = open_params("b", CAPOS_DIR_CREATE);
	submit(root, CAPOS_DIR_OPEN, &open_it, sizeof(open_it), 0, 1, 0);
	GUEST_CHECK(caller_run(&caller));
	return NULL;
}

static const char *a_process_that_ends_amid_requests_leaves_nothing(void)
{
	return with_files(leaves, true, 0);
}

/* What has completed but was not taken when the process goes: the capability, too, is gone. */
static const char *leaves_done(void)
{
	struct capos_dir_open open_it = open_params("b", CAPOS_DIR_CREATE);

	submit(root, CAPOS_DIR_OPEN, &open_it, sizeof(open_it), 0, 1, 0);
	GUEST_CHECK(caller_run(&caller));
	fs_settle();
	return NULL;
}

static const char *a_file_that_was_opened_for_a_process_that_ended_is_closed(void)
{
	return with_files(leaves_done, true, 0);
}

/* Leaves the process `pages`; tells how many it has lost. */
static uint64_t pages_take(uint64_t pages)
{
	struct budget *budget = caller.user.process->budget;
	uint64_t taken = budget_left(budget) - pages;

	return budget_charge(budget, taken) ? taken : 0;
}

static const char *starves(uint64_t *taken)
{
	const struct capos_file_read params = { .offset = 0 };
	const struct capos_dir_stat stat = { .path = CALLER_VA + AT_PATH, .path_bytes = 1 };
	struct capos_completion completion;
	uint64_t used;
	capos_cap_t file;

	GUEST_CHECK(open("a", CAPOS_DIR_CREATE, &file) == 0 && write(file, "hello", 0) == 5);
	*taken = pages_take(4);
	/* A megabyte is asked for: the file is read all the same. */
	submit(file, CAPOS_FILE_READ, &params, sizeof(params), 1 << 20, 1, 0);
	GUEST_CHECK(caller_take(&caller, &completion) && completion.result == 5 && data_is("hello"));
	*taken += pages_take(0);
	used = atomic_load(&caller.user.process->budget->used);
	for (unsigned i = 0; i < 64; i++) {
		int64_t result = call(root, CAPOS_DIR_STAT, &stat, sizeof(stat), DATA_BYTES, NULL);

		GUEST_CHECK(result == 0 || result == STATUS_ENOMEM);
	}
	GUEST_CHECK(read(file, 0) == STATUS_ENOMEM || data_is("hello"));
	GUEST_CHECK(atomic_load(&caller.user.process->budget->used) == used);
	return NULL;
}

static const char *has_little(void)
{
	uint64_t taken = 0;
	const char *why = starves(&taken);

	budget_credit(caller.user.process->budget, taken);
	return why;
}

static const char *a_process_without_memory_gets_less_or_an_error(void)
{
	return with_files(has_little, true, 0);
}

/* What the file system keeps of a file for who has it open is not for nothing, or many files would take what memory nobody was given. */
static const char *opens_many(void)
{
	const struct budget *budget = caller.user.process->budget;
	capos_cap_t file;
	uint64_t left;

	GUEST_CHECK(open("a", CAPOS_DIR_CREATE, &file) == 0 && grant_drop(&caller.user.process->capset, file) == STATUS_OK);
	object_settle();
	fs_settle();
	left = budget_left(budget);
	fs->node_bytes = 3 * HAL_PAGE_BYTES;
	GUEST_CHECK(open("a", 0, &file) == 0 && budget_left(budget) <= left - 3);
	fs->node_bytes = (uint32_t)(left * HAL_PAGE_BYTES);
	GUEST_CHECK(open("a", 0, NULL) == STATUS_ENOMEM);
	GUEST_CHECK(grant_drop(&caller.user.process->capset, file) == STATUS_OK);
	object_settle();
	fs_settle();
	GUEST_CHECK(budget_left(budget) == left);
	return NULL;
}

static const char *nodes_that_are_held_are_charged(void)
{
	return with_files(opens_many, true, 0);
}

static const struct guest_test tests[] = {
	{ "what_is_written_is_read", what_is_written_is_read },
	{ "what_is_written_is_read_through_workers", what_is_written_is_read_through_workers },
	{ "what_is_written_is_read_from_another_cpu", what_is_written_is_read_from_another_cpu },
	{ "a_file_system_that_sleeps_holds_up_nothing_else", a_file_system_that_sleeps_holds_up_nothing_else },
	{ "what_is_cancelled_is_not_begun_or_runs_to_its_end", what_is_cancelled_is_not_begun_or_runs_to_its_end },
	{ "a_time_limit_ends_a_read_that_sleeps", a_time_limit_ends_a_read_that_sleeps },
	{ "a_process_that_ends_amid_requests_leaves_nothing", a_process_that_ends_amid_requests_leaves_nothing },
	{ "a_file_that_was_opened_for_a_process_that_ended_is_closed", a_file_that_was_opened_for_a_process_that_ended_is_closed },
	{ "nodes_that_are_held_are_charged", nodes_that_are_held_are_charged },
	{ "a_process_without_memory_gets_less_or_an_error", a_process_without_memory_gets_less_or_an_error },
};

const struct guest_table files_tests = { tests, sizeof(tests) / sizeof(tests[0]) };
