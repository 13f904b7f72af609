// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/words.h"

#include <stdatomic.h>

#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/stack.h"
#include "kernel/sys/linux/text.h"
#include "lib/string.h"

enum { EACH_MAX = 2000 };

struct linux_words {
	_Atomic uint32_t holds;
	struct budget *budget; /* held */
	size_t bytes[2];       /* of the arguments, of the environment, which follow each other */
	char text[];
};

static void words_put(struct linux_words *words)
{
	struct budget *budget;
	size_t charged;

	if (words == NULL || atomic_fetch_sub_explicit(&words->holds, 1, memory_order_acq_rel) != 1)
		return;
	budget = words->budget;
	charged = sizeof(*words) + words->bytes[0] + words->bytes[1];
	free(words);
	budget_credit_bytes(budget, charged);
	budget_put(budget);
}

/* Held; NULL: there are none. */
static struct linux_words *words_of(struct process *process)
{
	struct linux_words *words;

	spinlock_take(&process->lock);
	words = process->personality->words;
	if (words != NULL)
		atomic_fetch_add_explicit(&words->holds, 1, memory_order_relaxed);
	spinlock_give(&process->lock);
	return words;
}

/* Takes over a hold; NULL: none. */
static void words_change(struct process *process, struct linux_words *words)
{
	struct linux_words *old;

	spinlock_take(&process->lock);
	old = process->personality->words;
	process->personality->words = words;
	spinlock_give(&process->lock);
	words_put(old);
}

/* With one hold; NULL: memory is out. */
static struct linux_words *words_make(struct budget *budget, const char *from, const size_t bytes[2])
{
	size_t first = bytes[0] < EACH_MAX ? bytes[0] : EACH_MAX;
	size_t second = bytes[1] < EACH_MAX ? bytes[1] : EACH_MAX;
	struct linux_words *words;

	if (!budget_charge_bytes(budget, sizeof(*words) + first + second))
		return NULL;
	words = malloc(sizeof(*words) + first + second);
	if (words == NULL) {
		budget_credit_bytes(budget, sizeof(*words) + first + second);
		return NULL;
	}
	atomic_init(&words->holds, 1);
	budget_hold(budget);
	words->budget = budget;
	words->bytes[0] = first;
	words->bytes[1] = second;
	memcpy(words->text, from, first);
	memcpy(words->text + first, from + bytes[0], second);
	return words;
}

void linux_words_set(struct process *process, const struct linux_strings *strings)
{
	size_t end = 0;

	for (uint32_t i = 0; i < strings->argc; i++)
		end += strlen(strings->memory + end) + 1;
	words_change(process, words_make(process->budget, strings->memory, (const size_t[2]){ end, strings->bytes - end }));
}

void linux_words_share(struct process *from, struct process *to)
{
	words_change(to, words_of(from));
}

void linux_words_forget(struct process *process)
{
	words_change(process, NULL);
}

static void words_tell(struct linux_text *text, struct process *of, unsigned which)
{
	struct linux_words *words = words_of(of);

	if (words == NULL)
		return;
	text->sink.write(&text->sink, words->text + (which > 0 ? words->bytes[0] : 0), words->bytes[which]);
	words_put(words);
}

void linux_pid_cmdline(struct linux_text *text, struct process *of)
{
	words_tell(text, of, 0);
}

void linux_pid_environ(struct linux_text *text, struct process *of)
{
	words_tell(text, of, 1);
}
