// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/log_filter.h"

#include <stddef.h>

#include "lib/bits.h"
#include "lib/cmdline.h"
#include "lib/string.h"

static const char *const level_names[LOG_LEVELS] = { "error", "warn", "info", "debug", "trace" };
static const char *const component_names[LOG_COMPONENTS] = {
	"boot", "memory", "sched", "trust", "proc", "cap", "app", "net", "linux",
};

const char *log_component_name(enum log_component component)
{
	return component_names[component];
}

void log_filter_init(struct log_filter *filter, enum log_level level)
{
	memset(filter->level, (int)level, sizeof(filter->level));
}

/* Index of `word` among `names`, or `count`. */
static size_t name_find(const char *const *names, size_t count, struct span word)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == word.len && memcmp(names[i], word.data, word.len) == 0)
			return i;
	return count;
}

static bool item_apply(struct log_filter *filter, struct span item)
{
	char between = memchr(item.data, ':', item.len) != NULL ? ':' : '='; /* linux:trace is the same as linux=trace */
	struct span rest = item;
	struct span first;
	struct span second;

	if (!cmdline_next_item(&rest, between, &first))
		return false;
	if (!cmdline_next_item(&rest, between, &second)) {
		size_t level = name_find(level_names, LOG_LEVELS, first);

		if (level == LOG_LEVELS)
			return false;
		log_filter_init(filter, (enum log_level)level);
		return true;
	}

	size_t component = name_find(component_names, LOG_COMPONENTS, first);
	size_t level = name_find(level_names, LOG_LEVELS, second);

	if (component == LOG_COMPONENTS || level == LOG_LEVELS || rest.len > 0)
		return false;
	filter->level[component] = (uint8_t)level;
	return true;
}

struct span log_filter_parse(struct log_filter *filter, struct span text)
{
	struct span bad = { 0 };
	struct span item;

	while (cmdline_next_item(&text, ',', &item))
		if (!item_apply(filter, item) && bad.len == 0)
			bad = item;
	return bad;
}
