// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * From the stack pointer upwards: argc, pointers to arguments, 0, pointers to variables, 0, the auxiliary vector; random bytes, the platform's name, arguments,
 * variables, the program's path, 8 bytes of zero.
 *
 * Spec: System V ABI, "Process Initialization"; getauxval(3); Linux include/uapi/linux/auxvec.h
 */
#include "kernel/sys/linux/stack.h"

#include <assert.h>
#include <stdbool.h>

#include "hal/contract/user.h"
#include "kernel/core/entropy.h"
#include "kernel/core/libc.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/load.h"
#include "kernel/sys/linux/mm_pages.h"
#include "kernel/sys/thread.h"
#include "kernel/sys/linux/thread.h"
#include "lib/bits.h"
#include "lib/string.h"

enum {
	AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_FLAGS = 8, AT_ENTRY = 9, AT_UID = 11, AT_EUID = 12,
	AT_GID = 13, AT_EGID = 14, AT_PLATFORM = 15, AT_HWCAP = 16, AT_CLKTCK = 17, AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2 = 26, AT_EXECFN = 31,
	AT_SYSINFO_EHDR = 33, AT_MINSIGSTKSZ = 51,
};

enum { RANDOM_BYTES = 16, CLOCK_TICKS = 100, SIGNAL_STACK_BYTES = 4720 /* Linux's, without SVE */, WORDS = 64 };

static const char platform[8] = "aarch64";

status_t linux_strings_reserve(struct linux_strings *strings, size_t bytes)
{
	size_t room = strings->room != 0 ? strings->room : HAL_PAGE_BYTES;
	char *memory;

	if (bytes > LINUX_STRINGS_MAX - strings->bytes)
		return STATUS_E2BIG;
	while (room < strings->bytes + bytes)
		room *= 2;
	if (room == strings->room)
		return STATUS_OK;
	memory = realloc(strings->memory, room);
	if (memory == NULL)
		return STATUS_ENOMEM;
	strings->memory = memory;
	strings->room = room;
	return STATUS_OK;
}

status_t linux_strings_add(struct linux_strings *strings, const char *string, size_t bytes)
{
	status_t status = linux_strings_reserve(strings, bytes);

	if (status != STATUS_OK)
		return status;
	memcpy(strings->memory + strings->bytes, string, bytes);
	strings->bytes += bytes;
	return STATUS_OK;
}

status_t linux_strings_add_first(struct linux_strings *strings, const char *string)
{
	size_t bytes = strlen(string) + 1;
	status_t status = linux_strings_reserve(strings, bytes);

	if (status != STATUS_OK)
		return status;
	memmove(strings->memory + bytes, strings->memory, strings->bytes);
	memcpy(strings->memory, string, bytes);
	strings->bytes += bytes;
	strings->argc++;
	return STATUS_OK;
}

void linux_strings_drop_first(struct linux_strings *strings)
{
	size_t bytes = strlen(strings->memory) + 1;

	strings->bytes -= bytes;
	memmove(strings->memory, strings->memory + bytes, strings->bytes);
	strings->argc--;
}

void linux_strings_free(struct linux_strings *strings)
{
	free(strings->memory);
	memset(strings, 0, sizeof(*strings));
}

/* Words written one after the other, several at a time. */
struct words {
	struct thread *thread;
	uint64_t va;
	unsigned count;
	status_t status;
	uint64_t held[WORDS];
};

static void words_flush(struct words *words)
{
	if (words->status == STATUS_OK)
		words->status = linux_copy_out(words->thread, words->va, words->held, words->count * sizeof(words->held[0]));
	words->va += words->count * sizeof(words->held[0]);
	words->count = 0;
}

static void word_add(struct words *words, uint64_t word)
{
	words->held[words->count++] = word;
	if (words->count == WORDS)
		words_flush(words);
}

/* Where things of the upper part lie. */
struct places {
	uint64_t name_va, strings_va, platform_va, random_va;
};

static unsigned auxv_make(const struct linux_identity *identity, const struct linux_program *program, const struct places *places, uint64_t vdso_va, uint64_t *to)
{
	const struct elf_plan *plan = &program->main.plan;
	struct hal_user_features features = hal_user_features();
	const uint64_t vector[][2] = {
		{ AT_SYSINFO_EHDR, vdso_va },
		{ AT_MINSIGSTKSZ, SIGNAL_STACK_BYTES },
		{ AT_HWCAP, features.hwcap },
		{ AT_PAGESZ, HAL_PAGE_BYTES },
		{ AT_CLKTCK, CLOCK_TICKS },
		{ AT_PHDR, plan->phdr_va },
		{ AT_PHENT, plan->phdr_bytes },
		{ AT_PHNUM, plan->phdr_count },
		{ AT_BASE, program->interpreter.content.len != 0 ? program->interpreter.plan.load_bias : 0 },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, plan->entry_va },
		{ AT_UID, identity->user.real },
		{ AT_EUID, identity->user.effective },
		{ AT_GID, identity->group.real },
		{ AT_EGID, identity->group.effective },
		{ AT_SECURE, identity->acts_for_another },
		{ AT_RANDOM, places->random_va },
		{ AT_HWCAP2, features.hwcap2 },
		{ AT_EXECFN, places->name_va },
		{ AT_PLATFORM, places->platform_va },
		{ AT_NULL, 0 },
	};

	static_assert(sizeof(vector) / sizeof(vector[0]) <= LINUX_AUXV_MAX, "struct linux_mm");
	memcpy(to, vector, sizeof(vector));
	return sizeof(vector) / sizeof(uint64_t);
}

/* Pointers to `count` strings of those from `*at` on, and 0. */
static void pointers_add(struct words *words, const struct linux_strings *strings, uint32_t count, uint64_t strings_va, size_t *at)
{
	for (uint32_t i = 0; i < count; i++) {
		word_add(words, strings_va + *at);
		*at += strlen(strings->memory + *at) + 1;
	}
	word_add(words, 0);
}

static status_t upper_fill(struct thread *thread, const struct linux_strings *strings, const char *name, struct places *places, uint64_t *below)
{
	static const uint64_t zero;
	uint8_t random[RANDOM_BYTES];
	uint64_t top = linux_mm_of(thread->process)->stack_top - sizeof(zero);
	status_t status = linux_copy_out(thread, top, &zero, sizeof(zero));

	places->name_va = top - (strlen(name) + 1);
	places->strings_va = places->name_va - strings->bytes;
	places->platform_va = bits_align_down(places->strings_va - sizeof(platform), 16);
	places->random_va = places->platform_va - RANDOM_BYTES;
	*below = places->random_va;
	entropy_draw(random, sizeof(random));
	if (status == STATUS_OK)
		status = linux_copy_out(thread, places->name_va, name, strlen(name) + 1);
	if (status == STATUS_OK && strings->bytes > 0)
		status = linux_copy_out(thread, places->strings_va, strings->memory, strings->bytes);
	if (status == STATUS_OK)
		status = linux_copy_out(thread, places->platform_va, platform, sizeof(platform));
	return status == STATUS_OK ? linux_copy_out(thread, places->random_va, random, sizeof(random)) : status;
}

status_t linux_stack_fill(struct thread *thread, const struct linux_strings *strings, const char *name, const struct linux_program *program,
			  uint64_t vdso_va)
{
	struct linux_mm *mm = linux_mm_of(thread->process);
	struct words words = { .thread = thread };
	uint64_t auxv[2 * LINUX_AUXV_MAX] = { 0 };
	struct places places;
	uint64_t below;
	unsigned auxv_words;
	size_t at = 0;

	words.status = upper_fill(thread, strings, name, &places, &below);
	auxv_words = auxv_make(&thread->personality->identity, program, &places, vdso_va, auxv);
	spinlock_take(&mm->lock);
	memcpy(mm->auxv, auxv, sizeof(auxv));
	spinlock_give(&mm->lock);
	words.va = bits_align_down(below - (1 + strings->argc + 1 + strings->envc + 1 + auxv_words) * sizeof(uint64_t), 16);
	thread->user.sp = words.va;
	word_add(&words, strings->argc);
	pointers_add(&words, strings, strings->argc, places.strings_va, &at);
	pointers_add(&words, strings, strings->envc, places.strings_va, &at);
	for (unsigned i = 0; i < auxv_words; i++)
		word_add(&words, auxv[i]);
	words_flush(&words);
	return words.status;
}
