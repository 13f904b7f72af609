// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a process writes, as lines of the log. */
#ifndef KERNEL_CAP_PROCESS_TEXT_H
#define KERNEL_CAP_PROCESS_TEXT_H

#include "lib/span.h"

struct process;

enum { PROCESS_TEXT_MAX = 1024 };

/* Puts each line of `text`, at most PROCESS_TEXT_MAX bytes, on the console under the process's name. Context: fiber. It may yield. */
void process_text_log(const struct process *process, struct span text);

#endif
