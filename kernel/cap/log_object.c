// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Lines that log= filters by their level, under the component "app". */
#include "kernel/cap/objects.h"
#include "kernel/cap/process_text.h"
#include "kernel/core/log.h"
#include "kernel/log_methods.h"
#include "kernel/sys/process.h"

int64_t log_write_line(struct cap_call *call, const struct capos_log_write_line *params, struct span text)
{
	if (params->level < 1 || params->level > LOG_LEVELS)
		return STATUS_EINVAL;
	if (log_passes(LOG_APP, params->level - 1))
		process_text_log(call->process, text);
	return 0;
}

/* A line that is printed meanwhile goes by the old level or the new one. */
int64_t log_set_levels(struct cap_call *call, struct span levels)
{
	if (log_filter_parse(&log_filter_now, levels).len > 0)
		return STATUS_EINVAL;
	/* Every word of it is known, so that it can be printed as it is. */
	log_print(LOG_CAP, LOG_INFO, "process %u sets the log's levels: %.*s", call->process->number, (int)levels.len, (const char *)levels.data);
	return STATUS_OK;
}

struct object log_object = OBJECT_INIT(log_interface);
