// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#ifndef TESTS_APPS_FILECHECK_CHECK_H
#define TESTS_APPS_FILECHECK_CHECK_H

#include <capos/capos.h>
#include <capos/file.h>

#include "lib/status.h"
#include "lib/string.h"

/* Says what is not as it must be; counts it. */
void expect(const char *what, int64_t result, int64_t due);

/* What is checked: names, contents, errors; what a hostile process would send, and rings that threads share. */
void check_names(void);
void check_contents(void);
void check_bundle(void);
void check_facts(void);
void check_hostile(void);
void check_shared(void);
void check_reader(void);

#endif
