// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Which lines the log lets through: a level a component. Pure. */
#ifndef KERNEL_CORE_LOG_FILTER_H
#define KERNEL_CORE_LOG_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/span.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
	LOG_TRACE,
	LOG_LEVELS,
};

enum log_component {
	LOG_BOOT,
	LOG_MEMORY,
	LOG_SCHED,
	LOG_TRUST,
	LOG_PROC,
	LOG_CAP,
	LOG_APP, /* what processes write by their capability */
	LOG_NET,
	LOG_LINUX,
	LOG_COMPONENTS,
};

struct log_filter {
	uint8_t level[LOG_COMPONENTS]; /* the least important enum log_level that passes */
};

/* "boot", "memory", ... */
const char *log_component_name(enum log_component component);

/* Everything up to `level` for every component. */
void log_filter_init(struct log_filter *filter, enum log_level level);

/*
 * Applies `<level>` and `<component>=<level>` items, separated by commas, in order. Returns the first item that names no known
 * level or component, empty where all were understood; the others are applied all the same.
 */
struct span log_filter_parse(struct log_filter *filter, struct span text);

static inline bool log_filter_passes(const struct log_filter *filter, enum log_component component, enum log_level level)
{
	return level <= filter->level[component];
}

#endif
