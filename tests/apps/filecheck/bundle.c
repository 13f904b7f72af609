// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The bundle and what the kernel tells of itself: read-only, whatever is tried. */
#include "tests/apps/filecheck/check.h"

enum { LARGE = 100001 /* bytes of data/large, which the Makefile makes */ };

void check_bundle(void)
{
	static uint8_t got[LARGE];
	const uint8_t *pages;
	char *text;
	capos_cap_t file, memory = capos_capset_get("memory");

	expect("the manifest begins", capos_load("/app/manifest.toml", 65536, &text) > 0 && memcmp(text, "# SPDX", 6) == 0, true);
	free(text);
	expect("too large", capos_load("/app/data/large", 1000, &text), STATUS_EFBIG);
	expect("open to write", capos_open("/app/manifest.toml", 0, CAPOS_DIR_RIGHT_WRITE, &file), STATUS_EACCES);
	expect("make", capos_open("/app/new", CAPOS_DIR_CREATE, CAPOS_DIR_RIGHTS_ALL, &file), STATUS_EACCES);
	expect("open", capos_open("/app/data/large", 0, CAPOS_DIR_RIGHTS_ALL, &file), 0);
	expect("read", capos_read(file, 0, got, sizeof(got)), LARGE);
	expect("write", capos_write(file, 0, "x", 1), STATUS_EACCES);
	pages = (const uint8_t *)capos_file_map(file);
	expect("map", (int64_t)pages > 0 && (uint64_t)pages % CAPOS_PAGE_BYTES == 0, true);
	if ((int64_t)pages <= 0)
		return;
	expect("what is there is what was read", memcmp(pages, got, LARGE), 0);
	expect("and zeros behind it", pages[LARGE] == 0 && pages[(LARGE | 4095)] == 0, true);
	expect("memory.unmap of it", capos_memory_unmap(memory, pages, 4096), STATUS_EINVAL);
	expect("unmap of its second page", capos_file_unmap(file, pages + 4096), STATUS_EINVAL);
	expect("a second map", capos_file_map(file) > 0, true);
	expect("unmap", capos_file_unmap(file, pages), 0);
	expect("unmap again", capos_file_unmap(file, pages), STATUS_EINVAL);
	(void)capos_close(file);
	expect("map of a program", capos_open("/app/filecheck", 0, CAPOS_DIR_RIGHT_READ, &file), 0);
	expect("which is not page by page", capos_file_map(file), STATUS_ENOTSUP);
	(void)capos_close(file);
}

static bool has(const char *path, const char *text)
{
	char *content;
	int64_t bytes = capos_load(path, 1 << 20, &content);
	size_t len = strlen(text);
	bool found = false;

	if (bytes < 0)
		return false;
	for (int64_t i = 0; !found && i + (int64_t)len <= bytes; i++)
		found = memcmp(content + i, text, len) == 0;
	free(content);
	return found;
}

void check_facts(void)
{
	capos_cap_t log = capos_capset_get("log");
	capos_cap_t file;

	expect("the build", has("/sys/rumpk/build", "version ") && has("/sys/rumpk/build", "commit "), true);
	expect("memory", has("/sys/rumpk/memory", "free_pages "), true);
	expect("fibers", has("/sys/rumpk/fibers", "console cpu 0 "), true);
	expect("governor", has("/sys/rumpk/governor", "rule "), true);
	expect("machine", has("/sys/rumpk/machine", "cpus "), true);
	expect("processes", has("/sys/rumpk/processes", " filecheck threads 1 running"), true);
	expect("capabilities", has("/sys/rumpk/capabilities", " filecheck /sys/rumpk interface 20 rights 0x11"), true);
	expect("to write there", capos_open("/sys/rumpk/build", 0, CAPOS_DIR_RIGHT_WRITE, &file), STATUS_EACCES);
	expect("a line from before", has("/log/all", "[Rumpk L1] The Rubicon is crossed.\n") && has("/log/boot", "kernel alive"), true);
	expect("levels that are none", capos_log_set_levels(log, "app=info,app=loud", 17), STATUS_EINVAL);
	expect("levels", capos_log_set_levels(log, "app=info", 8), 0);
	expect("a line", capos_log_write_line(log, CAPOS_LOG_INFO, "a line of mine", 14), 0);
	expect("one that is not let through", capos_log_write_line(log, CAPOS_LOG_DEBUG, "too quiet", 9), 0);
	expect("it is there", has("/log/app", "[filecheck] a line of mine\n"), true);
	expect("the other is not", has("/log/app", "too quiet"), false);
}

/* The other process of the manifest: what it was not given it has not. */
void check_reader(void)
{
	const char *rest;
	capos_cap_t tmp = capos_path_find("/tmp", &rest);
	capos_cap_t app = capos_path_find("/app", &rest);
	capos_cap_t file;
	uint64_t buffer[64];

	expect("no /log", capos_open("/log/all", 0, CAPOS_DIR_RIGHTS_ALL, &file), STATUS_ENOENT);
	expect("a /tmp of its own", capos_dir_list(tmp, 0, buffer, sizeof(buffer), 0), 0);
	expect("where it cannot make", capos_open("/tmp/a", CAPOS_DIR_CREATE, 0, &file), STATUS_EACCES);
	expect("nor directories", capos_make_dir("/tmp/d"), STATUS_EACCES);
	expect("nor set", capos_set_size("/tmp", 0), STATUS_EACCES);
	expect("an /app that it cannot list", capos_dir_list(app, 0, buffer, sizeof(buffer), 0), STATUS_EACCES);
	expect("but read", capos_open("/app/manifest.toml", 0, CAPOS_DIR_RIGHTS_ALL, &file), 0);
	expect("not run", capos_open("/app/filecheck", 0, CAPOS_DIR_RIGHT_EXEC, &file), STATUS_EACCES);
}
