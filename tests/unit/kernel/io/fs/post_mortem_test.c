// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is put where at a panic, with the log, the panic and the places played by the test. */
#include "kernel/io/fs/post_mortem.c"

#include <stdlib.h>

#include "tests/unit/unit.h"

const struct build_stamp build_stamp = { .version = "1.2.3", .commit = "abc" };

static const struct panic_witness *told;
static char console[1024], put_text[2][POST_MORTEM_BYTES];
static size_t put_len[2], log_line_bytes;
static unsigned log_lines, pages;
static status_t put_status;
static bool memory_is_out;
static struct fs places_there[3];

uint64_t page_alloc(unsigned order)
{
	void *at;

	CU_ASSERT_EQUAL(order, 3);
	if (memory_is_out)
		return 0;
	pages++;
	at = aligned_alloc(HAL_PAGE_BYTES, HAL_PAGE_BYTES << order);
	memset(at, 0xee, HAL_PAGE_BYTES << order);
	return hal_direct_pa(at);
}

void page_free(uint64_t pa, unsigned order)
{
	CU_ASSERT_EQUAL(order, 3);
	pages--;
	free(hal_direct_va(pa));
}

void panic_tell(const struct panic_witness *witness_now)
{
	told = witness_now;
}

void log_replay(void (*each)(const char *line, size_t len))
{
	static char line[POST_MORTEM_BYTES];

	memset(line, 'l', sizeof(line));
	for (unsigned i = 0; i < log_lines; i++)
		each(line, log_line_bytes);
}

void hal_console_write(const char *text, size_t len)
{
	strncat(console, text, len);
}

static status_t put(struct fs *fs, struct span text)
{
	unsigned at = (unsigned)(fs - places_there);

	/* All of the file's room is the place's to write. */
	memcpy(put_text[at], text.data, POST_MORTEM_BYTES);
	put_len[at] = text.len;
	return at == 0 ? STATUS_OK : put_status;
}

static void begin(unsigned count)
{
	static const char *const names[] = { "/host", "/data", "/more" };

	post_mortem_end();
	CU_ASSERT(pages == 0 && told == NULL);
	memset(console, 0, sizeof(console));
	memset(put_text, 0, sizeof(put_text));
	log_lines = 2;
	log_line_bytes = 5;
	put_status = STATUS_OK;
	for (unsigned i = 0; i < count; i++)
		CU_ASSERT_EQUAL(post_mortem_begin(&(struct post_mortem_place){ names[i], &places_there[i], put }), STATUS_OK);
}

static bool is_zero_behind(unsigned at)
{
	for (size_t i = put_len[at]; i < POST_MORTEM_BYTES; i++)
		if (put_text[at][i] != 0)
			return false;
	return true;
}

static void the_text_is_head_log_and_report(void)
{
	static const char due[] = "post-mortem of rumpk 1.2.3 abc\nlllll\nlllll\npanic: oh\n";

	begin(2);
	CU_ASSERT_FATAL(told != NULL && pages == 1);
	told->write("panic: ", 7);
	told->write("oh\n", 3);
	put_status = STATUS_EIO;
	told->end();
	for (unsigned i = 0; i < 2; i++)
		CU_ASSERT(put_len[i] == sizeof(due) - 1 && memcmp(put_text[i], due, sizeof(due) - 1) == 0 && is_zero_behind(i));
	CU_ASSERT_STRING_EQUAL(console, "post-mortem: /host/post-mortem\npost-mortem: /data/post-mortem: cannot be written: error -5\n");
	/* and what it says of another panic is that one's */
	begin(1);
	told->write("again\n", 6);
	told->end();
	CU_ASSERT_STRING_EQUAL(put_text[0], "post-mortem of rumpk 1.2.3 abc\nlllll\nlllll\nagain\n");
	CU_ASSERT(put_text[1][0] == '\0' && is_zero_behind(0));
}

/* The log's lines leave room for the report; a report that is too long is cut at its end. */
static void what_is_too_long_is_cut(void)
{
	static char report[REPORT_BYTES];
	size_t head = strlen("post-mortem of rumpk 1.2.3 abc\n"), room = POST_MORTEM_BYTES - REPORT_BYTES - head;

	memset(report, 'r', sizeof(report));
	for (unsigned more = 0; more < 2; more++) {
		begin(1);
		log_lines = 1;
		log_line_bytes = room - 1 + more; /* and its end */
		told->write(report, REPORT_BYTES - 1);
		told->write("xy", 2);
		told->write("z", 1);
		told->end();
		CU_ASSERT_EQUAL(put_len[0], POST_MORTEM_BYTES - (more ? room : 0));
		CU_ASSERT(put_text[0][put_len[0] - 1] == 'x' && put_text[0][put_len[0] - 2] == 'r');
		CU_ASSERT(put_text[0][put_len[0] - REPORT_BYTES] == 'r' && put_text[0][put_len[0] - REPORT_BYTES - 1] == '\n');
		CU_ASSERT(is_zero_behind(0));
	}
}

static void places_are_as_many_as_there_is_room_for(void)
{
	struct post_mortem_place third = { "/more", &places_there[2], put }, again = { "/data", &places_there[1], put };

	begin(2);
	CU_ASSERT_EQUAL(post_mortem_begin(&third), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(post_mortem_begin(&again), STATUS_OK);
	told->end();
	CU_ASSERT_STRING_EQUAL(console, "post-mortem: /host/post-mortem\npost-mortem: /data/post-mortem\n");
	begin(1);
	CU_ASSERT(post_mortem_begin(&(struct post_mortem_place){ "/host", &places_there[0], put }) == STATUS_OK && place_count == 1);
	begin(0);
	memory_is_out = true;
	CU_ASSERT(post_mortem_begin(&third) == STATUS_ENOMEM && told == NULL && place_count == 0);
	memory_is_out = false;
}

static const struct unit_case cases[] = {
	UNIT_CASE(the_text_is_head_log_and_report),
	UNIT_CASE(what_is_too_long_is_cut),
	UNIT_CASE(places_are_as_many_as_there_is_room_for),
};
UNIT_MAIN("kernel/io/fs/post_mortem", cases)
