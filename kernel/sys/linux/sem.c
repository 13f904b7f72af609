// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Who waits is in a list of its set, with what it asks for; whoever changes a value does what others asked for and can be done now, in their order, and
 * wakes them: so nobody comes before who came earlier, and a value is seen with that done.
 *
 * Spec: Linux, ipc/sem.c
 */
#include "kernel/sys/linux/sem.h"

#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/room.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/wait.h"
#include "lib/string.h"

/* What a process has asked to be undone in a set when it ends. */
struct undo {
	struct list_node node;
	const struct process *process; /* it goes with it, or with the set */
	int16_t changes[];
};

/* What a thread asks for, on its stack. */
struct asking {
	struct list_node node;
	struct thread *thread;
	const struct linux_sem_op *ops;
	unsigned count;
	unsigned blocking; /* the operation that it waits for */
	bool alters;
	bool waits;        /* it is in the list */
	struct undo *undo; /* NULL: nothing is to be undone */
	status_t status;   /* once it is not */
};

static size_t undo_bytes(const struct linux_sem_set *set)
{
	return sizeof(struct undo) + set->count * sizeof(int16_t);
}

static void undo_free(struct linux_sem_set *set, struct undo *undo)
{
	linux_room_give(set->ipc.budget, undo, undo_bytes(set));
}

/* Context: under the lock. */
static struct undo *undo_find(const struct linux_sem_set *set, const struct process *process)
{
	for (struct list_node *node = set->undos.next; node != &set->undos; node = node->next)
		if (LIST_OWNER(node, struct undo, node)->process == process)
			return LIST_OWNER(node, struct undo, node);
	return NULL;
}

/* What the process has to be undone in a set, made where it has nothing yet. NULL: memory is out. */
static struct undo *undo_of(struct linux_sem_set *set, struct process *process)
{
	struct undo *made = NULL;
	struct undo *there;

	spinlock_take(&set->lock);
	there = undo_find(set, process);
	spinlock_give(&set->lock);
	if (there != NULL)
		return there;
	made = linux_room_take(set->ipc.budget, undo_bytes(set));
	if (made == NULL)
		return NULL;
	memset(made, 0, undo_bytes(set));
	made->process = process;
	spinlock_take(&set->lock);
	there = undo_find(set, process);
	if (there == NULL)
		list_push_back(&set->undos, &made->node);
	spinlock_give(&set->lock);
	process->personality->undoes = true;
	if (there == NULL)
		return made;
	undo_free(set, made);
	return there;
}

/* One operation, if it can be done. STATUS_EAGAIN, STATUS_ERANGE. Context: under the lock. */
static status_t operate_one(struct linux_sem_set *set, struct undo *undo, const struct linux_sem_op *op)
{
	struct linux_sem *sem = &set->sems[op->number];
	int value = sem->value + op->change;
	int change;

	if (op->change == 0)
		return sem->value == 0 ? STATUS_OK : STATUS_EAGAIN;
	if (value < 0)
		return STATUS_EAGAIN;
	if (value > LINUX_SEM_VALUE_MAX)
		return STATUS_ERANGE;
	if ((op->flags & LINUX_SEM_UNDO) != 0) {
		change = undo->changes[op->number] - op->change;
		if (change < -LINUX_SEM_VALUE_MAX - 1 || change > LINUX_SEM_VALUE_MAX)
			return STATUS_ERANGE;
		undo->changes[op->number] = (int16_t)change;
	}
	sem->value = (uint16_t)value;
	return STATUS_OK;
}

static void take_back(struct linux_sem_set *set, struct undo *undo, const struct linux_sem_op *op)
{
	set->sems[op->number].value = (uint16_t)(set->sems[op->number].value - op->change);
	if ((op->flags & LINUX_SEM_UNDO) != 0)
		undo->changes[op->number] = (int16_t)(undo->changes[op->number] + op->change);
}

/* All operations, if they can be done; else none is. Context: under the lock. */
static status_t operate_all(struct linux_sem_set *set, struct asking *asking)
{
	status_t status = STATUS_OK;
	unsigned done = 0;

	while (done < asking->count && (status = operate_one(set, asking->undo, &asking->ops[done])) == STATUS_OK)
		done++;
	if (status == STATUS_OK) {
		for (unsigned i = 0; i < asking->count; i++)
			set->sems[asking->ops[i].number].process = asking->thread->process->number;
		set->operated = linux_ipc_now_s();
		return STATUS_OK;
	}
	asking->blocking = done;
	while (done-- > 0)
		take_back(set, asking->undo, &asking->ops[done]);
	return status;
}

/* Whether it has to wait after operate_all(). */
static bool has_to_wait(const struct asking *asking, status_t status)
{
	return status == STATUS_EAGAIN && (asking->ops[asking->blocking].flags & LINUX_IPC_NOWAIT) == 0;
}

/* Context: under the lock. */
static void asking_end(struct asking *asking, status_t status)
{
	list_remove(&asking->node);
	asking->waits = false;
	asking->status = status;
}

/* Does what somebody waits for and can be done by now: of those first who only wait for zeroes. Whom to wake, held; NULL: nobody. Context: under the lock. */
static struct thread *next_done(struct linux_sem_set *set)
{
	for (unsigned alters = 0; alters < 2; alters++) {
		for (struct list_node *node = set->asking.next; node != &set->asking; node = node->next) {
			struct asking *asking = LIST_OWNER(node, struct asking, node);
			struct thread *thread = asking->thread;
			status_t status;

			if (asking->alters != alters)
				continue;
			status = set->removed ? STATUS_EIDRM : operate_all(set, asking);
			if (has_to_wait(asking, status))
				continue;
			(void)object_hold(&thread->object); /* it waits: it is there */
			asking_end(asking, status);
			return thread;
		}
	}
	return NULL;
}

/* After values have changed, or the set was removed. */
static void others_go_on(struct linux_sem_set *set)
{
	struct thread *thread;

	do {
		spinlock_take(&set->lock);
		thread = next_done(set);
		spinlock_give(&set->lock);
		if (thread != NULL) {
			linux_wake(thread);
			object_put(&thread->object);
		}
	} while (thread != NULL);
}

/* Until somebody has done it, or it has ended otherwise. */
static status_t wait_for(struct linux_sem_set *set, struct asking *asking, uint64_t deadline_ns)
{
	status_t status = STATUS_OK;
	bool waits = true;

	while (waits) {
		status = linux_sleep(asking->thread, deadline_ns);
		spinlock_take(&set->lock);
		if (asking->waits && status != STATUS_OK)
			asking_end(asking, status == STATUS_ETIMEDOUT ? STATUS_EAGAIN : status);
		waits = asking->waits;
		spinlock_give(&set->lock);
	}
	return asking->status;
}

status_t linux_sem_may(struct thread *thread, const struct linux_sem_set *set, uint32_t wanted)
{
	bool may;

	spinlock_take(&linux_sem_sets.lock);
	may = linux_ipc_permits(thread, &set->ipc.told, wanted);
	spinlock_give(&linux_sem_sets.lock);
	return may ? STATUS_OK : STATUS_EACCES;
}

/* Whether the set has what is asked for, and the thread may do it; with what is undone, if anything is to be, which comes first, and counts at the end even so. */
static status_t asking_begin(struct linux_sem_set *set, struct asking *asking)
{
	unsigned most = 0;
	bool undoes = false;

	for (unsigned i = 0; i < asking->count; i++) {
		const struct linux_sem_op *op = &asking->ops[i];

		most = op->number > most ? op->number : most;
		asking->alters |= op->change != 0;
		undoes |= (op->flags & LINUX_SEM_UNDO) != 0;
	}
	if (undoes && (asking->undo = undo_of(set, asking->thread->process)) == NULL)
		return STATUS_ENOMEM;
	if (most >= set->count)
		return STATUS_EFBIG;
	return linux_sem_may(asking->thread, set, asking->alters ? LINUX_MAY_WRITE : LINUX_MAY_READ);
}

status_t linux_sem_operate(struct thread *thread, struct linux_sem_set *set, const struct linux_sem_op *ops, unsigned count, uint64_t deadline_ns)
{
	struct asking asking = { .thread = thread, .ops = ops, .count = count };
	status_t status = asking_begin(set, &asking);
	bool waits;

	if (status != STATUS_OK)
		return status;
	spinlock_take(&set->lock);
	status = set->removed ? STATUS_EIDRM : operate_all(set, &asking);
	waits = asking.waits = has_to_wait(&asking, status);
	if (waits)
		list_push_back(&set->asking, &asking.node);
	spinlock_give(&set->lock);
	if (waits)
		return wait_for(set, &asking, deadline_ns);
	if (status == STATUS_OK && asking.alters)
		others_go_on(set);
	return status;
}

status_t linux_sem_assign(struct thread *thread, struct linux_sem_set *set, int number, const uint16_t *values)
{
	unsigned first = number < 0 ? 0 : (unsigned)number;
	unsigned count = number < 0 ? set->count : 1;
	status_t status = STATUS_EIDRM;

	spinlock_take(&set->lock);
	if (!set->removed) {
		for (unsigned i = 0; i < count; i++)
			set->sems[first + i] = (struct linux_sem){ values[i], thread->process->number };
		for (struct list_node *node = set->undos.next; node != &set->undos; node = node->next)
			memset(&LIST_OWNER(node, struct undo, node)->changes[first], 0, count * sizeof(int16_t));
		set->changed = linux_ipc_now_s();
		status = STATUS_OK;
	}
	spinlock_give(&set->lock);
	others_go_on(set);
	return status;
}

unsigned linux_sem_waiting(struct linux_sem_set *set, unsigned number, bool for_zero)
{
	unsigned waiting = 0;

	spinlock_take(&set->lock);
	for (struct list_node *node = set->asking.next; node != &set->asking; node = node->next) {
		const struct asking *asking = LIST_OWNER(node, struct asking, node);
		const struct linux_sem_op *op = &asking->ops[asking->blocking];

		waiting += op->number == number && (for_zero ? op->change == 0 : op->change < 0);
	}
	spinlock_give(&set->lock);
	return waiting;
}

/* Context: under the kind's lock. */
static bool undoes_in(const struct linux_ipc *ipc, const void *process)
{
	struct linux_sem_set *set = linux_sem_set_of(ipc);
	bool does;

	spinlock_take(&set->lock);
	does = undo_find(set, process) != NULL;
	spinlock_give(&set->lock);
	return does;
}

static void undo_do(struct linux_sem_set *set, const struct process *process)
{
	struct undo *undo;

	spinlock_take(&set->lock);
	undo = undo_find(set, process);
	if (undo != NULL)
		list_remove(&undo->node);
	for (unsigned i = 0; undo != NULL && i < set->count; i++) {
		int value = set->sems[i].value + undo->changes[i];

		if (undo->changes[i] == 0)
			continue;
		set->sems[i].value = (uint16_t)(value < 0 ? 0 : value > LINUX_SEM_VALUE_MAX ? LINUX_SEM_VALUE_MAX : value);
		set->sems[i].process = process->number;
	}
	if (undo != NULL)
		set->operated = linux_ipc_now_s();
	spinlock_give(&set->lock);
	undo_free(set, undo);
	others_go_on(set);
}

void linux_sem_exited(struct process *process)
{
	const struct linux_root *root = process->personality->root;
	struct linux_ipc *ipc;

	while (process->personality->undoes) {
		spinlock_take(&linux_sem_sets.lock);
		ipc = linux_ipc_find(&linux_sem_sets, root, undoes_in, process);
		if (ipc != NULL)
			atomic_fetch_add_explicit(&ipc->holds, 1, memory_order_relaxed);
		spinlock_give(&linux_sem_sets.lock);
		process->personality->undoes = ipc != NULL;
		if (ipc == NULL)
			return;
		undo_do(linux_sem_set_of(ipc), process);
		linux_ipc_put(&linux_sem_sets, ipc);
	}
}

static bool fits(const struct linux_ipc *ipc, uint64_t size)
{
	return size <= linux_sem_set_of(ipc)->count;
}

static status_t set_make(struct thread *thread, const struct linux_ipc_asked *asked, struct linux_ipc **out)
{
	struct linux_sem_set *set;

	if (asked->size == 0)
		return STATUS_EINVAL;
	*out = linux_ipc_alloc(thread, sizeof(*set) + (size_t)asked->size * sizeof(struct linux_sem));
	if (*out == NULL)
		return STATUS_ENOMEM;
	set = linux_sem_set_of(*out);
	set->count = (uint32_t)asked->size;
	set->changed = linux_ipc_now_s();
	list_init(&set->asking);
	list_init(&set->undos);
	return STATUS_OK;
}

/* Nobody waits any more: who does holds it. */
static void set_free(struct linux_ipc *ipc)
{
	struct linux_sem_set *set = linux_sem_set_of(ipc);

	for (struct list_node *first; (first = list_pop_front(&set->undos)) != NULL;)
		undo_free(set, LIST_OWNER(first, struct undo, node));
	linux_ipc_free(ipc);
}

static bool set_remove(struct linux_ipc *ipc)
{
	struct linux_sem_set *set = linux_sem_set_of(ipc);

	spinlock_take(&set->lock);
	set->removed = true;
	spinlock_give(&set->lock);
	return true;
}

static void set_changed(struct linux_ipc *ipc)
{
	others_go_on(linux_sem_set_of(ipc));
}

static status_t set_set(struct thread *thread, struct linux_ipc *ipc, const void *told)
{
	struct linux_sem_set *set = linux_sem_set_of(ipc);

	(void)thread;
	(void)told;
	spinlock_take(&set->lock);
	set->changed = linux_ipc_now_s();
	spinlock_give(&set->lock);
	return STATUS_OK;
}

struct linux_ipc_kind linux_sem_sets = {
	.limit = LINUX_SEMS_MAX, .stat = LINUX_SEM_STAT, .told_bytes = LINUX_SEM_TOLD_BYTES,
	.heading = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime",
	.make = set_make, .free = set_free, .fits = fits, .remove = set_remove, .changed = set_changed, .tell = linux_sem_tell, .set = set_set,
	.info = linux_sem_info, .line = linux_sem_line, .all = LIST_INIT(linux_sem_sets.all), .last_index = -1,
};

void linux_sem_forget(const struct linux_root *root)
{
	linux_ipc_forget(&linux_sem_sets, root);
}
