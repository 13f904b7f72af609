// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The report is kept as it is printed, by copying bytes; all that could go wrong comes after its last line: gathering the log's, and the
 * places. So a panic on the way costs the file, and never a line.
 */
#include "kernel/io/fs/post_mortem.h"

#include <assert.h>

#include "hal/contract/console.h"
#include "hal/contract/memory.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/core/version.h"
#include "lib/format.h"
#include "lib/string.h"

enum { ORDER = 3, REPORT_BYTES = 8000, LINE_BYTES = 128 };

static_assert(LINE_BYTES + LOG_KEPT_BYTES + REPORT_BYTES <= POST_MORTEM_BYTES, "all of it fits");

/* The pages, in the direct map. */
struct paper {
	char text[POST_MORTEM_BYTES];
	char report[REPORT_BYTES];
};

static_assert(sizeof(struct paper) <= HAL_PAGE_BYTES << ORDER, "it fits the pages");

static struct paper *paper; /* W: post_mortem_begin, _end; then panics */
static size_t text_len, report_len;
static struct post_mortem_place places[POST_MORTEM_PLACES];
static unsigned place_count;

static void report_keep(const char *text, size_t len)
{
	size_t room = REPORT_BYTES - report_len;

	memcpy(paper->report + report_len, text, len < room ? len : room);
	report_len += len < room ? len : room;
}

static void line_add(const char *line, size_t len)
{
	if (len + 1 > POST_MORTEM_BYTES - REPORT_BYTES - text_len)
		return;
	memcpy(paper->text + text_len, line, len);
	paper->text[text_len + len] = '\n';
	text_len += len + 1;
}

static void text_make(void)
{
	text_len = (size_t)format_print(paper->text, LINE_BYTES, "post-mortem of rumpk %s %s\n", build_stamp.version, build_stamp.commit);
	if (text_len >= LINE_BYTES)
		text_len = LINE_BYTES - 1;
	log_replay(line_add);
	memcpy(paper->text + text_len, paper->report, report_len);
	text_len += report_len;
	memset(paper->text + text_len, 0, POST_MORTEM_BYTES - text_len);
}

static void places_put(void)
{
	char line[LINE_BYTES];

	text_make();
	for (unsigned i = 0; i < place_count; i++) {
		status_t status = places[i].put(places[i].fs, span_of(paper->text, text_len));

		if (status == STATUS_OK)
			(void)format_print(line, sizeof(line), "post-mortem: %s/" POST_MORTEM_NAME "\n", places[i].name);
		else
			(void)format_print(line, sizeof(line), "post-mortem: %s/" POST_MORTEM_NAME ": cannot be written: error %d\n",
					   places[i].name, status);
		hal_console_write(line, strlen(line));
	}
}

static const struct panic_witness witness = { .write = report_keep, .end = places_put };

status_t post_mortem_begin(const struct post_mortem_place *place)
{
	uint64_t pa;

	for (unsigned i = 0; i < place_count; i++)
		if (places[i].fs == place->fs)
			return STATUS_OK;
	if (place_count == POST_MORTEM_PLACES)
		return STATUS_ENOSPC;
	if (paper == NULL) {
		pa = page_alloc(ORDER);
		if (pa == 0)
			return STATUS_ENOMEM;
		paper = hal_direct_va(pa);
		report_len = 0;
	}
	places[place_count++] = *place;
	panic_tell(&witness);
	return STATUS_OK;
}

void post_mortem_end(void)
{
	panic_tell(NULL);
	place_count = 0;
	if (paper != NULL)
		page_free(hal_direct_pa(paper), ORDER);
	paper = NULL;
}
