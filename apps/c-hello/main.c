// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The smallest application: one line on the console. */
#include <capos/capos.h>

int main(int argc, char **argv)
{
	static const char text[] = "hello from c-hello";

	(void)argc;
	(void)argv;
	return capos_console_write_line(capos_capset_get("console"), text, sizeof(text) - 1) == 0 ? 0 : 1;
}
