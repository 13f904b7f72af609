// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#ifndef APPS_FILES_FILES_H
#define APPS_FILES_FILES_H

#include <stdint.h>

/* Says what failed, by the error's name; returns `result`. */
int64_t complain(const char *what, const char *path, int64_t result);

/* A number in decimal, with K or M behind it or not. 0: it is none. */
uint64_t number_of(const char *text);

/* Measures; see bench.c. Returns the exit code. */
int bench(int argc, char **argv);

/* Copies what comes into a file to the end of another, until this is the last process that runs; see follow.c. */
int64_t follow(char **args);

/* Makes and lists many files; checks what was written: for tests. */
int many(int argc, char **argv);

#endif
