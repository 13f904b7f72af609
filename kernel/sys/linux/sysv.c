// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/sysv.h"

#include "hal/contract/timer.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/room.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

/* An identifier is an index, lowest first, below how often indices have been given again. Spec: Linux, ipc/util.h: IPCMNI_SHIFT */
enum { INDEX_SHIFT = 15, INDEX_MASK = (1 << INDEX_SHIFT) - 1 };

#define NOBODY UINT32_MAX

int64_t linux_ipc_now_s(void)
{
	return (int64_t)((hal_timer_now_ns() + linux_clock_offset_ns()) / 1000000000u);
}

struct linux_ipc *linux_ipc_alloc(struct thread *thread, size_t bytes)
{
	struct budget *budget = thread->process->budget;
	struct linux_ipc *made = linux_room_take(budget, bytes);

	if (made == NULL)
		return NULL;
	memset(made, 0, bytes);
	budget_hold(budget);
	made->budget = budget;
	made->bytes = bytes;
	atomic_init(&made->holds, 1);
	return made;
}

void linux_ipc_free(struct linux_ipc *ipc)
{
	struct budget *budget = ipc->budget;

	linux_room_give(budget, ipc, ipc->bytes);
	budget_put(budget);
}

void linux_ipc_put(struct linux_ipc_kind *kind, struct linux_ipc *ipc)
{
	if (atomic_fetch_sub_explicit(&ipc->holds, 1, memory_order_acq_rel) == 1)
		kind->free(ipc);
}

struct linux_ipc *linux_ipc_find(const struct linux_ipc_kind *kind, const struct linux_root *root,
				 bool (*is_it)(const struct linux_ipc *ipc, const void *what), const void *what)
{
	for (struct list_node *node = kind->all.next; node != &kind->all; node = node->next) {
		struct linux_ipc *ipc = LIST_OWNER(node, struct linux_ipc, node);

		if (ipc->root == root && is_it(ipc, what))
			return ipc;
	}
	return NULL;
}

bool linux_ipc_has_id(const struct linux_ipc *ipc, const void *id)
{
	return ipc->id == *(const int *)id;
}

static bool has_key(const struct linux_ipc *ipc, const void *what)
{
	return ipc->told.key == *(const int32_t *)what && ipc->told.key != LINUX_IPC_PRIVATE;
}

static int index_of(const struct linux_ipc *ipc)
{
	return ipc->id & INDEX_MASK;
}

static bool has_index(const struct linux_ipc *ipc, const void *index)
{
	return index_of(ipc) == *(const int *)index;
}

static bool is_from(const struct linux_ipc *ipc, const void *index)
{
	return index_of(ipc) >= *(const int *)index;
}

/* Context: under the lock. */
static unsigned count_some(const struct linux_ipc_kind *kind, const struct linux_root *root, uint64_t sums[2], void (*add)(struct linux_ipc *ipc, uint64_t sums[2]))
{
	unsigned count = 0;

	for (struct list_node *node = kind->all.next; node != &kind->all; node = node->next) {
		struct linux_ipc *ipc = LIST_OWNER(node, struct linux_ipc, node);

		if (ipc->root != root)
			continue;
		if (add != NULL)
			add(ipc, sums);
		count++;
	}
	return count;
}

unsigned linux_ipc_count(struct linux_ipc_kind *kind, const struct linux_root *root, uint64_t sums[2], void (*add)(struct linux_ipc *ipc, uint64_t sums[2]))
{
	unsigned count;

	spinlock_take(&kind->lock);
	count = count_some(kind, root, sums, add);
	spinlock_give(&kind->lock);
	return count;
}

bool linux_ipc_permits(const struct thread *thread, const struct linux_ipc_told *told, uint32_t wanted)
{
	const struct linux_subject who = linux_subject_of(thread);
	const uint32_t user = thread->personality->identity.user.effective;
	uint32_t granted = told->mode;

	if (user == told->user || user == told->maker_user)
		granted >>= 6;
	else if (linux_subject_has_group(&who, told->maker_group) || linux_subject_has_group(&who, told->group))
		granted >>= 3;
	return (wanted & ~granted & 7) == 0 || linux_subject_can(&who, LINUX_CAP_IPC_OWNER);
}

bool linux_ipc_may_control(const struct thread *thread, const struct linux_ipc_told *told, unsigned capability)
{
	const uint32_t user = thread->personality->identity.user.effective;

	return user == told->user || user == told->maker_user || linux_identity_may(thread, capability);
}

/* What is there for a key, as it was asked for; STATUS_ENOENT: nothing is. Context: under the lock. */
static int64_t look(const struct thread *thread, const struct linux_ipc_kind *kind, const struct linux_ipc_asked *asked)
{
	const struct linux_ipc *there = linux_ipc_find(kind, linux_process_of(thread)->root, has_key, &asked->key);
	uint32_t wanted = asked->flags >> 6 | asked->flags >> 3 | asked->flags; /* for whomever. Spec: Linux, ipc/util.c: ipcperms() */

	if (there == NULL)
		return STATUS_ENOENT;
	if ((asked->flags & LINUX_IPC_CREAT) != 0 && (asked->flags & LINUX_IPC_EXCL) != 0)
		return STATUS_EEXIST;
	if (kind->fits != NULL && !kind->fits(there, asked->size))
		return STATUS_EINVAL;
	return linux_ipc_permits(thread, &there->told, wanted) ? there->id : STATUS_EACCES;
}

/* Puts one into the list, at the family's lowest free index. Context: under the lock. */
static void add_to(struct linux_ipc_kind *kind, struct linux_ipc *made)
{
	struct list_node *node = kind->all.next;
	int index = 0;

	for (; node != &kind->all; node = node->next) {
		const struct linux_ipc *there = LIST_OWNER(node, struct linux_ipc, node);

		if (there->root == made->root && index_of(there) != index)
			break;
		index += there->root == made->root;
	}
	if (index <= kind->last_index)
		kind->sequence++;
	kind->last_index = index;
	made->id = kind->sequence << INDEX_SHIFT | index;
	made->told.sequence = kind->sequence;
	list_insert_before(node, &made->node);
}

int64_t linux_ipc_get(struct thread *thread, struct linux_ipc_kind *kind, const struct linux_ipc_asked *asked)
{
	const struct linux_identity *identity = &thread->personality->identity;
	const struct linux_root *root = linux_process_of(thread)->root;
	struct linux_ipc *made = NULL;
	int64_t result;

	if (kind->forget_gone != NULL)
		kind->forget_gone(root);
	spinlock_take(&kind->lock);
	result = look(thread, kind, asked);
	spinlock_give(&kind->lock);
	if (result != STATUS_ENOENT || (asked->key != LINUX_IPC_PRIVATE && !(asked->flags & LINUX_IPC_CREAT)))
		return result;
	result = kind->make(thread, asked, &made);
	if (result != STATUS_OK)
		return result;
	made->root = root;
	made->told = (struct linux_ipc_told){
		.key = asked->key, .user = identity->user.effective, .group = identity->group.effective, .maker_user = identity->user.effective,
		.maker_group = identity->group.effective, .mode = asked->flags & LINUX_IPC_PERMISSIONS,
	};
	spinlock_take(&kind->lock);
	result = count_some(kind, root, NULL, NULL) < kind->limit ? look(thread, kind, asked) : STATUS_ENOSPC; /* another was quicker */
	if (result == STATUS_ENOENT) {
		add_to(kind, made);
		result = made->id;
		made = NULL;
	}
	spinlock_give(&kind->lock);
	if (made != NULL)
		linux_ipc_put(kind, made);
	return result;
}

status_t linux_ipc_hold(struct thread *thread, struct linux_ipc_kind *kind, int id, uint32_t wanted, struct linux_ipc **out)
{
	struct linux_ipc *ipc;
	status_t status;

	spinlock_take(&kind->lock);
	ipc = linux_ipc_find(kind, linux_process_of(thread)->root, linux_ipc_has_id, &id);
	status = ipc == NULL ? STATUS_EINVAL : linux_ipc_permits(thread, &ipc->told, wanted) ? STATUS_OK : STATUS_EACCES;
	if (status == STATUS_OK)
		atomic_fetch_add_explicit(&ipc->holds, 1, memory_order_relaxed);
	spinlock_give(&kind->lock);
	*out = ipc;
	return status;
}

/* Context: under the lock. */
static void tell(const struct linux_ipc_kind *kind, struct linux_ipc *ipc, void *told)
{
	memset(told, 0, kind->told_bytes);
	memcpy(told, &ipc->told, sizeof(ipc->told));
	kind->tell(ipc, told);
}

/* Spec: Linux, ipc/util.c: ipc_update_perm(). Context: under the lock. */
static status_t set(struct thread *thread, const struct linux_ipc_kind *kind, struct linux_ipc *ipc, const void *told)
{
	const struct linux_ipc_told *wanted = told;
	status_t status = wanted->user == NOBODY || wanted->group == NOBODY ? STATUS_EINVAL : kind->set(thread, ipc, told);

	if (status != STATUS_OK)
		return status;
	ipc->told.user = wanted->user;
	ipc->told.group = wanted->group;
	ipc->told.mode = (ipc->told.mode & ~(uint32_t)LINUX_IPC_PERMISSIONS) | (wanted->mode & LINUX_IPC_PERMISSIONS);
	return STATUS_OK;
}

/* `told`: what is set, or what is told. `left`: it has left the list, whose hold is the caller's then. Context: under the lock. */
static int64_t control(struct thread *thread, const struct linux_ipc_kind *kind, struct linux_ipc *ipc, uint32_t command, void *told, bool *left)
{
	const uint32_t stat = (uint32_t)kind->stat;

	if (command == LINUX_IPC_STAT || command == stat || command == stat + 2) {
		if (command != stat + 2 && !linux_ipc_permits(thread, &ipc->told, LINUX_MAY_READ))
			return STATUS_EACCES;
		tell(kind, ipc, told);
		return command == LINUX_IPC_STAT ? 0 : ipc->id;
	}
	if (!linux_ipc_may_control(thread, &ipc->told, LINUX_CAP_SYS_ADMIN))
		return STATUS_EPERM;
	if (command == LINUX_IPC_SET)
		return set(thread, kind, ipc, told);
	*left = kind->remove(ipc);
	if (*left)
		list_remove(&ipc->node);
	return 0;
}

/* The highest index of a family; 0, too, where there is none. */
static int last_index(struct linux_ipc_kind *kind, const struct linux_root *root)
{
	int last = 0;

	spinlock_take(&kind->lock);
	for (struct list_node *node = kind->all.next; node != &kind->all; node = node->next) {
		const struct linux_ipc *ipc = LIST_OWNER(node, struct linux_ipc, node);

		if (ipc->root == root && index_of(ipc) > last)
			last = index_of(ipc);
	}
	spinlock_give(&kind->lock);
	return last;
}

int64_t linux_ipc_control(struct thread *thread, struct linux_ipc_kind *kind, int id, uint32_t command, uint64_t va)
{
	const struct linux_root *root = linux_process_of(thread)->root;
	const uint32_t stat = (uint32_t)kind->stat;
	bool by_index = command == stat || command == stat + 2;
	int which = by_index ? id & INDEX_MASK : id;
	uint64_t told[LINUX_IPC_TOLD_MAX / sizeof(uint64_t)];
	struct linux_ipc *ipc;
	int64_t result = STATUS_EINVAL;
	bool left = false;

	if (id < 0 || (command > LINUX_IPC_INFO && (command < stat || command > stat + 2)))
		return STATUS_EINVAL;
	if (command == LINUX_IPC_INFO || command == stat + 1) {
		result = kind->info(thread, va, command != LINUX_IPC_INFO);
		return result == STATUS_OK ? last_index(kind, root) : result;
	}
	if (command == LINUX_IPC_SET && linux_copy_in(thread, told, va, kind->told_bytes) != STATUS_OK)
		return STATUS_EFAULT;
	if (kind->forget_gone != NULL)
		kind->forget_gone(root);
	spinlock_take(&kind->lock);
	ipc = linux_ipc_find(kind, root, by_index ? has_index : linux_ipc_has_id, &which);
	if (ipc != NULL) {
		atomic_fetch_add_explicit(&ipc->holds, 1, memory_order_relaxed);
		result = control(thread, kind, ipc, command, told, &left);
	}
	spinlock_give(&kind->lock);
	if (ipc == NULL)
		return STATUS_EINVAL;
	if (command <= LINUX_IPC_SET && kind->changed != NULL)
		kind->changed(ipc);
	if (left)
		linux_ipc_put(kind, ipc);
	linux_ipc_put(kind, ipc);
	if (result >= 0 && (command == LINUX_IPC_STAT || by_index) && linux_copy_out(thread, va, told, kind->told_bytes) != STATUS_OK)
		return STATUS_EFAULT;
	return result;
}

void linux_ipc_list(struct linux_text *text, struct linux_ipc_kind *kind, const struct linux_root *root)
{
	uint64_t told[LINUX_IPC_TOLD_MAX / sizeof(uint64_t)];
	struct linux_ipc *ipc;
	int id = 0;

	if (kind->forget_gone != NULL)
		kind->forget_gone(root);
	format_to(&text->sink, "%s\n", kind->heading);
	for (int index = 0; index <= INDEX_MASK; index++) {
		spinlock_take(&kind->lock);
		ipc = linux_ipc_find(kind, root, is_from, &index);
		if (ipc != NULL) {
			tell(kind, ipc, told);
			id = ipc->id;
		}
		spinlock_give(&kind->lock);
		if (ipc == NULL)
			return;
		kind->line(text, told, id);
		index = id & INDEX_MASK;
	}
}

static bool is_any(const struct linux_ipc *ipc, const void *what)
{
	(void)ipc;
	(void)what;
	return true;
}

void linux_ipc_forget(struct linux_ipc_kind *kind, const struct linux_root *root)
{
	struct linux_ipc *ipc;

	do {
		spinlock_take(&kind->lock);
		ipc = linux_ipc_find(kind, root, is_any, NULL);
		if (ipc != NULL)
			list_remove(&ipc->node);
		spinlock_give(&kind->lock);
		if (ipc != NULL)
			linux_ipc_put(kind, ipc);
	} while (ipc != NULL);
}
