// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The copy is made once for each open file, before anything of it is executed, and lives as long as the file is open or mapped. What is mapped of it privately
 * from then on is the copy's: text and data are of one state of the file.
 */
#include "kernel/sys/linux/proven.h"

#include "capos/abi/dir.h"
#include "kernel/cap/program_copy.h"
#include "kernel/core/libc.h"
#include "kernel/sys/linux/exec.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/vfs.h"

#define PROVEN_BYTES_MAX (64ul << 20)

/* From the heap. */
struct proving {
	struct linux_dentry *dentry;
	struct budget *budget;
	struct program_copy copy;
	size_t signature_bytes;
	status_t status;
	const char *why; /* it is refused; NULL: the file system says no */
	uint8_t signature[PROGRAM_SIGNATURE_ROOM];
	char path[LINUX_PATH_MAX];
};

static void read_act(void *arg)
{
	struct proving *proving = arg;
	const struct linux_dentry *dentry = proving->dentry;

	proving->signature_bytes = sizeof(proving->signature);
	proving->status = program_signature_read(dentry->parent->node, span_of(dentry->name, dentry->name_bytes), proving->signature,
						 &proving->signature_bytes);
	if (proving->status == STATUS_ENOENT)
		proving->why = "there is no signature beside it";
	if (proving->status == STATUS_OK)
		proving->status = program_copy_read(dentry->node, proving->budget, PROVEN_BYTES_MAX, &proving->copy);
	if (proving->status == STATUS_EFBIG)
		proving->why = "it is too long";
}

/* Keeps the copy, unless another thread was faster: then that one's counts. */
static void copy_keep(struct linux_vfs_file *own, const struct program_copy *copy)
{
	bool is_first;

	spinlock_take(&own->file.lock);
	is_first = own->proven.file.data == NULL;
	if (is_first)
		own->proven = *copy;
	spinlock_give(&own->file.lock);
	if (!is_first)
		program_copy_free(copy, own->budget);
}

static status_t prove(struct linux_vfs_file *own, struct proving *proving)
{
	size_t path_bytes = linux_file_path(&own->file, proving->path, sizeof(proving->path));
	struct span path = span_of(proving->path, path_bytes);
	status_t status;

	linux_fs_run(own->dentry->service, read_act, proving);
	if (proving->why != NULL) {
		program_refused(path, proving->why);
		return STATUS_EACCES;
	}
	if (proving->status != STATUS_OK)
		return proving->status;
	status = program_prove(proving->copy.file, span_of(proving->signature, proving->signature_bytes), path);
	if (status != STATUS_OK) {
		program_copy_free(&proving->copy, own->budget);
		return STATUS_EACCES;
	}
	copy_keep(own, &proving->copy);
	return STATUS_OK;
}

struct span linux_file_proven(struct linux_file *file)
{
	struct linux_vfs_file *own = linux_vfs_own(file);
	struct span content = span_of(NULL, 0);

	if (own == NULL)
		return content;
	spinlock_take(&file->lock);
	content = own->proven.file;
	spinlock_give(&file->lock);
	return content;
}

status_t linux_file_prove(struct linux_file *file, struct span *content)
{
	struct linux_vfs_file *own = linux_vfs_own(file);
	struct proving *proving;
	status_t status;

	if (own == NULL || file->ops->map == NULL)
		return STATUS_EACCES;
	status = file->ops->map(file, content);
	if (status != STATUS_OK || content->len > 0)
		return status;
	*content = linux_file_proven(file);
	if (content->len > 0)
		return STATUS_OK;
	if (own->dentry->parent == NULL || own->dentry->parent->node->fs != own->dentry->node->fs)
		return STATUS_EACCES;
	status = linux_dentry_may(own->dentry, CAPOS_DIR_RIGHT_EXEC);
	proving = status == STATUS_OK ? calloc(1, sizeof(*proving)) : NULL;
	if (proving == NULL)
		return status == STATUS_OK ? STATUS_ENOMEM : status;
	proving->dentry = own->dentry;
	proving->budget = own->budget;
	status = prove(own, proving);
	free(proving);
	*content = linux_file_proven(file);
	return status;
}
