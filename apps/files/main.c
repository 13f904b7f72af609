// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Files from the command line: rumpk run files.rpk -- ls /app. Several commands, one after the other, with "," between them; the first that
 * fails ends it with exit code 1.
 */
#include "apps/files/files.h"

#include <string.h>

#include <capos/capos.h>
#include <capos/file.h>

enum { COPY_BYTES = 65536, SHOWN_BYTES = 16384 };

static const struct {
	int64_t number;
	const char *name;
} errors[] = {
	{ -1, "EPERM" },   { -2, "ENOENT" },   { -5, "EIO" },     { -9, "EBADF" },       { -11, "EAGAIN" },  { -12, "ENOMEM" }, { -13, "EACCES" },
	{ -16, "EBUSY" },  { -17, "EEXIST" },  { -18, "EXDEV" },  { -20, "ENOTDIR" },    { -21, "EISDIR" },  { -22, "EINVAL" }, { -27, "EFBIG" },
	{ -28, "ENOSPC" }, { -30, "EROFS" },   { -31, "EMLINK" }, { -36, "ENAMETOOLONG" }, { -39, "ENOTEMPTY" }, { -40, "ELOOP" },
	{ -95, "ENOTSUP" }, { -110, "ETIMEDOUT" }, { -116, "ESTALE" },
};

int64_t complain(const char *what, const char *path, int64_t result)
{
	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].number == result) {
			(void)capos_print("%s: %s: %s", what, path, errors[i].name);
			return result;
		}
	}
	(void)capos_print("%s: %s: error %lld", what, path, (long long)result);
	return result;
}

uint64_t number_of(const char *text)
{
	uint64_t value = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	if (*text == 'K')
		value <<= 10;
	else if (*text == 'M')
		value <<= 20;
	else if (*text != '\0')
		return 0;
	return value;
}

/* Lines of a file, as it is read: what is left of a line's end waits for the next piece. */
struct lines {
	char line[CAPOS_CONSOLE_LINE_MAX];
	size_t len;
};

static void lines_add(struct lines *lines, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' || lines->len == sizeof(lines->line)) {
			(void)capos_console_write_line(capos_capset_get("console"), lines->line, lines->len);
			lines->len = 0;
		}
		/* A log's beginning that is gone reads as 0 bytes. */
		if (text[i] != '\n' && text[i] != '\0')
			lines->line[lines->len++] = text[i];
	}
}

static int64_t cat(char **args)
{
	static char buffer[SHOWN_BYTES];
	static struct lines lines;
	struct capos_file_stat_result stat;
	uint64_t offset = 0;
	capos_cap_t file;
	int64_t bytes = capos_open(args[0], 0, CAPOS_DIR_RIGHT_READ, &file);

	if (bytes < 0)
		return bytes;
	lines.len = 0;
	bytes = capos_file_stat(file, &stat, 0);
	/* No further than its size was: what is printed here makes a log grow. */
	while (bytes >= 0 && offset < stat.size && (bytes = capos_file_read(file, offset, buffer, sizeof(buffer), 0)) > 0) {
		size_t len = (uint64_t)bytes < stat.size - offset ? (size_t)bytes : (size_t)(stat.size - offset);

		lines_add(&lines, buffer, len);
		offset += (uint64_t)bytes;
	}
	if (lines.len > 0)
		lines_add(&lines, "\n", 1);
	(void)capos_close(file);
	return bytes < 0 ? bytes : 0;
}

/* Whether a file's pages hold what is read from it. */
static int64_t map(char **args)
{
	static uint8_t buffer[SHOWN_BYTES];
	uint64_t offset = 0;
	capos_cap_t file;
	int64_t bytes;
	int64_t result = capos_open(args[0], 0, CAPOS_DIR_RIGHT_READ, &file);

	if (result < 0)
		return result;
	result = capos_file_map(file);
	while (result > 0 && (bytes = capos_read(file, offset, buffer, sizeof(buffer))) > 0) {
		if (memcmp((const uint8_t *)result + offset, buffer, (size_t)bytes) != 0)
			return -5;
		offset += (uint64_t)bytes;
	}
	if (result > 0) {
		(void)capos_print("mapped %llu bytes", (unsigned long long)offset);
		while (offset % CAPOS_PAGE_BYTES != 0)
			if (((const uint8_t *)result)[offset++] != 0)
				return -5;
		result = capos_file_unmap(file, (const void *)result);
	}
	(void)capos_close(file);
	return result;
}

static int64_t levels(char **args)
{
	return capos_log_set_levels(capos_capset_get("log"), args[0], strlen(args[0]));
}

static int64_t say(char **args)
{
	return capos_log_write_line(capos_capset_get("log"), CAPOS_LOG_INFO, args[0], strlen(args[0]));
}

static const char *type_name(uint32_t type)
{
	return type == CAPOS_DIR_TYPE_FILE ? "file" : type == CAPOS_DIR_TYPE_DIRECTORY ? "dir " : type == CAPOS_DIR_TYPE_LINK ? "link" : "other";
}

static int64_t ls(char **args)
{
	static uint64_t buffer[512];
	struct capos_listing listing;
	const struct capos_dir_entry *entry;
	capos_cap_t dir;
	int64_t result = capos_open(args[0], CAPOS_DIR_DIRECTORY, CAPOS_DIR_RIGHT_LIST, &dir);

	if (result < 0)
		return result;
	capos_list_begin(&listing, dir, buffer, sizeof(buffer));
	while ((result = capos_list_next(&listing, &entry)) > 0)
		(void)capos_print("%s %s", type_name(entry->type), entry->name);
	(void)capos_close(dir);
	return result;
}

static int64_t stat(char **args)
{
	struct capos_dir_stat_result found;
	int64_t result = capos_stat(args[0], CAPOS_DIR_NO_FOLLOW, &found);

	if (result == 0)
		(void)capos_print("%s %o links %u size %llu", type_name(found.type), found.permissions, found.links,
				  (unsigned long long)found.size);
	return result;
}

static int64_t put(const char *path, const char *text, uint32_t flags)
{
	capos_cap_t file;
	int64_t result = capos_open(path, CAPOS_DIR_CREATE | flags, CAPOS_DIR_RIGHT_WRITE, &file);

	if (result < 0)
		return result;
	result = capos_append(file, text, strlen(text));
	if (result >= 0)
		result = capos_append(file, "\n", 1);
	if (result >= 0)
		result = capos_file_sync(file, 0);
	(void)capos_close(file);
	return result;
}

static int64_t write(char **args)
{
	return put(args[0], args[1], CAPOS_DIR_TRUNCATE);
}

static int64_t append(char **args)
{
	return put(args[0], args[1], 0);
}

static int64_t copy(capos_cap_t from, capos_cap_t to)
{
	void *buffer = malloc(COPY_BYTES);
	uint64_t offset = 0;
	int64_t bytes;

	if (buffer == NULL)
		return -12;
	while ((bytes = capos_read(from, offset, buffer, COPY_BYTES)) > 0) {
		int64_t written = capos_write(to, offset, buffer, (size_t)bytes);

		if (written < bytes) {
			bytes = written < 0 ? written : -28;
			break;
		}
		offset += (uint64_t)bytes;
	}
	free(buffer);
	return bytes < 0 ? bytes : capos_file_sync(to, 0);
}

static int64_t cp(char **args)
{
	capos_cap_t from, to;
	int64_t result = capos_open(args[0], 0, CAPOS_DIR_RIGHT_READ, &from);

	if (result < 0)
		return result;
	result = capos_open(args[1], CAPOS_DIR_CREATE | CAPOS_DIR_TRUNCATE, CAPOS_DIR_RIGHT_WRITE, &to);
	if (result == 0) {
		result = copy(from, to);
		(void)capos_close(to);
	}
	(void)capos_close(from);
	return result;
}

static int64_t rm(char **args)
{
	return capos_remove(args[0], 0);
}

static int64_t rmdir(char **args)
{
	return capos_remove(args[0], CAPOS_DIR_DIRECTORY);
}

static int64_t mkdir(char **args)
{
	return capos_make_dir(args[0]);
}

static int64_t mv(char **args)
{
	return capos_rename(args[0], args[1], 0);
}

static int64_t ln(char **args)
{
	return capos_link(args[0], args[1]);
}

static int64_t symlink(char **args)
{
	return capos_symlink(args[0], args[1]);
}

static int64_t readlink(char **args)
{
	char target[CAPOS_DIR_PATH_MAX + 1];
	int64_t bytes = capos_read_link(args[0], target, CAPOS_DIR_PATH_MAX);

	if (bytes < 0)
		return bytes;
	target[bytes] = '\0';
	(void)capos_print("%s", target);
	return 0;
}

static int64_t truncate(char **args)
{
	return capos_set_size(args[0], number_of(args[1]));
}

static int64_t df(char **args)
{
	struct capos_dir_space_result space;
	const char *rest;
	int64_t result = capos_dir_space(capos_path_find(args[0], &rest), &space, 0);

	if (result == 0)
		(void)capos_print("%llu KiB, %llu KiB free", (unsigned long long)(space.bytes >> 10), (unsigned long long)(space.free_bytes >> 10));
	return result;
}

static const struct {
	const char *name;
	int words; /* that follow */
	int64_t (*run)(char **args);
} commands[] = {
	{ "cat", 1, cat }, { "ls", 1, ls }, { "stat", 1, stat }, { "write", 2, write }, { "append", 2, append }, { "cp", 2, cp },
	{ "rm", 1, rm }, { "rmdir", 1, rmdir }, { "mkdir", 1, mkdir }, { "mv", 2, mv }, { "ln", 2, ln }, { "symlink", 2, symlink },
	{ "readlink", 1, readlink }, { "truncate", 2, truncate }, { "df", 1, df }, { "levels", 1, levels }, { "map", 1, map }, { "follow", 2, follow }, { "say", 1, say },
};

static int usage(void)
{
	(void)capos_print("files: cat|ls|stat|rm|rmdir|mkdir|readlink|df PATH, write|append PATH TEXT, cp|mv|ln PATH PATH, symlink TARGET PATH,");
	(void)capos_print("       truncate PATH BYTES, map PATH, follow PATH PATH, levels LEVELS, say TEXT, bench WHAT PATH [BYTES], many PATH COUNT. Several: with , between");
	return 2;
}

/* One command and its words. */
static int command_run(int argc, char **argv)
{
	if (argc > 0 && strcmp(argv[0], "bench") == 0)
		return bench(argc - 1, argv + 1);
	if (argc > 0 && strcmp(argv[0], "many") == 0)
		return many(argc - 1, argv + 1);
	for (unsigned i = 0; argc > 0 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		int64_t result;

		if (strcmp(argv[0], commands[i].name) != 0 || argc - 1 != commands[i].words)
			continue;
		result = commands[i].run(argv + 1);
		return result < 0 ? (complain(argv[0], argv[1], result), 1) : 0;
	}
	return usage();
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int at = 1; at <= argc && status == 0;) {
		int end = at;

		while (end < argc && strcmp(argv[end], ",") != 0)
			end++;
		status = command_run(end - at, argv + at);
		at = end + 1;
		if (end >= argc)
			break;
	}
	return status;
}
