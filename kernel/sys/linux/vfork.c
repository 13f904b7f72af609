// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/vfork.h"

#include <stdint.h>

#include "kernel/core/libc.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"

enum { PIECES = 16, PIECE_WORDS = 64, WORD_BYTES = sizeof(uint32_t), PIECE_BYTES = PIECE_WORDS * WORD_BYTES };

/* W: the maker, before the child begins; the child, until it has ended. One that begins another program frees it before its maker goes on. */
struct linux_vfork {
	uint64_t va;
	unsigned pieces;          /* that are there: the stack may end */
	uint64_t changed[PIECES]; /* a bit for each word that the child has changed: what other threads of its maker store besides stays */
	uint32_t words[PIECES][PIECE_WORDS];
};

status_t linux_vfork_lend(struct thread *thread, struct process *child)
{
	struct linux_vfork *made;

	if (!process_pay(child, sizeof(*made)))
		return STATUS_ENOMEM;
	made = calloc(1, sizeof(*made));
	if (made == NULL) {
		process_pay_back(child, sizeof(*made));
		return STATUS_ENOMEM;
	}
	made->va = thread->user.sp & ~(uint64_t)(WORD_BYTES - 1);
	child->personality->lent = made;
	return STATUS_OK;
}

void linux_vfork_begin(struct thread *thread)
{
	struct linux_vfork *lent = thread->process->personality->lent;

	if (lent == NULL)
		return;
	while (lent->pieces < PIECES && linux_copy_in(thread, lent->words[lent->pieces], lent->va + lent->pieces * PIECE_BYTES, PIECE_BYTES) == STATUS_OK)
		lent->pieces++;
}

void linux_vfork_free(struct process *process)
{
	struct linux_vfork *lent = process->personality->lent;

	if (lent == NULL)
		return;
	process->personality->lent = NULL;
	process_pay_back(process, sizeof(*lent));
	free(lent);
}

void linux_vfork_tell(struct thread *thread)
{
	struct linux_vfork *lent = thread->process->personality->lent;
	uint32_t now[PIECE_WORDS];

	if (lent == NULL)
		return;
	for (unsigned i = 0; i < lent->pieces; i++) {
		if (linux_copy_in(thread, now, lent->va + i * PIECE_BYTES, sizeof(now)) != STATUS_OK)
			continue;
		for (unsigned word = 0; word < PIECE_WORDS; word++) {
			lent->changed[i] |= (uint64_t)(now[word] != lent->words[i][word]) << word;
			lent->words[i][word] = now[word];
		}
	}
}

void linux_vfork_hear(struct thread *thread, const struct process *child)
{
	const struct linux_vfork *lent = child->personality->lent;

	if (lent == NULL)
		return;
	for (unsigned i = 0; i < lent->pieces; i++)
		for (unsigned word = 0; word < PIECE_WORDS; word++)
			if (lent->changed[i] >> word & 1)
				(void)!linux_copy_out(thread, lent->va + i * PIECE_BYTES + word * WORD_BYTES, &lent->words[i][word], WORD_BYTES);
}
