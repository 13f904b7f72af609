// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Files by path. A process's directories are capabilities whose names are paths ("/app", "/tmp", "/data", as its manifest or its parent has
 * given them); a path is looked up in the one with the longest name that it begins with. There is no current directory.
 *
 * These functions wait. The same without waiting: the capability from capos_path_find() or capos_open(), and the submissions of
 * <capos/interfaces.h>, capos_file_read_submission() and so on.
 *
 * Errors: 0 or more, or a negative errno: -ENOENT where no directory has the path's beginning; else as docs/abi.md says of dir and file.
 */
#ifndef CAPOS_FILE_H
#define CAPOS_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <capos/abi.h>
#include <capos/interfaces.h>

/* The directory capability that a path begins with, and in `*rest` what is left of the path. CAPOS_CAP_NONE: none. No call of the kernel. */
capos_cap_t capos_path_find(const char *path, const char **rest);

/*
 * Opens a file or directory. `flags`: CAPOS_DIR_*; `rights`: CAPOS_DIR_RIGHT_*, or CAPOS_DIR_RIGHTS_ALL for all that it can have. A file that is
 * made gets permissions 0644. capos_close() gives it back.
 */
int64_t capos_open(const char *path, uint32_t flags, uint32_t rights, capos_cap_t *file);
int64_t capos_close(capos_cap_t file);

/* A program, proven by the signature beside it, for capos_process_start(). Its size. As dir.program. */
int64_t capos_program_open(const char *path, capos_cap_t *program);

/*
 * Reads until `bytes` are there or the file ends; writes all of it. Several kernel calls where it is more than one takes. How many bytes
 * were done, even where an error followed; the error where none were.
 */
int64_t capos_read(capos_cap_t file, uint64_t offset, void *data, size_t bytes);
int64_t capos_write(capos_cap_t file, uint64_t offset, const void *data, size_t bytes);
int64_t capos_append(capos_cap_t file, const void *data, size_t bytes);

/* A whole file into memory of malloc()'s, a NUL behind it; its size. -EFBIG: more than `max` bytes. */
int64_t capos_load(const char *path, size_t max, char **data);

/* As the methods of dir. Symbolic links at the end: followed by stat, else not. */
int64_t capos_stat(const char *path, uint32_t flags, struct capos_dir_stat_result *result);
int64_t capos_make_dir(const char *path);
int64_t capos_remove(const char *path, uint32_t flags);
int64_t capos_rename(const char *path, const char *to, uint32_t flags);
int64_t capos_link(const char *path, const char *to);
int64_t capos_symlink(const char *target, const char *path);
int64_t capos_read_link(const char *path, char *target, size_t room);
int64_t capos_set_size(const char *path, uint64_t size);

/* A directory that is listed. `buffer`: room for some entries, 8-byte aligned, 512 bytes at least. */
struct capos_listing {
	capos_cap_t dir;
	uint64_t cookie;
	uint8_t *buffer;
	size_t room, have, at;
};

void capos_list_begin(struct capos_listing *listing, capos_cap_t dir, void *buffer, size_t room);

/* The next entry, which lies in the buffer until the call after: 1; 0 at the end. */
int64_t capos_list_next(struct capos_listing *listing, const struct capos_dir_entry **entry);

#endif
