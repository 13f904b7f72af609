// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/pending.h"

#include <stddef.h>

#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"

bool linux_pending_charge(struct linux_pending_info *info, struct budget *budget)
{
	if (!budget_charge_bytes(budget, kheap_takes(sizeof(*info))))
		return false;
	budget_hold(budget);
	info->budget = budget;
	return true;
}

void linux_pending_free(struct linux_pending_info *info)
{
	if (info != NULL && info->budget != NULL) {
		budget_credit_bytes(info->budget, kheap_takes(sizeof(*info)));
		budget_put(info->budget);
	}
	free(info);
}

int linux_pending_first(uint64_t set)
{
	if ((set & LINUX_SIGNALS_SYNCHRONOUS) != 0)
		set &= LINUX_SIGNALS_SYNCHRONOUS;
	return set != 0 ? __builtin_ctzl(set) + 1 : 0;
}

bool linux_pending_add(uint64_t *pending, struct list_node *queue, int signal, struct linux_pending_info *info)
{
	bool is_timers = info != NULL && info->info.code == LINUX_SI_TIMER;

	if (signal < LINUX_SIGRTMIN && (*pending & LINUX_SIGNAL_BIT(signal)) != 0 && !is_timers) {
		linux_pending_free(info);
		return false;
	}
	*pending |= LINUX_SIGNAL_BIT(signal);
	if (info != NULL)
		list_push_back(queue, &info->node);
	return true;
}

/* The oldest from `node` on that is about `signal`. */
static struct linux_pending_info *info_find(const struct list_node *queue, struct list_node *node, int signal)
{
	for (; node != queue; node = node->next) {
		struct linux_pending_info *info = LIST_OWNER(node, struct linux_pending_info, node);

		if (info->info.signo == signal)
			return info;
	}
	return NULL;
}

struct linux_pending_info *linux_pending_take(uint64_t *pending, struct list_node *queue, int signal)
{
	struct linux_pending_info *info = info_find(queue, queue->next, signal);

	if (info == NULL || info_find(queue, info->node.next, signal) == NULL)
		*pending &= ~LINUX_SIGNAL_BIT(signal);
	if (info != NULL)
		list_remove(&info->node);
	return info;
}

unsigned linux_pending_forget(uint64_t *pending, struct list_node *queue, uint64_t set)
{
	struct list_node *next;
	unsigned freed = 0;

	*pending &= ~set;
	for (struct list_node *node = queue->next; node != queue; node = next) {
		struct linux_pending_info *info = LIST_OWNER(node, struct linux_pending_info, node);

		next = node->next;
		if ((set & LINUX_SIGNAL_BIT(info->info.signo)) == 0)
			continue;
		list_remove(node);
		linux_pending_free(info);
		freed++;
	}
	return freed;
}

static const char names[LINUX_SIGRTMIN][10] = {
	"a signal", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2",
	"SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU",
	"SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
};

const char *linux_signal_name(int signal)
{
	return signal < LINUX_SIGRTMIN ? names[signal] : "a real-time signal";
}
