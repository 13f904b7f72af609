// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Programs out of a file system: read whole, with the signature beside them, and proven, before anything of them is looked at. What was
 * proven is what runs: the copy is the kernel's.
 */
#include "kernel/cap/program_object.h"

#include "kernel/cap/fs_acts.h"
#include "kernel/cap/fs_request.h"
#include "kernel/cap/program_copy.h"
#include "kernel/core/libc.h"
#include "kernel/dir_methods.h"
#include "kernel/program_methods.h"
#include "kernel/sys/budget.h"
#include "lib/list.h"
#include "lib/string.h"

struct program_object {
	struct object object;
	struct budget *budget; /* held */
	struct program_copy copy;
};

static struct program_object *program_object_of(const struct object *object)
{
	return LIST_OWNER((struct object *)object, struct program_object, object);
}

struct span program_file(const struct object *object)
{
	return program_object_of(object)->copy.file;
}

int64_t program_object_size(struct cap_call *call)
{
	return (int64_t)program_file(call->object).len;
}

static void destroy(struct object *object)
{
	struct program_object *gone = program_object_of(object);
	struct budget *budget = gone->budget;

	program_copy_free(&gone->copy, budget);
	budget_credit_bytes(budget, sizeof(*gone));
	free(gone);
	budget_put(budget);
}

static status_t program_read(struct fs_request *request, struct fs_node *file)
{
	struct program_copy copy;
	status_t status = program_copy_read(file, request->budget, CAPOS_PROGRAM_BYTES_MAX, &copy);

	if (status == STATUS_OK) {
		request->read = copy.file;
		request->read_pages = copy.pages;
	}
	return status;
}

static void program_act(struct fs_request *request)
{
	struct path_walk *walk;
	status_t status = fs_walk(request->own, request->paths[0], true, &walk);

	if (status == STATUS_OK) {
		status = program_file_check(walk->node);
		if (status == STATUS_OK)
			status = program_signature_read(path_directory(walk), walk->name, request->data, &request->data_bytes);
		if (status == STATUS_OK)
			status = program_read(request, walk->node);
		fs_walk_end(request->own, walk);
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
	*made = (struct program_object){ .budget = request->budget, .copy = { request->read, request->read_pages } };
	budget_hold(made->budget);
	object_init(&made->object, &program_interface, destroy);
	request->given = &made->object;
	request->read = span_of(NULL, 0);
	return STATUS_OK;
}

static void request_prove(struct fs_request *request)
{
	status_t status;

	if (request->result < 0)
		return;
	status = program_prove(request->read, span_of(request->data, request->data_bytes), request->paths[0]);
	if (status == STATUS_OK)
		status = program_make(request);
	request->result = status == STATUS_OK ? (int64_t)program_file(request->given).len : status;
}

int64_t dir_program(struct cap_call *call, const struct capos_dir_program *params)
{
	const struct fs_request_path path = { params->path, params->path_bytes };
	int64_t result;
	struct fs_request *request = fs_request_begin(call, program_act, &path, 1, PROGRAM_SIGNATURE_ROOM, &result);

	if (request == NULL)
		return result;
	request->after = request_prove;
	request->rights = CAPOS_PROGRAM_RIGHT_SPAWN;
	return fs_request_run(call, request);
}
