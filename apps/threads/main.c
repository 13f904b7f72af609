// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Threads, what they wait for each other with, thread-local variables, start and end of a program. */
#include <capos/capos.h>
#include <capos/thread.h>

#include "checks.h"

static unsigned constructed;
static struct capos_once once;
static _Atomic unsigned initialized;

__attribute__((constructor)) static void construct(void)
{
	constructed = 42;
}

static void initialize(void)
{
	atomic_fetch_add(&initialized, 1);
}

static int call_once(void *arg)
{
	(void)arg;
	capos_once(&once, initialize);
	return atomic_load(&initialized) == 1 ? 0 : 1;
}

/* Several threads at once: it runs in one, and none goes on before it has run. */
static int check_once(void)
{
	struct capos_thread threads[4];
	int value;

	for (unsigned i = 0; i < 4; i++)
		EXPECT(capos_thread_create(&threads[i], NULL, call_once, NULL) == 0);
	for (unsigned i = 0; i < 4; i++)
		EXPECT(capos_thread_join(&threads[i], &value) == 0 && value == 0);
	return 0;
}

static void last_words(void)
{
	(void)capos_print("atexit: the end");
}

/* Says how a check ended. How many failed. */
static unsigned report(const char *name, int line)
{
	if (line == 0)
		(void)capos_print("%s: as it must be", name);
	else
		(void)capos_print("%s: wrong, line %d", name, line);
	return line != 0;
}

int main(int argc, char **argv, char **envp)
{
	unsigned wrong = 0;

	(void)argv;
	if (argc != 1 || !envp || constructed != 42 || atexit(last_words) != 0)
		return 2;
	wrong += report("once", check_once());
	wrong += report("counting, rings of their own", check_counting(false));
	wrong += report("counting, one ring", check_counting(true));
	wrong += report("queue, rings of their own", check_queue(false));
	wrong += report("queue, one ring", check_queue(true));
	wrong += report("timeouts", check_timeouts());
	wrong += report("operations", check_operations());
	wrong += report("heap", check_heap());
	return wrong != 0;
}
