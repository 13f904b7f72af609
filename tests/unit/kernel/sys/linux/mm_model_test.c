// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Memory of Linux processes: each byte is what was written to it by who may, whatever is mapped, moved, protected, forgotten and forked. */
#include "kernel/sys/linux/mm_pages.h"
#include "tests/unit/kernel/io/fs/world.h"
#include "tests/unit/kernel/sys/linux/world.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

enum { PAGE = 4096, READ_WRITE = LINUX_PROT_READ | LINUX_PROT_WRITE, BUDGET = 2000 };
enum { PRIVATE = LINUX_MAP_PRIVATE, SHARED = LINUX_MAP_SHARED };

static const struct linux_backing nothing;

/* A window of pages in which everything happens by chance, beside a model of what each page is. */
enum { WINDOW = 48, STEPS = 60000 };
#define WINDOW_VA 0x100000000ul

struct model_page {
	bool is_mapped;
	unsigned protection;
	uint8_t value;   /* of its first byte; private */
	uint8_t *shared; /* where it is instead */
};

struct model {
	struct process *process;
	struct model_page pages[WINDOW];
};

static uint8_t cells[1 << 16]; /* of shared memory; never used again */
static unsigned cells_used;

static unsigned random_protection(struct random *random)
{
	static const unsigned choices[] = { 0, LINUX_PROT_READ, READ_WRITE, READ_WRITE, READ_WRITE };

	return choices[random_below(random, 5)];
}

static void step_map(struct model *model, struct random *random, unsigned from, unsigned count)
{
	bool is_shared = random_below(random, 4) == 0 && cells_used + count < sizeof(cells);
	unsigned protection = random_protection(random);
	int64_t at = linux_mm_map(model->process, WINDOW_VA + from * PAGE, count * PAGE, protection,
				  LINUX_MAP_FIXED | (is_shared ? SHARED : PRIVATE), &nothing);

	CU_ASSERT_EQUAL_FATAL(at, (int64_t)(WINDOW_VA + from * PAGE));
	for (unsigned i = from; i < from + count; i++)
		model->pages[i] = (struct model_page){ true, protection, 0, is_shared ? &cells[cells_used++] : NULL };
}

/* As far as the first hole. */
static void step_protect(struct model *model, struct random *random, unsigned from, unsigned count)
{
	unsigned protection = random_protection(random);
	unsigned end = from;

	while (end < from + count && model->pages[end].is_mapped)
		model->pages[end++].protection = protection;
	CU_ASSERT_EQUAL(linux_mm_protect(model->process, WINDOW_VA + from * PAGE, count * PAGE, protection),
			end == from + count ? STATUS_OK : STATUS_ENOMEM);
}

static void step_access(struct model *model, struct random *random, unsigned at)
{
	struct model_page *page = &model->pages[at];
	uint8_t *value = page->shared != NULL ? page->shared : &page->value;
	uint8_t seen = 0;
	status_t status = STATUS_OK;

	if (random_below(random, 2)) {
		bool done = world_load(model->process, WINDOW_VA + at * PAGE, &seen, &status);

		CU_ASSERT_EQUAL_FATAL(done, page->is_mapped && page->protection != 0);
		CU_ASSERT_FATAL(!done || seen == *value);
	} else {
		uint8_t wanted = (uint8_t)random_next(random);
		bool done = world_store(model->process, WINDOW_VA + at * PAGE, wanted, &status);

		CU_ASSERT_EQUAL_FATAL(done, page->is_mapped && (page->protection & LINUX_PROT_WRITE) != 0);
		if (done)
			*value = wanted;
	}
}

/*
 * From one place of the window to another that does not touch it, of which the first `kept` pages, as far as they are of one area. What was in the way,
 * and what is not kept, has gone in any case.
 */
static void step_move(struct model *model, struct random *random, unsigned from, unsigned count)
{
	unsigned kept = 1 + (unsigned)random_below(random, count);
	unsigned to = (unsigned)random_below(random, WINDOW - count + 1);
	bool is_there = model->pages[from].is_mapped;
	int64_t at;

	if (to < from + count && from < to + count)
		return;
	at = linux_mm_remap(model->process, WINDOW_VA + from * PAGE, count * PAGE, kept * PAGE, LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED,
			    WINDOW_VA + to * PAGE);
	CU_ASSERT_FATAL(at == STATUS_EFAULT || (is_there && at == (int64_t)(WINDOW_VA + to * PAGE)));
	for (unsigned i = 0; is_there && i < kept; i++)
		model->pages[to + i].is_mapped = false;
	for (unsigned i = kept; is_there && i < count; i++)
		model->pages[from + i].is_mapped = false;
	for (unsigned i = 0; at > 0 && i < kept; i++) {
		model->pages[to + i] = model->pages[from + i];
		model->pages[from + i].is_mapped = false;
	}
}

static void step_forget(struct model *model, unsigned from, unsigned count)
{
	status_t status = linux_mm_forget(model->process, WINDOW_VA + from * PAGE, count * PAGE);

	CU_ASSERT(status == STATUS_OK || status == STATUS_ENOMEM);
	for (unsigned i = from; i < from + count; i++)
		model->pages[i].value = 0;
}

/* One of the others begins anew as its copy. */
static void step_fork(struct model *models, struct random *random, unsigned parent)
{
	unsigned child = (parent + 1 + (unsigned)random_below(random, WORLD_PROCESSES - 1)) % WORLD_PROCESSES;

	world_process_end(models[child].process);
	models[child] = models[parent];
	models[child].process = world_process();
	CU_ASSERT_EQUAL_FATAL(linux_mm_copy(models[parent].process, models[child].process), STATUS_OK);
}

static void step(struct model *models, struct random *random)
{
	unsigned which = (unsigned)random_below(random, WORLD_PROCESSES);
	struct model *model = &models[which];
	unsigned from = (unsigned)random_below(random, WINDOW);
	unsigned count = 1 + (unsigned)random_below(random, WINDOW - from < 8 ? WINDOW - from : 8);

	switch (random_below(random, 24)) {
	case 0:
	case 1:
		step_map(model, random, from, count);
		break;
	case 2:
		CU_ASSERT_EQUAL(linux_mm_unmap(model->process, WINDOW_VA + from * PAGE, count * PAGE), STATUS_OK);
		for (unsigned i = from; i < from + count; i++)
			model->pages[i].is_mapped = false;
		break;
	case 3:
	case 4:
		step_protect(model, random, from, count);
		break;
	case 5:
		step_move(model, random, from, count);
		break;
	case 6:
		step_forget(model, from, count);
		break;
	case 7:
		step_fork(models, random, which);
		break;
	default:
		step_access(model, random, from);
	}
}

static void bytes_are_what_a_model_says_whatever_happens(void)
{
	struct random random = random_start(20261121);
	static struct model models[WORLD_PROCESSES];

	world_begin(BUDGET);
	for (unsigned i = 0; i < WORLD_PROCESSES; i++)
		models[i].process = world_process();
	for (unsigned i = 0; i < STEPS; i++)
		step(models, &random);
	for (unsigned i = 0; i < WORLD_PROCESSES; i++) {
		CU_ASSERT(linux_mm_of(models[i].process)->areas.count <= WINDOW);
		world_process_end(models[i].process);
	}
	CU_ASSERT(world_is_clean());
	CU_ASSERT_FALSE(world_broke_rule);
}

static const struct unit_case cases[] = {
	UNIT_CASE(bytes_are_what_a_model_says_whatever_happens),
};

UNIT_MAIN("kernel/sys/linux/mm_model", cases)
