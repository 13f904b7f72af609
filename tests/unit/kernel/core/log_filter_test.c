// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Which lines pass: each component has its level, and what makes no sense is named, and changes nothing. */
#include "kernel/core/log_filter.h"

#include <string.h>

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

static const char *const levels[LOG_LEVELS] = { "error", "warn", "info", "debug", "trace" };

static struct span text(const char *s)
{
	return span_of(s, strlen(s));
}

static bool is(struct span span, const char *s)
{
	return span.len == strlen(s) && memcmp(span.data, s, span.len) == 0;
}

/* The filter that `s` makes of one that lets warnings through; `*bad` is what it complains about. */
static struct log_filter parsed(const char *s, struct span *bad)
{
	struct log_filter filter;

	log_filter_init(&filter, LOG_WARN);
	*bad = log_filter_parse(&filter, text(s));
	return filter;
}

/* Every component at `level`, but `component` (LOG_COMPONENTS: none of them) at `its`. */
static bool all_at(const struct log_filter *filter, unsigned level, unsigned component, unsigned its)
{
	for (unsigned i = 0; i < LOG_COMPONENTS; i++)
		if (filter->level[i] != (i == component ? its : level))
			return false;
	return true;
}

static void log_filter_passes_what_is_as_important_as_its_level(void)
{
	struct log_filter filter;

	for (unsigned level = 0; level < LOG_LEVELS; level++) {
		log_filter_init(&filter, (enum log_level)level);
		for (unsigned component = 0; component < LOG_COMPONENTS; component++)
			for (unsigned line = 0; line < LOG_LEVELS; line++)
				CU_ASSERT_EQUAL(log_filter_passes(&filter, (enum log_component)component, (enum log_level)line),
						line <= level);
	}
}

static void log_filter_sets_all_components_by_a_lone_level(void)
{
	struct span bad;

	for (unsigned level = 0; level < LOG_LEVELS; level++) {
		struct log_filter filter = parsed(levels[level], &bad);

		CU_ASSERT_EQUAL(bad.len, 0);
		CU_ASSERT(all_at(&filter, level, LOG_COMPONENTS, 0));
	}
}

static void log_filter_sets_each_component_by_its_name(void)
{
	for (unsigned component = 0; component < LOG_COMPONENTS; component++)
		for (unsigned level = 0; level < LOG_LEVELS; level++) {
			struct log_filter filter;
			struct span bad;
			char line[64];

			(void)snprintf(line, sizeof(line), "%s=%s", log_component_name((enum log_component)component), levels[level]);
			filter = parsed(line, &bad);
			CU_ASSERT_EQUAL(bad.len, 0);
			CU_ASSERT(all_at(&filter, LOG_WARN, component, level));
			*strchr(line, '=') = ':'; /* the other way to write it */
			filter = parsed(line, &bad);
			CU_ASSERT_EQUAL(bad.len, 0);
			CU_ASSERT(all_at(&filter, LOG_WARN, component, level));
		}
}

static void log_filter_names_each_component_once(void)
{
	CU_ASSERT_STRING_EQUAL(log_component_name(LOG_BOOT), "boot");
	CU_ASSERT_STRING_EQUAL(log_component_name(LOG_MEMORY), "memory");
	CU_ASSERT_STRING_EQUAL(log_component_name(LOG_CAP), "cap");
	for (unsigned i = 0; i < LOG_COMPONENTS; i++)
		for (unsigned j = 0; j < i; j++)
			CU_ASSERT_STRING_NOT_EQUAL(log_component_name((enum log_component)i),
						   log_component_name((enum log_component)j));
}

static void log_filter_takes_items_in_order(void)
{
	struct span bad;
	struct log_filter filter = parsed("cap=trace,error,sched=debug,sched=info", &bad);

	CU_ASSERT_EQUAL(bad.len, 0);
	CU_ASSERT(all_at(&filter, LOG_ERROR, LOG_SCHED, LOG_INFO));
}

static void log_filter_takes_nothing_from_nothing(void)
{
	static const char *const empty[] = { "", ",", ",,," };

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		struct span bad;
		struct log_filter filter = parsed(empty[i], &bad);

		CU_ASSERT_EQUAL(bad.len, 0);
		CU_ASSERT(all_at(&filter, LOG_WARN, LOG_COMPONENTS, 0));
	}
}

static void log_filter_names_what_it_does_not_know(void)
{
	static const char *const wrong[] = {
		"loud", "inf", "infoo", "Info", "boot", "boot=", "boot=loud", "=", "virtio=debug", "boo=info", "boott=info",
		"info=boot", "boot=info=debug", "boot=inf", "boot=infoo", "info ", " info",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct span bad;
		struct log_filter filter = parsed(wrong[i], &bad);

		CU_ASSERT(is(bad, wrong[i]));
		CU_ASSERT(all_at(&filter, LOG_WARN, LOG_COMPONENTS, 0));
	}
}

static void log_filter_names_the_first_and_applies_the_others(void)
{
	struct span bad;
	struct log_filter filter = parsed("first=x,debug,second,memory=trace", &bad);

	CU_ASSERT(is(bad, "first=x"));
	CU_ASSERT(all_at(&filter, LOG_DEBUG, LOG_MEMORY, LOG_TRACE));
}

/* Whatever comes, levels stay levels and what is named lies in the text. */
static void log_filter_stands_any_text(void)
{
	static const char alphabet[] = "bootinfcapdegwrm=,, \0\xff";
	struct random random = random_start(7);

	for (unsigned round = 0; round < 20000; round++) {
		size_t len = random_below(&random, 40);
		char *line = malloc(len > 0 ? len : 1); /* of its own, so that a read past its end is seen */
		struct log_filter filter;
		struct span bad;

		CU_ASSERT_PTR_NOT_NULL_FATAL(line);
		for (size_t i = 0; i < len; i++)
			line[i] = alphabet[random_below(&random, sizeof(alphabet) - 1)];
		log_filter_init(&filter, LOG_INFO);
		bad = log_filter_parse(&filter, span_of(line, len));
		CU_ASSERT(bad.len == 0 || (bad.data >= (uint8_t *)line && bad.data + bad.len <= (uint8_t *)line + len));
		for (unsigned i = 0; i < LOG_COMPONENTS; i++)
			CU_ASSERT(filter.level[i] < LOG_LEVELS);
		free(line);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(log_filter_passes_what_is_as_important_as_its_level),
	UNIT_CASE(log_filter_sets_all_components_by_a_lone_level),
	UNIT_CASE(log_filter_sets_each_component_by_its_name),
	UNIT_CASE(log_filter_names_each_component_once),
	UNIT_CASE(log_filter_takes_items_in_order),
	UNIT_CASE(log_filter_takes_nothing_from_nothing),
	UNIT_CASE(log_filter_names_what_it_does_not_know),
	UNIT_CASE(log_filter_names_the_first_and_applies_the_others),
	UNIT_CASE(log_filter_stands_any_text),
};

UNIT_MAIN("kernel/core/log_filter", cases)
