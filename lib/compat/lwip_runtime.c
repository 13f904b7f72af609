// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The one function of <stdlib.h> that lwIP calls, for the number behind the name of an interface. */
#include <stdlib.h>

/* Digits alone, and as many as a number can have without doubt. */
int atoi(const char *text)
{
	int value = 0;

	for (unsigned i = 0; i < 9 && text[i] >= '0' && text[i] <= '9'; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}
