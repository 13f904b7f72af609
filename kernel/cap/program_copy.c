// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/program_copy.h"

#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/payload/trust.h"
#include "kernel/sys/budget.h"
#include "lib/string.h"

enum { SHOWN_BYTES = 128 };

static const char suffix[] = ".minisig";

/* Up to `room` bytes from a file's beginning; all of them, or up to its end. */
static int64_t read_all(struct fs_node *file, uint8_t *to, size_t room)
{
	size_t done = 0;
	int64_t some = 1;

	while (done < room && some > 0) {
		some = file->fs->ops->read(file, done, to + done, room - done);
		if (some > 0)
			done += (size_t)some;
	}
	return some < 0 ? some : (int64_t)done;
}

status_t program_file_check(const struct fs_node *node)
{
	return node == NULL ? STATUS_ENOENT : node->type == FS_DIRECTORY ? STATUS_EISDIR : node->type != FS_FILE ? STATUS_ENOTSUP : STATUS_OK;
}

void program_copy_free(const struct program_copy *copy, struct budget *budget)
{
	page_run_free(hal_direct_pa(copy->file.data), copy->pages);
	budget_credit(budget, copy->pages);
}

status_t program_copy_read(struct fs_node *file, struct budget *budget, size_t most, struct program_copy *out)
{
	struct fs_stat stat;
	uint64_t pa;
	int64_t bytes;
	status_t status = file->fs->ops->stat(file, &stat);

	if (status != STATUS_OK || stat.size > most)
		return status != STATUS_OK ? status : STATUS_EFBIG;
	out->pages = stat.size / HAL_PAGE_BYTES + 1; /* room for one more byte: it has not grown */
	if (!budget_charge(budget, out->pages))
		return STATUS_ENOMEM;
	pa = page_run_alloc(out->pages);
	if (pa == 0) {
		budget_credit(budget, out->pages);
		return STATUS_ENOMEM;
	}
	bytes = read_all(file, hal_direct_va(pa), out->pages * HAL_PAGE_BYTES);
	out->file = span_of(hal_direct_va(pa), bytes < 0 ? 0 : (size_t)bytes);
	if (bytes >= 0 && (size_t)bytes < out->pages * HAL_PAGE_BYTES)
		return STATUS_OK;
	program_copy_free(out, budget);
	return bytes < 0 ? (status_t)bytes : STATUS_EFBIG;
}

status_t program_signature_read(struct fs_node *directory, struct span name, uint8_t *to, size_t *bytes)
{
	char beside[FS_NAME_MAX];
	struct fs_node *file;
	int64_t got;
	status_t status;

	if (name.len > sizeof(beside) - (sizeof(suffix) - 1))
		return STATUS_ENAMETOOLONG;
	memcpy(beside, name.data, name.len);
	memcpy(beside + name.len, suffix, sizeof(suffix) - 1);
	status = directory->fs->ops->lookup(directory, span_of(beside, name.len + sizeof(suffix) - 1), &file);
	if (status != STATUS_OK)
		return status;
	status = program_file_check(file);
	if (status == STATUS_OK) {
		got = read_all(file, to, *bytes);
		if (got < 0)
			status = (status_t)got;
		else
			*bytes = (size_t)got;
	}
	fs_node_put(file);
	return status;
}

/* A path as it can stand in the log. */
static void path_show(struct span path, char *text, size_t room)
{
	size_t len = path.len < room - 1 ? path.len : room - 1;

	for (size_t i = 0; i < len; i++)
		text[i] = path.data[i] >= 0x20 && path.data[i] < 0x7f ? (char)path.data[i] : '?';
	text[len] = '\0';
}

void program_refused(struct span path, const char *why)
{
	char shown[SHOWN_BYTES];

	path_show(path, shown, sizeof(shown));
	log_line("trust: refused: program %s: %s", shown, why);
}

status_t program_prove(struct span content, struct span signature, struct span path)
{
	const char *why = "";
	status_t status = trust_verify_file(content, signature, &why);

	if (status != STATUS_OK)
		program_refused(path, why);
	return status;
}
