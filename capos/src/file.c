// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include <capos/file.h>

#include <capos/capos.h>

#include "capos/src/start.h"
#include "lib/status.h"
#include "lib/string.h"

enum { FILE_PERMISSIONS = 0644, DIRECTORY_PERMISSIONS = 0755 };

capos_cap_t capos_path_find(const char *path, const char **rest)
{
	const struct capos_capset_entry *entries = (const struct capos_capset_entry *)capos_start->capset;
	capos_cap_t found = CAPOS_CAP_NONE;
	size_t longest = 0;

	for (uint32_t i = 0; i < capos_start->capset_count; i++) {
		size_t len = strlen(entries[i].name);

		if (entries[i].interface != CAPOS_INTERFACE_DIR || len <= longest || strncmp(path, entries[i].name, len) != 0 ||
		    (path[len] != '/' && path[len] != '\0'))
			continue;
		found = entries[i].cap;
		longest = len;
	}
	*rest = path + longest;
	return found;
}

static uint32_t length(const char *path)
{
	size_t len = strlen(path);

	return len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
}

int64_t capos_open(const char *path, uint32_t flags, uint32_t rights, capos_cap_t *file)
{
	const char *rest;
	capos_cap_t dir = capos_path_find(path, &rest);

	if (dir == CAPOS_CAP_NONE)
		return STATUS_ENOENT;
	return capos_dir_open(dir, rest, length(rest), flags, rights, FILE_PERMISSIONS, 0, file);
}

int64_t capos_program_open(const char *path, capos_cap_t *program)
{
	const char *rest;
	capos_cap_t dir = capos_path_find(path, &rest);

	if (dir == CAPOS_CAP_NONE)
		return STATUS_ENOENT;
	return capos_dir_program(dir, rest, length(rest), 0, program);
}

int64_t capos_close(capos_cap_t file)
{
	return capos_capset_drop(capos_own.capset, file);
}

int64_t capos_read(capos_cap_t file, uint64_t offset, void *data, size_t bytes)
{
	size_t done = 0;
	int64_t result = 0;

	while (done < bytes) {
		result = capos_file_read(file, offset + done, (uint8_t *)data + done, bytes - done, 0);
		if (result <= 0)
			break;
		done += (size_t)result;
	}
	return done > 0 ? (int64_t)done : result;
}

static int64_t write_all(capos_cap_t file, uint64_t offset, const void *data, size_t bytes, uint32_t flags)
{
	size_t done = 0;
	int64_t result = 0;

	while (done < bytes) {
		result = capos_file_write(file, (const uint8_t *)data + done, bytes - done, offset + done, flags, 0);
		if (result <= 0)
			break;
		done += (size_t)result;
	}
	return done > 0 ? (int64_t)done : result;
}

int64_t capos_write(capos_cap_t file, uint64_t offset, const void *data, size_t bytes)
{
	return write_all(file, offset, data, bytes, 0);
}

int64_t capos_append(capos_cap_t file, const void *data, size_t bytes)
{
	return write_all(file, 0, data, bytes, CAPOS_FILE_APPEND);
}

/* What a file of at most `max` bytes holds. It may have grown since its size was asked for. */
static int64_t load(capos_cap_t file, size_t max, char **data)
{
	struct capos_file_stat_result stat;
	int64_t result = capos_file_stat(file, &stat, 0);
	size_t room = 4096;

	if (result == 0 && stat.size > max)
		return STATUS_EFBIG;
	if (result == 0 && stat.size >= room)
		room = (size_t)stat.size + 1;
	*data = result == 0 ? malloc(room + 1) : NULL;
	if (result == 0 && *data == NULL)
		result = STATUS_ENOMEM;
	if (result == 0)
		result = capos_read(file, 0, *data, room);
	if (result == (int64_t)room || result > (int64_t)max)
		result = STATUS_EFBIG;
	if (result >= 0)
		(*data)[result] = '\0';
	else
		free(*data);
	return result;
}

int64_t capos_load(const char *path, size_t max, char **data)
{
	capos_cap_t file;
	int64_t result = capos_open(path, 0, CAPOS_DIR_RIGHT_READ, &file);

	if (result < 0)
		return result;
	result = load(file, max, data);
	(void)capos_close(file);
	return result;
}

int64_t capos_stat(const char *path, uint32_t flags, struct capos_dir_stat_result *result)
{
	const char *rest;
	capos_cap_t dir = capos_path_find(path, &rest);

	return dir != CAPOS_CAP_NONE ? capos_dir_stat(dir, rest, length(rest), flags, result, 0) : STATUS_ENOENT;
}

int64_t capos_make_dir(const char *path)
{
	const char *rest;
	capos_cap_t dir = capos_path_find(path, &rest);

	return dir != CAPOS_CAP_NONE ? capos_dir_make_dir(dir, rest, length(rest), DIRECTORY_PERMISSIONS, 0) : STATUS_ENOENT;
}

int64_t capos_remove(const char *path, uint32_t flags)
{
	const char *rest;
	capos_cap_t dir = capos_path_find(path, &rest);

	return dir != CAPOS_CAP_NONE ? capos_dir_remove(dir, rest, length(rest), flags, 0) : STATUS_ENOENT;
}

int64_t capos_rename(const char *path, const char *to, uint32_t flags)
{
	const char *rest, *to_rest;
	capos_cap_t dir = capos_path_find(path, &rest);
	capos_cap_t to_dir = capos_path_find(to, &to_rest);

	if (dir == CAPOS_CAP_NONE || to_dir == CAPOS_CAP_NONE)
		return STATUS_ENOENT;
	return capos_dir_rename(dir, rest, length(rest), length(to_rest), to_rest, to_dir, flags, 0);
}

int64_t capos_link(const char *path, const char *to)
{
	const char *rest, *to_rest;
	capos_cap_t dir = capos_path_find(path, &rest);
	capos_cap_t to_dir = capos_path_find(to, &to_rest);

	if (dir == CAPOS_CAP_NONE || to_dir == CAPOS_CAP_NONE)
		return STATUS_ENOENT;
	return capos_dir_link(dir, rest, length(rest), length(to_rest), to_rest, to_dir, 0);
}

int64_t capos_symlink(const char *target, const char *path)
{
	const char *rest;
	capos_cap_t dir = capos_path_find(path, &rest);

	return dir != CAPOS_CAP_NONE ? capos_dir_symlink(dir, rest, length(rest), length(target), target, 0) : STATUS_ENOENT;
}

int64_t capos_read_link(const char *path, char *target, size_t room)
{
	const char *rest;
	capos_cap_t dir = capos_path_find(path, &rest);

	return dir != CAPOS_CAP_NONE ? capos_dir_read_link(dir, rest, length(rest), target, room, 0) : STATUS_ENOENT;
}

int64_t capos_set_size(const char *path, uint64_t size)
{
	const char *rest;
	capos_cap_t dir = capos_path_find(path, &rest);

	if (dir == CAPOS_CAP_NONE)
		return STATUS_ENOENT;
	return capos_dir_set(dir, rest, length(rest), 0, size, 0, 0, 0, 0, 0, CAPOS_DIR_SET_SIZE, 0);
}

void capos_list_begin(struct capos_listing *listing, capos_cap_t dir, void *buffer, size_t room)
{
	*listing = (struct capos_listing){ .dir = dir, .buffer = buffer, .room = room };
}

int64_t capos_list_next(struct capos_listing *listing, const struct capos_dir_entry **entry)
{
	if (listing->at == listing->have) {
		int64_t got = capos_dir_list(listing->dir, listing->cookie, listing->buffer, listing->room, 0);

		if (got <= 0)
			return got;
		listing->have = (size_t)got;
		listing->at = 0;
	}
	*entry = (const struct capos_dir_entry *)(listing->buffer + listing->at);
	listing->at += (*entry)->record_bytes;
	listing->cookie = (*entry)->cookie;
	return 1;
}
