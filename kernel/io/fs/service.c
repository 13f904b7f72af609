// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/service.h"

#include <stddef.h>

#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/libc.h"
#include "kernel/core/message.h"
#include "kernel/core/sched.h"

static _Atomic uint32_t under_way; /* W: any CPU. Jobs submitted whose run() has not returned */

struct worker {
	struct list_node node; /* in `idle` */
	struct fiber *fiber;
};

static void job_run(struct fs_job *job)
{
	job->run(job);
	/* Release; pairs with the acquire in fs_settle(): what it gave back is given back. */
	atomic_fetch_sub_explicit(&under_way, 1, memory_order_release);
}

static void worker_main(void *arg)
{
	struct fs_service *service = arg;
	struct worker own = { .fiber = fiber_current() };
	struct list_node *node;

	for (;;) {
		node = list_pop_front(&service->jobs);
		if (node != NULL) {
			job_run(LIST_OWNER(node, struct fs_job, node));
			fiber_yield(); /* whoever waited for it goes on */
		} else if (service->stopping) {
			break;
		} else {
			list_push_front(&service->idle, &own.node);
			fiber_sleep();
			list_remove(&own.node);
		}
	}
	service->workers--;
}

static void workers_end(struct fs_service *service)
{
	struct list_node *node;

	service->stopping = true;
	while ((node = list_pop_front(&service->idle)) != NULL)
		fiber_wake(LIST_OWNER(node, struct worker, node)->fiber);
	while (service->workers > 0)
		fiber_yield();
}

static status_t workers_start(struct fs_service *service)
{
	for (; service->workers < service->fs->workers; service->workers++)
		if (fiber_create(service->fs->name, worker_main, service) == NULL)
			return service->workers > 0 ? STATUS_OK : STATUS_ENOMEM;
	return STATUS_OK;
}

status_t fs_service_start(struct fs *fs, void (*gone)(struct fs *fs), struct fs_service **out)
{
	struct fs_service *service = calloc(1, sizeof(*service));

	if (service == NULL)
		return STATUS_ENOMEM;
	service->fs = fs;
	service->gone = gone;
	atomic_init(&service->holds, 1);
	list_init(&service->jobs);
	list_init(&service->idle);
	if (workers_start(service) != STATUS_OK) {
		free(service);
		return STATUS_ENOMEM;
	}
	*out = service;
	return STATUS_OK;
}

void fs_service_hold(struct fs_service *service)
{
	atomic_fetch_add_explicit(&service->holds, 1, memory_order_relaxed);
}

void fs_service_put(struct fs_service *service)
{
	if (atomic_fetch_sub_explicit(&service->holds, 1, memory_order_acq_rel) != 1)
		return;
	service->gone(service->fs);
	free(atomic_load_explicit(&service->walk, memory_order_relaxed));
	free(service);
}

void fs_service_stop(struct fs_service *service)
{
	if (service->workers > 0)
		workers_end(service);
}

static void job_add(void *arg)
{
	struct fs_job *job = arg;
	struct fs_service *service = job->service;
	struct list_node *worker;

	if (service->fs->workers == 0) {
		job_run(job);
		return;
	}
	list_push_back(&service->jobs, &job->node);
	worker = list_pop_front(&service->idle);
	if (worker != NULL)
		fiber_wake(LIST_OWNER(worker, struct worker, node)->fiber);
}

void fs_submit(struct fs_job *job)
{
	unsigned cpu = job->service->fs->cpu;

	atomic_fetch_add_explicit(&under_way, 1, memory_order_relaxed);
	if (cpu == hal_cpu_index() || cpu == FS_CPU_ANY)
		job_add(job);
	else
		message_send(cpu, job_add, job);
}

static void alone_main(void *arg)
{
	job_run(arg);
}

bool fs_submit_alone(struct fs_job *job)
{
	atomic_fetch_add_explicit(&under_way, 1, memory_order_relaxed);
	if (fiber_create(job->service->fs->name, alone_main, job) != NULL)
		return true;
	atomic_fetch_sub_explicit(&under_way, 1, memory_order_relaxed);
	return false;
}

bool fs_at_once_begin(const struct fs_service *service)
{
	struct fs *fs = service->fs;

	return fs->ops->at_once != NULL && fs->cpu == hal_cpu_index() && fs->ops->at_once(fs, true);
}

void fs_at_once_end(const struct fs_service *service)
{
	(void)service->fs->ops->at_once(service->fs, false);
}

void fs_do(const struct fs_service *service, void (*run)(void *arg), void *arg)
{
	message_call(service->fs->cpu == FS_CPU_ANY ? hal_cpu_index() : service->fs->cpu, run, arg);
}

void fs_settle(void)
{
	(void)fs_settle_until(UINT64_MAX);
}

bool fs_settle_until(uint64_t deadline_ns)
{
	while (atomic_load_explicit(&under_way, memory_order_acquire) != 0) {
		if (hal_timer_now_ns() > deadline_ns)
			return false;
		fiber_yield();
		hal_cpu_relax();
	}
	return true;
}
