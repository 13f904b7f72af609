// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the tests of the manifest's parser share: texts that are taken, and texts that are refused with one message. */
#ifndef TESTS_UNIT_KERNEL_PAYLOAD_MANIFEST_TEXT_H
#define TESTS_UNIT_KERNEL_PAYLOAD_MANIFEST_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/payload/manifest.h"
#include "tests/unit/unit.h"

#define MANIFEST_NAME "name = \"b\"\n"
#define MANIFEST_ONE MANIFEST_NAME "[[process]]\nname = \"p\"\nexec = \"x\"\n" /* four lines */
#define MANIFEST_TWO MANIFEST_ONE "[[process]]\nname = \"q\"\nexec = \"y\"\n"  /* seven */

static struct manifest manifest;

/* Parses an exact heap copy. */
static inline status_t manifest_parse_text(const char *text, char *why)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 1);
	status_t status;

	memcpy(copy + 1, text, len);
	memset(&manifest, 0xa5, sizeof(manifest));
	why[0] = '\0';
	status = manifest_parse(span_of(copy + 1, len), &manifest, why, MANIFEST_WHY_BYTES);
	free(copy);
	return status;
}

static inline void takes(const char *text)
{
	char why[MANIFEST_WHY_BYTES];

	CU_ASSERT_EQUAL(manifest_parse_text(text, why), STATUS_OK);
	if (why[0] != '\0')
		printf("\n    %s\n", why);
}

/* `expected` is without the file's name. */
static inline void refuses(const char *text, const char *expected)
{
	char why[MANIFEST_WHY_BYTES];

	CU_ASSERT_EQUAL(manifest_parse_text(text, why), STATUS_EINVAL);
	if (strncmp(why, "manifest.toml line ", 19) != 0 || strcmp(why + 19, expected) != 0) {
		printf("\n    expected %s\n    got      %s\n", expected, why);
		CU_FAIL("other cause");
	}
}

#endif
