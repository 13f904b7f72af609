// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include <capos/capos.h>

#include <stdarg.h>

#include "lib/format.h"
#include "lib/string.h"

int64_t capos_print(const char *format, ...)
{
	char line[CAPOS_CONSOLE_LINE_MAX];
	va_list args;

	va_start(args, format);
	(void)format_vprint(line, sizeof(line), format, args);
	va_end(args);
	return capos_console_write_line(capos_capset_get("console"), line, strlen(line));
}
