// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Programs out of a file system: read whole, with the signature beside them, and proven, before anything of them is looked at. What was
 * proven is what runs: the copy is the kernel's.
 */
#include "kernel/cap/program_object.h"

#include "kernel/cap/fs_acts.h"
#include "kernel/cap/fs_request.h"
#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/core/page.h"
#include "kernel/dir_methods.h"
#include "kernel/payload/trust.h"
#include "kernel/program_methods.h"
#include "kernel/sys/budget.h"
#include "lib/list.h"
#include "lib/string.h"

enum { SIGNATURE_BYTES = 4096 /* room for one */, SHOWN_BYTES = 128 };

static const char suffix[] = ".minisig";

struct program_object {
	struct object object;
	struct budget *budget; /* held */
	struct span file;      /* pages of `order`, charged */
	unsigned order;
};

static struct program_object *program_object_of(const struct object *object)
{
	return LIST_OWNER((struct object *)object, struct program_object, object);
}

struct span program_file(const struct object *object)
{
	return program_object_of(object)->file;
}

int64_t program_object_size(struct cap_call *call)
{
	return (int64_t)program_file(call->object).len;
}

static void destroy(struct object *object)
{
	struct program_object *gone = program_object_of(object);
	struct budget *budget = gone->budget;

	page_free(hal_direct_pa(gone->file.data), gone->order);
	budget_credit(budget, 1ul << gone->order);
	budget_credit_bytes(budget, sizeof(*gone));
	free(gone);
	budget_put(budget);
}

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

static status_t file_check(const struct fs_node *node)
{
	return node == NULL ? STATUS_ENOENT : node->type == FS_DIRECTORY ? STATUS_EISDIR : node->type != FS_FILE ? STATUS_ENOTSUP : STATUS_OK;
}

static status_t program_read(struct fs_request *request, struct fs_node *file)
{
	unsigned order = 0;
	struct fs_stat stat;
	uint64_t pa;
	int64_t bytes;
	status_t status = file->fs->ops->stat(file, &stat);

	if (status != STATUS_OK || stat.size > CAPOS_PROGRAM_BYTES_MAX)
		return status != STATUS_OK ? status : STATUS_EFBIG;
	while (HAL_PAGE_BYTES << order < stat.size + 1) /* room for one more: it has not grown */
		order++;
	if (!budget_charge(request->budget, 1ul << order))
		return STATUS_ENOMEM;
	pa = page_alloc(order);
	if (pa == 0) {
		budget_credit(request->budget, 1ul << order);
		return STATUS_ENOMEM;
	}
	request->read = span_of(hal_direct_va(pa), 0);
	request->read_order = order;
	bytes = read_all(file, hal_direct_va(pa), HAL_PAGE_BYTES << order);
	if (bytes < 0)
		return (status_t)bytes;
	request->read.len = (size_t)bytes;
	return (size_t)bytes == HAL_PAGE_BYTES << order ? STATUS_EFBIG : STATUS_OK;
}

static status_t signature_read(struct fs_request *request, const struct path_walk *walk)
{
	char name[FS_NAME_MAX];
	struct fs_node *directory = path_directory(walk);
	struct fs_node *file;
	int64_t bytes;
	status_t status;

	if (walk->name.len > sizeof(name) - (sizeof(suffix) - 1))
		return STATUS_ENAMETOOLONG;
	memcpy(name, walk->name.data, walk->name.len);
	memcpy(name + walk->name.len, suffix, sizeof(suffix) - 1);
	status = directory->fs->ops->lookup(directory, span_of(name, walk->name.len + sizeof(suffix) - 1), &file);
	if (status != STATUS_OK)
		return status;
	status = file_check(file);
	if (status == STATUS_OK) {
		bytes = read_all(file, request->data, request->data_bytes);
		if (bytes < 0)
			status = (status_t)bytes;
		else
			request->data_bytes = (size_t)bytes;
	}
	fs_node_put(file);
	return status;
}

static void program_act(struct fs_request *request)
{
	struct path_walk *walk;
	status_t status = fs_walk(request->own, request->paths[0], true, &walk);

	if (status == STATUS_OK) {
		status = file_check(walk->node);
		if (status == STATUS_OK)
			status = signature_read(request, walk);
		if (status == STATUS_OK)
			status = program_read(request, walk->node);
		fs_walk_end(walk);
	}
	request->result = status;
}

/* Takes over what was read. */
static status_t program_make(struct fs_request *request)
{
	struct program_object *made;

	if (!budget_charge_bytes(request->budget, sizeof(*made)))
		return STATUS_ENOMEM;
	made = malloc(sizeof(*made));
	if (made == NULL) {
		budget_credit_bytes(request->budget, sizeof(*made));
		return STATUS_ENOMEM;
	}
	*made = (struct program_object){ .budget = request->budget, .file = request->read, .order = request->read_order };
	budget_hold(made->budget);
	object_init(&made->object, &program_interface, destroy);
	request->given = &made->object;
	request->read = span_of(NULL, 0);
	return STATUS_OK;
}

/* Of a path, as it can stand in the log. */
static void path_show(struct span path, char *text, size_t room)
{
	size_t len = path.len < room - 1 ? path.len : room - 1;

	for (size_t i = 0; i < len; i++)
		text[i] = path.data[i] >= 0x20 && path.data[i] < 0x7f ? (char)path.data[i] : '?';
	text[len] = '\0';
}

static void program_prove(struct fs_request *request)
{
	char path[SHOWN_BYTES];
	const char *why = "";
	status_t status;

	if (request->result < 0)
		return;
	status = trust_verify_file(request->read, span_of(request->data, request->data_bytes), &why);
	if (status != STATUS_OK) {
		path_show(request->paths[0], path, sizeof(path));
		log_line("trust: refused: program %s: %s", path, why);
	} else {
		status = program_make(request);
	}
	request->result = status == STATUS_OK ? (int64_t)program_file(request->given).len : status;
}

int64_t dir_program(struct cap_call *call, const struct capos_dir_program *params)
{
	const struct fs_request_path path = { params->path, params->path_bytes };
	int64_t result;
	struct fs_request *request = fs_request_begin(call, program_act, &path, 1, SIGNATURE_BYTES, &result);

	if (request == NULL)
		return result;
	request->after = program_prove;
	request->rights = CAPOS_PROGRAM_RIGHT_SPAWN;
	return fs_request_run(call, request);
}
