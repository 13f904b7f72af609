// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/family.h"

#include <stddef.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/cpu_time.h"
#include "kernel/sys/linux/terminal.h"
#include "kernel/sys/linux/thread.h"

struct spinlock linux_family_lock;
static struct list_node families = LIST_INIT(families); /* W: under the lock. By number */

static struct linux_family *family_of(const struct process *process)
{
	return process->personality->family;
}

static struct linux_family *family_at(struct list_node *node)
{
	return LIST_OWNER(node, struct linux_family, of_all);
}

static unsigned pid_of(const struct linux_family *family)
{
	return family->process->number;
}

uint64_t linux_family_stamp(const struct linux_family *family)
{
	return (uint64_t)atomic_load_explicit(&family->user, memory_order_relaxed) << 32 | family->process->number;
}

status_t linux_family_enter(struct process *process, struct process *parent, int exit_signal)
{
	struct linux_family *family = calloc(1, sizeof(*family));
	const struct linux_family *of = parent != NULL ? family_of(parent) : NULL;

	if (family == NULL)
		return STATUS_ENOMEM;
	linux_event_init(&family->changed);
	list_init(&family->children);
	list_init(&family->of_parent);
	family->process = process;
	family->exit_signal = exit_signal;
	process->personality->family = family;
	(void)object_hold(&process->object); /* the list's */
	spinlock_take(&linux_family_lock);
	atomic_init(&family->user, of != NULL ? atomic_load_explicit(&of->user, memory_order_relaxed) : 0);
	family->top = of != NULL ? of->top : process->number;
	family->group = of != NULL ? of->group : process->number;
	family->session = of != NULL ? of->session : process->number;
	family->left_terminal = of != NULL && of->left_terminal;
	if (parent != NULL) {
		family->parent = family_of(parent);
		atomic_store_explicit(&family->parent_number, parent->number, memory_order_relaxed);
		list_push_back(&family->parent->children, &family->of_parent);
	}
	list_push_back(&families, &family->of_all);
	spinlock_give(&linux_family_lock);
	return STATUS_OK;
}

/* Under the lock; its hold of the process is the caller's then. */
void linux_family_remove(struct linux_family *family)
{
	list_remove(&family->of_all);
	list_remove(&family->of_parent);
	family->parent = NULL;
}

void linux_family_abandon(struct process *process)
{
	spinlock_take(&linux_family_lock);
	linux_family_remove(family_of(process));
	spinlock_give(&linux_family_lock);
	object_put(&process->object);
}

static int status_of(const struct process *process)
{
	return process->end == PROCESS_EXITED ? (int)(process->code & 0xff) << 8 : process->fault.signal & 0x7f;
}

/* What a parent is told of its child, who to tell, and by what signal. */
struct news {
	struct process *parent; /* held; NULL: nobody */
	int signal;
	struct linux_siginfo info;
};

/* Under the lock. */
static void news_make(const struct linux_family *family, int signal, int code, int status, struct news *news)
{
	struct linux_family *parent = family->parent;

	news->parent = NULL;
	if (parent == NULL || !object_hold(&parent->process->object))
		return;
	news->parent = parent->process;
	news->signal = signal;
	news->info = (struct linux_siginfo){
		.signo = signal, .code = code, .fields = { linux_family_stamp(family), (uint32_t)status, family->cpu_ns / 10000000 },
	};
}

static void news_tell(struct news *news)
{
	if (news->parent == NULL)
		return;
	if (news->signal != 0)
		linux_signal_process(news->parent, news->signal, &news->info);
	linux_event_raise(&family_of(news->parent)->changed);
	object_put(&news->parent->object);
}

static bool action_has(struct process *process, uint64_t flag)
{
	struct linux_handlers *handlers = &process->personality->handlers;
	const struct linux_action *action = &handlers->actions[LINUX_SIGCHLD - 1];
	bool has;

	spinlock_take(&handlers->lock);
	has = (action->flags & flag) != 0 || (flag == LINUX_SA_NOCLDWAIT && action->handler == LINUX_SIG_IGN);
	spinlock_give(&handlers->lock);
	return has;
}

/* Whether nobody will ask how it ended. Under the lock. */
static bool is_unwanted(const struct linux_family *family)
{
	return family->parent == NULL ||
	       (family->exit_signal == LINUX_SIGCHLD && action_has(family->parent->process, LINUX_SA_NOCLDWAIT));
}

/* One that has ended is told of, and goes where nobody will ask: then true, and the list's hold is the caller's. Under the lock. */
static bool end_settle(struct linux_family *family, struct news *news)
{
	int killed = family->status & 0x7f;
	bool unwanted = is_unwanted(family);

	news_make(family, family->exit_signal, killed != 0 ? LINUX_CLD_KILLED : LINUX_CLD_EXITED, killed != 0 ? killed : family->status >> 8, news);
	if (unwanted)
		linux_family_remove(family);
	return unwanted;
}

/* Who has asked for what outlives its parents, nearest above one; NULL: nobody has. Under the lock. Spec: prctl(2): PR_SET_CHILD_SUBREAPER */
static struct linux_family *reaper_of(const struct linux_family *family)
{
	struct linux_family *reaper = family->parent;

	while (reaper != NULL && !reaper->reaps)
		reaper = reaper->parent;
	return reaper;
}

/* A child that has lost its parent: without a reaper one that has ended goes with it. Returns the process, held, where it is to be signalled or put. */
static struct process *child_release(struct linux_family *child, bool *ended, int *signal, struct news *news)
{
	struct linux_family *reaper = reaper_of(child->parent);
	struct process *process = child->process;

	*ended = child->ended;
	*signal = child->death_signal;
	list_remove(&child->of_parent);
	child->parent = reaper;
	child->exit_signal = LINUX_SIGCHLD; /* whatever its maker chose */
	if (reaper != NULL)
		list_push_back(&reaper->children, &child->of_parent);
	/* Without one as if the family's first were init. */
	atomic_store_explicit(&child->parent_number, reaper != NULL ? pid_of(reaper) : child->top, memory_order_relaxed);
	if (child->ended && end_settle(child, news))
		return process;
	return object_hold(&process->object) ? process : NULL;
}

static bool group_stands(unsigned group)
{
	struct process *process;
	bool stands = false;

	for (unsigned after = 0; !stands && (process = linux_family_next(NULL, after, group)) != NULL; object_put(&process->object)) {
		after = process->number;
		stands = atomic_load_explicit(&process->personality->handlers.stopped, memory_order_relaxed) != 0;
	}
	return stands;
}

/* Somebody has gone by whom the group might have been let go on, if it stands still. Spec: POSIX.1-2017, _Exit(), "Consequences of Process Termination" */
static void orphaned_tell(unsigned group)
{
	if (!group_stands(group) || !linux_group_is_orphaned(group))
		return;
	linux_signal_group(group, LINUX_SIGHUP, NULL);
	linux_signal_group(group, LINUX_SIGCONT, NULL);
}

/* Whether a group is not orphaned for the sake of this parent and child. Under the lock. */
static bool is_link(const struct linux_family *parent, const struct linux_family *child)
{
	return parent != NULL && parent->group != child->group && parent->session == child->session;
}

static void children_release(struct linux_family *family)
{
	for (;;) {
		struct news news = { .parent = NULL };
		struct process *process = NULL;
		unsigned group = 0;
		bool ended = false;
		int signal = 0;
		bool more;

		spinlock_take(&linux_family_lock);
		family->reaps = false; /* from now on what others leave would stay with it */
		more = !list_is_empty(&family->children);
		if (more) {
			struct linux_family *child = LIST_OWNER(family->children.next, struct linux_family, of_parent);

			group = is_link(family, child) ? child->group : 0;
			process = child_release(child, &ended, &signal, &news);
		}
		spinlock_give(&linux_family_lock);
		if (!more)
			return;
		news_tell(&news);
		if (process == NULL)
			continue;
		if (!ended && signal != 0)
			linux_signal_process(process, signal, NULL);
		if (group != 0)
			orphaned_tell(group);
		object_put(&process->object);
	}
}

/* All that came of a process that was started from the manifest. */
static void descendants_kill(struct process *top)
{
	struct process *process;

	for (unsigned after = top->number; (process = linux_family_next(top, after, 0)) != NULL; object_put(&process->object)) {
		after = process->number;
		linux_signal_process(process, LINUX_SIGKILL, NULL);
	}
}

void linux_family_end(struct process *process)
{
	struct linux_family *family = family_of(process);
	struct news news;
	unsigned group;
	bool unwanted;

	if (family->top == process->number)
		descendants_kill(process);
	linux_terminal_leader_ended(process);
	children_release(family);
	spinlock_take(&linux_family_lock);
	family->status = status_of(process);
	family->cpu_ns = linux_cpu_time_process(process);
	family->ended = true;
	group = is_link(family->parent, family) ? family->group : 0;
	unwanted = end_settle(family, &news);
	spinlock_give(&linux_family_lock);
	linux_event_raise(&family->changed); /* its parent may wait in vfork for it */
	news_tell(&news);
	if (group != 0)
		orphaned_tell(group);
	if (unwanted)
		object_put(&process->object);
}

static void child_changed(struct process *process, int code, int status)
{
	struct linux_family *family = family_of(process);
	struct news news;

	spinlock_take(&linux_family_lock);
	family->stop_signal = code == LINUX_CLD_STOPPED ? status : 0;
	family->continued = code == LINUX_CLD_CONTINUED;
	news_make(family, LINUX_SIGCHLD, code, status, &news);
	spinlock_give(&linux_family_lock);
	if (news.parent != NULL && action_has(news.parent, LINUX_SA_NOCLDSTOP))
		news.signal = 0;
	news_tell(&news);
}

void linux_family_stopped(struct process *process, int signal)
{
	child_changed(process, LINUX_CLD_STOPPED, signal);
}

void linux_family_continued(struct process *process)
{
	child_changed(process, LINUX_CLD_CONTINUED, LINUX_SIGCONT);
}

void linux_family_executed(struct process *process)
{
	struct linux_family *family = family_of(process);

	spinlock_take(&linux_family_lock);
	family->executed = true;
	spinlock_give(&linux_family_lock);
	linux_event_raise(&family->changed);
}

unsigned linux_family_group(const struct process *process)
{
	return family_of(process)->group;
}

unsigned linux_family_session(const struct process *process)
{
	return family_of(process)->session;
}

unsigned linux_group_session(unsigned group)
{
	unsigned session = 0;

	spinlock_take(&linux_family_lock);
	for (struct list_node *node = families.next; node != &families && session == 0; node = node->next)
		if (family_at(node)->group == group)
			session = family_at(node)->session;
	spinlock_give(&linux_family_lock);
	return session;
}

bool linux_group_is_orphaned(unsigned group)
{
	bool orphaned = true;

	spinlock_take(&linux_family_lock);
	for (struct list_node *node = families.next; node != &families && orphaned; node = node->next) {
		const struct linux_family *family = family_at(node);

		orphaned = family->group != group || family->ended || family->parent == NULL || family->parent->group == group ||
			   family->parent->session != family->session;
	}
	spinlock_give(&linux_family_lock);
	return orphaned;
}

struct process *linux_family_next(const struct process *asking, unsigned after, unsigned group)
{
	struct process *found = NULL;

	spinlock_take(&linux_family_lock);
	for (struct list_node *node = families.next; node != &families && found == NULL; node = node->next) {
		const struct linux_family *family = family_at(node);

		if ((asking == NULL || family->top == family_of(asking)->top) && pid_of(family) > after && (group == 0 || family->group == group) &&
		    object_hold(&family->process->object))
			found = family->process;
	}
	spinlock_give(&linux_family_lock);
	return found;
}

struct process *linux_family_find(const struct process *asking, unsigned pid)
{
	struct process *process = pid != 0 ? linux_family_next(asking, pid - 1, 0) : NULL;

	if (process == NULL || process->number == pid)
		return process;
	object_put(&process->object);
	return NULL;
}

static struct thread *thread_find(struct process *process, unsigned tid)
{
	struct thread *found = NULL;

	spinlock_take(&process->lock);
	for (struct list_node *node = process->threads.next; node != &process->threads && found == NULL; node = node->next) {
		struct thread *thread = LIST_OWNER(node, struct thread, of_process);

		if (thread->personality->tid == tid && object_hold(&thread->object))
			found = thread;
	}
	spinlock_give(&process->lock);
	return found;
}

unsigned linux_thread_next(struct process *process, unsigned after)
{
	unsigned next = after < process->number ? process->number : 0;

	spinlock_take(&process->lock);
	for (struct list_node *node = process->threads.next; node != &process->threads; node = node->next) {
		unsigned tid = LIST_OWNER(node, struct thread, of_process)->personality->tid;

		next = tid > after && (next == 0 || tid < next) ? tid : next;
	}
	spinlock_give(&process->lock);
	return next;
}

struct thread *linux_family_thread(const struct process *asking, unsigned pid, unsigned tid)
{
	struct thread *found = NULL;
	struct process *process;

	for (unsigned after = 0; found == NULL && (process = linux_family_next(asking, after, 0)) != NULL; object_put(&process->object)) {
		after = process->number;
		if (pid == 0 || pid == process->number)
			found = thread_find(process, tid);
	}
	return found;
}
