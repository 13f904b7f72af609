// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Lines that log= filters by their level, under the component "app". */
#include "kernel/cap/objects.h"
#include "kernel/cap/process_text.h"
#include "kernel/core/log.h"
#include "kernel/log_methods.h"

int64_t log_write_line(struct cap_call *call, const struct capos_log_write_line *params, struct span text)
{
	if (params->level < 1 || params->level > LOG_LEVELS)
		return STATUS_EINVAL;
	if (log_passes(LOG_APP, params->level - 1))
		process_text_log(call->process, text);
	return 0;
}

struct object log_object = OBJECT_INIT(log_interface);
