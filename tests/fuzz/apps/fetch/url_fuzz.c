// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What is read lies in the text. */
#include "apps/fetch/url.c"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	uint8_t address[16];
	struct url url;

	if (size > 0)
		memcpy(text, data, size);
	if (url_read(text, &url)) {
		FUZZ_ASSERT(url.host > text && url.host + url.host_len <= text + strlen(text) && url.port != 0 && url.path[0] == '/');
		FUZZ_ASSERT(!url_host_address(&url, address) || url.host_len >= sizeof("0.0.0.0") - 1);
	}
	free(text);
	return 0;
}
