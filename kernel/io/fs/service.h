// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * How the operations of a file system come to run on its CPU. One that never sleeps is called there between fibers, while whoever wants
 * something waits (fs_do()); one that may sleep has worker fibers, which take jobs from a queue (fs_submit()).
 */
#ifndef KERNEL_IO_FS_SERVICE_H
#define KERNEL_IO_FS_SERVICE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "kernel/io/fs/fs.h"
#include "lib/list.h"
#include "lib/status.h"

struct path_walk;

struct fs_service {
	struct fs *fs;
	void (*gone)(struct fs *fs); /* frees it, on its CPU, once nobody holds the service; without workers it may not sleep */
	_Atomic uint32_t holds;
	struct path_walk *_Atomic walk; /* W: kernel/cap/fs_acts.c. Memory for the next one; NULL: there is none */
	_Atomic uint32_t nodes; /* W: kernel/cap/fs_object.c. Open for processes, where the file system has few */

	/* W: the file system's CPU. */
	struct list_node jobs; /* that wait for a worker */
	struct list_node idle; /* workers that wait for a job */
	unsigned workers;
	bool stopping;
};

/* Something to be done with a file system; a structure of whoever wants it. */
struct fs_job {
	struct list_node node;
	struct fs_service *service; /* held by whoever submits it */
	void (*run)(struct fs_job *job); /* the job may be gone when it returns */
};

/*
 * Starts to serve a file system, with one hold, the caller's. STATUS_ENOMEM: then `fs` is still the caller's. Context: fiber; of the file
 * system's CPU where that has workers.
 */
MUST_CHECK status_t fs_service_start(struct fs *fs, void (*gone)(struct fs *fs), struct fs_service **out);

void fs_service_hold(struct fs_service *service);

/* Context: as an operation of the file system. */
void fs_service_put(struct fs_service *service);

/* Ends the workers, once they have done all jobs, and waits for that. Context: fiber of the file system's CPU. */
void fs_service_stop(struct fs_service *service);

/*
 * Has the job run on the file system's CPU: by a worker where it has any, else from the scheduler, or at once where that is this CPU.
 * Context: fiber or scheduler, any CPU, no lock held.
 */
void fs_submit(struct fs_job *job);

/*
 * Has the job run by a fiber of its own, of this CPU, which begins when this one yields: where there are no workers, and it may yield itself.
 * False where memory is out. Context: fiber.
 */
bool fs_submit_alone(struct fs_job *job);

/*
 * Whether operations that only look and read may be called here and now, until fs_at_once_end(): each that would have to wait fails with STATUS_EAGAIN, and is
 * to be done by a job. Context: fiber.
 */
bool fs_at_once_begin(const struct fs_service *service);
void fs_at_once_end(const struct fs_service *service);

/*
 * Has run(arg) called on the CPU of a file system without workers, and waits for that. Context: fiber, any CPU, no lock held; where it waits
 * it serves messages.
 */
void fs_do(const struct fs_service *service, void (*run)(void *arg), void *arg);

/* Waits until no job is under way in any file system: to count memory. Context: fiber. */
void fs_settle(void);

/* The same, until `deadline_ns`; whether none is. */
bool fs_settle_until(uint64_t deadline_ns);

#endif
