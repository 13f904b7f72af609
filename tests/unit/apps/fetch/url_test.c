// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Whom and what the address of a page names. */
#include "apps/fetch/url.c"

#include "tests/unit/unit.h"

static void url_names_host_port_and_path(void)
{
	struct url url;

	CU_ASSERT_FATAL(url_read("http://10.9.8.1/hello-world.html", &url));
	CU_ASSERT(url.host_len == 8 && strncmp(url.host, "10.9.8.1", 8) == 0 && url.port == 80);
	CU_ASSERT_STRING_EQUAL(url.path, "/hello-world.html");
	CU_ASSERT_FATAL(url_read("http://blog.example:8080", &url));
	CU_ASSERT(url.host_len == 12 && url.port == 8080);
	CU_ASSERT_STRING_EQUAL(url.path, "/");
	CU_ASSERT_FATAL(url_read("http://a:65535/x:1/y", &url));
	CU_ASSERT(url.host_len == 1 && url.port == 65535);
	CU_ASSERT_STRING_EQUAL(url.path, "/x:1/y");
}

static void url_of_another_form_is_refused(void)
{
	static const char *const texts[] = {
		"", "http", "http://", "http:///", "http://:80/", "https://a/", "http://a:/", "http://a:0/", "http://a:65536/", "http://a:99999999999/",
		"http://a:8x/", "http://a:-1/", "http://a/b c", "http://a/b\rc", "http://a/\x7f", "http://a/\xc3\xa4", "10.9.8.1/",
	};
	struct url url;

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CU_ASSERT_FALSE(url_read(texts[i], &url));
}

static void url_addresses_are_four_numbers(void)
{
	static const char *const names[] = { "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "1.1.1.1000", "a.b.c.d", "1.2.3.4x" };
	uint8_t address[16];
	struct url url;
	char text[64];

	CU_ASSERT_FATAL(url_read("http://10.0.255.1:80/", &url) && url_host_address(&url, address));
	CU_ASSERT(address[0] == 10 && address[1] == 0 && address[2] == 255 && address[3] == 1 && address[4] == 0);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "http://%s/", names[i]);
		CU_ASSERT_FATAL(url_read(text, &url));
		CU_ASSERT_FALSE(url_host_address(&url, address));
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(url_names_host_port_and_path),
	UNIT_CASE(url_of_another_form_is_refused),
	UNIT_CASE(url_addresses_are_four_numbers),
};
UNIT_MAIN("apps/fetch/url", cases)
