// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/dentry.h"

#include "hal/contract/smp.h"
#include "kernel/cap/fs_object.h"
#include "kernel/core/fiber.h"
#include "kernel/core/libc.h"
#include "kernel/core/message.h"
#include "kernel/sys/budget.h"
#include "lib/string.h"

/* A job whose maker waits. Its end is told on the maker's own CPU, where nothing can come between the maker's look and its sleep. */
struct wait_job {
	struct fs_job job;
	void (*run)(void *arg);
	void *arg;
	struct fiber *fiber;
	bool done; /* W: the fiber's CPU */
};

static void wait_over(void *arg)
{
	struct wait_job *wait = arg;

	wait->done = true;
	fiber_wake(wait->fiber);
}

static void wait_run(struct fs_job *job)
{
	struct wait_job *wait = LIST_OWNER(job, struct wait_job, job);

	wait->run(wait->arg);
	message_send(wait->fiber->cpu, wait_over, wait);
}

void linux_fs_run(struct fs_service *service, void (*run)(void *arg), void *arg)
{
	struct wait_job wait = { .job = { .service = service, .run = wait_run }, .run = run, .arg = arg, .fiber = fiber_current() };

	if (service->fs->workers == 0) {
		fs_do(service, run, arg);
		return;
	}
	fs_submit(&wait.job);
	while (!wait.done)
		fiber_sleep();
}

static struct linux_dentry *dentry_alloc(struct fs_service *service, struct budget *budget, struct span name)
{
	size_t bytes = sizeof(struct linux_dentry) + name.len + 1;
	uint32_t charged = (uint32_t)bytes + service->fs->node_bytes;
	struct linux_dentry *made;

	if (!fs_node_count(service, budget))
		return NULL;
	if (!budget_charge_bytes(budget, charged)) {
		fs_node_discount(service, budget);
		return NULL;
	}
	made = malloc(bytes);
	if (made == NULL) {
		budget_credit_bytes(budget, charged);
		fs_node_discount(service, budget);
		return NULL;
	}
	*made = (struct linux_dentry){ .service = service, .budget = budget, .charged = charged, .name_bytes = (uint16_t)name.len };
	atomic_init(&made->holds, 1);
	atomic_init(&made->has_id, false);
	atomic_init(&made->seals, 0);
	fs_service_hold(service);
	budget_hold(budget);
	memcpy(made->name, name.data, name.len);
	made->name[name.len] = '\0';
	return made;
}

struct linux_dentry *linux_dentry_make(struct linux_dentry *parent, const struct linux_dentry *like, struct fs_node *node, struct span name)
{
	struct linux_dentry *made = dentry_alloc(like->service, like->budget, name);

	if (made == NULL) {
		fs_node_put(node);
		return NULL;
	}
	made->parent = linux_dentry_hold(parent);
	made->node = node;
	made->rights = like->rights;
	made->device = like->device;
	return made;
}

struct linux_dentry *linux_dentry_root(struct linux_dentry *parent, struct fs_service *service, struct fs_node *node, struct budget *budget,
				       uint32_t rights, uint32_t device, const char *name)
{
	struct linux_dentry *made = dentry_alloc(service, budget, span_of(name, strlen(name)));

	if (made == NULL)
		return NULL;
	made->parent = parent != NULL ? linux_dentry_hold(parent) : NULL;
	made->node = node;
	fs_node_hold(node);
	made->rights = rights;
	made->device = device;
	return made;
}

static bool put_is_last(struct linux_dentry *dentry)
{
	return atomic_fetch_sub_explicit(&dentry->holds, 1, memory_order_acq_rel) == 1;
}

static void release_submit(struct linux_dentry *dentry);

/* One that nobody holds any more, and those above it that only it held: one after another, for a program can make the way as long as it likes. */
static void release_run(struct fs_job *job)
{
	struct linux_dentry *gone = LIST_OWNER(job, struct linux_dentry, release);
	struct fs_service *service = gone->service;
	struct linux_dentry *parent;

	fs_service_hold(service);
	for (;;) {
		struct budget *budget = gone->budget;
		uint32_t charged = gone->charged;

		parent = gone->parent;
		fs_node_put(gone->node);
		linux_dentry_closed(gone);
		fs_node_discount(gone->service, budget);
		fs_service_put(gone->service);
		free(gone);
		budget_credit_bytes(budget, charged);
		budget_put(budget);
		if (parent == NULL || !put_is_last(parent))
			break;
		if (parent->service != service) {
			release_submit(parent);
			break;
		}
		gone = parent;
	}
	fs_service_put(service);
}

static void release_submit(struct linux_dentry *dentry)
{
	dentry->release = (struct fs_job){ .service = dentry->service, .run = release_run };
	fs_submit(&dentry->release);
}

void linux_dentry_put(struct linux_dentry *dentry)
{
	if (dentry != NULL && put_is_last(dentry))
		release_submit(dentry);
}

/* Up to `top`, which is `dentry` or above it. */
static int64_t path_from(const struct linux_dentry *top, const struct linux_dentry *dentry, char *to, size_t bytes)
{
	size_t len = 0;

	for (const struct linux_dentry *at = dentry; at != top; at = at->parent)
		len += at->name_bytes + 1u;
	if ((len > 0 ? len : 1) >= bytes)
		return STATUS_ERANGE;
	to[0] = '/';
	to[len > 0 ? len : 1] = '\0';
	for (size_t end = len; dentry != top; dentry = dentry->parent) {
		end -= dentry->name_bytes;
		memcpy(to + end, dentry->name, dentry->name_bytes);
		to[--end] = '/';
	}
	return (int64_t)(len > 0 ? len : 1);
}

int64_t linux_dentry_path(const struct linux_dentry *dentry, char *to, size_t bytes)
{
	const struct linux_dentry *top = dentry;

	while (top->parent != NULL)
		top = top->parent;
	return path_from(top, dentry, to, bytes);
}

int64_t linux_dentry_path_below(const struct linux_dentry *top, const struct linux_dentry *dentry, char *to, size_t bytes)
{
	static const char prefix[] = "(unreachable)";
	const struct linux_dentry *at = dentry;
	size_t len = sizeof(prefix) - 1;
	int64_t rest;

	while (at != NULL && !linux_dentry_is_same(at, top))
		at = at->parent;
	if (at != NULL)
		return path_from(at, dentry, to, bytes);
	if (bytes <= len)
		return STATUS_ERANGE;
	memcpy(to, prefix, len);
	rest = linux_dentry_path(dentry, to + len, bytes - len);
	return rest < 0 ? rest : rest + (int64_t)len;
}
