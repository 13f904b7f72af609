// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

// What C's library gives, of glibc: numbers as text, and a file.
#include <cstdio>
#include <cstdlib>

int main()
{
	char line[64] = "";
	FILE *file = fopen("/tmp/glibc", "w+");

	if (file == nullptr)
		return 1;
	fprintf(file, "%.3f %s", strtod("2.5", nullptr), "written");
	rewind(file);
	if (fgets(line, sizeof(line), file) == nullptr)
		return 1;
	printf("glibc: %s\n", line);
	return 0;
}
