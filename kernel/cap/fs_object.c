// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/fs_object.h"

#include <assert.h>
#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/dir_methods.h"
#include "kernel/file_methods.h"
#include "kernel/sys/budget.h"

static_assert(CAPOS_FILE_RIGHT_READ == CAPOS_DIR_RIGHT_READ && CAPOS_FILE_RIGHT_WRITE == CAPOS_DIR_RIGHT_WRITE &&
		      CAPOS_FILE_RIGHT_EXEC == CAPOS_DIR_RIGHT_EXEC,
	      "a file's rights are a directory's");

/* Whose nodes those of a process are: a process cannot have more by making others. */
static struct budget *nodes_payer(struct budget *budget)
{
	while (budget->parent != NULL)
		budget = budget->parent;
	return budget;
}

void fs_node_discount(struct fs_service *service, struct budget *budget)
{
	if (service->fs->nodes_max == 0)
		return;
	atomic_fetch_sub_explicit(&nodes_payer(budget)->nodes, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&service->nodes, 1, memory_order_relaxed);
}

/*
 * Nobody has more than he leaves: one alone half of them, and whoever comes after many that are greedy still some (the dynamic thresholds of shared
 * buffers, by Choudhury and Hahne). A fixed share would have to know how many come.
 */
bool fs_node_count(struct fs_service *service, struct budget *budget)
{
	uint32_t own;
	uint32_t all;

	if (service->fs->nodes_max == 0)
		return true;
	own = atomic_fetch_add_explicit(&nodes_payer(budget)->nodes, 1, memory_order_relaxed) + 1;
	all = atomic_fetch_add_explicit(&service->nodes, 1, memory_order_relaxed) + 1;
	if ((uint64_t)own + all <= service->fs->nodes_max)
		return true;
	fs_node_discount(service, budget);
	return false;
}

/* What it takes of a process; false, and nothing is taken, where that has not so much left. */
static bool charge(struct fs_service *service, struct budget *budget, size_t bytes)
{
	if (!fs_node_count(service, budget))
		return false;
	if (budget_charge_bytes(budget, bytes))
		return true;
	fs_node_discount(service, budget);
	return false;
}

struct fs_object *fs_object_alloc(struct fs_service *service, struct budget *budget)
{
	size_t bytes = sizeof(struct fs_object) + service->fs->node_bytes;
	struct fs_object *made;

	if (budget != NULL && !charge(service, budget, bytes))
		return NULL;
	made = calloc(1, sizeof(*made));
	if (made == NULL) {
		if (budget != NULL) {
			budget_credit_bytes(budget, bytes);
			fs_node_discount(service, budget);
		}
		return NULL;
	}
	made->service = service;
	made->budget = budget;
	made->charged = bytes;
	fs_service_hold(service);
	if (budget != NULL)
		budget_hold(budget);
	return made;
}

static void release_run(struct fs_job *job)
{
	struct fs_object *gone = LIST_OWNER(job, struct fs_object, release);
	struct budget *budget = gone->budget;
	size_t charged = gone->charged;

	if (gone->node != NULL)
		fs_node_put(gone->node);
	if (budget != NULL)
		fs_node_discount(gone->service, budget);
	fs_service_put(gone->service);
	if (gone->tail_pa != 0)
		budget_page_free(budget, gone->tail_pa);
	free(gone);
	if (budget != NULL) {
		budget_credit_bytes(budget, charged);
		budget_put(budget);
	}
}

void fs_object_abandon(struct fs_object *fs_object)
{
	fs_object->release = (struct fs_job){ .service = fs_object->service, .run = release_run };
	fs_submit(&fs_object->release);
}

static void destroy(struct object *object)
{
	fs_object_abandon(fs_object_of(object));
}

void fs_object_open(struct fs_object *fs_object, struct fs_node *node, bool append)
{
	fs_object->node = node;
	fs_object->append = append;
	object_init(&fs_object->object, node->type == FS_DIRECTORY ? &dir_interface : &file_interface, destroy);
}

uint32_t fs_object_rights(const struct fs_object *fs_object)
{
	return fs_object->object.interface->rights;
}

struct object *fs_object_root(struct fs_service *service, struct budget *budget)
{
	struct fs_object *root = fs_object_alloc(service, budget);

	if (root == NULL)
		return NULL;
	fs_node_hold(service->fs->root);
	fs_object_open(root, service->fs->root, false);
	return &root->object;
}
