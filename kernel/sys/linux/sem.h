// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Semaphores of System V. Spec: semget(2), semop(2), semctl(2) */
#ifndef KERNEL_SYS_LINUX_SEM_H
#define KERNEL_SYS_LINUX_SEM_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sys/linux/sysv.h"

struct linux_root;
struct process;
struct thread;

enum { LINUX_SEMS_MAX = 32000 /* SEMMSL, SEMMNI */, LINUX_SEM_OPS_MAX = 500 /* SEMOPM */, LINUX_SEM_VALUE_MAX = 32767 /* SEMVMX, SEMAEM */, LINUX_SEM_UNDO = 010000 };

/* struct sembuf */
struct linux_sem_op {
	uint16_t number;
	int16_t change; /* 0: waits until it is 0 */
	int16_t flags;  /* LINUX_IPC_NOWAIT, LINUX_SEM_UNDO */
};

struct linux_sem {
	uint16_t value;
	uint32_t process; /* that changed it last */
};

/* A set. Its lock is taken within its kind's. */
struct linux_sem_set {
	struct linux_ipc ipc;
	struct spinlock lock;
	bool removed;              /* W: under the lock, as all that follows but `count` */
	int64_t operated, changed; /* times, in seconds */
	struct list_node asking;   /* struct asking: who waits, the first first */
	struct list_node undos;
	uint32_t count;
	struct linux_sem sems[];
};

extern struct linux_ipc_kind linux_sem_sets;

/* For that: what is told of a set and of all, as struct linux_ipc_kind has it. */
void linux_sem_tell(struct linux_ipc *ipc, void *told);
void linux_sem_line(struct linux_text *text, const void *told, int id);
int64_t linux_sem_info(struct thread *thread, uint64_t va, bool used);

enum { LINUX_SEM_STAT = 18, LINUX_SEM_TOLD_BYTES = 88 /* struct semid64_ds */ };

static inline struct linux_sem_set *linux_sem_set_of(const struct linux_ipc *ipc)
{
	return LIST_OWNER((struct linux_ipc *)ipc, struct linux_sem_set, ipc);
}

/*
 * Does all operations at once, or waits until that can be done. STATUS_EFBIG: no such semaphore; STATUS_EACCES; STATUS_EAGAIN: it would wait, or the
 * time is over; STATUS_ERANGE; STATUS_EIDRM; STATUS_EINTR; STATUS_ENOMEM. Context: the thread's fiber.
 */
MUST_CHECK status_t linux_sem_operate(struct thread *thread, struct linux_sem_set *set, const struct linux_sem_op *ops, unsigned count, uint64_t deadline_ns);

/* Sets one semaphore, or all where `number` is negative; who has asked for the old value's undoing has not any more. STATUS_EIDRM. */
MUST_CHECK status_t linux_sem_assign(struct thread *thread, struct linux_sem_set *set, int number, const uint16_t *values);

/* Whether the set's mode lets the thread do that: LINUX_MAY_*. STATUS_EACCES. */
MUST_CHECK status_t linux_sem_may(struct thread *thread, const struct linux_sem_set *set, uint32_t wanted);

/* How many wait for the semaphore, to be 0 or to be more. */
unsigned linux_sem_waiting(struct linux_sem_set *set, unsigned number, bool for_zero);

/* Whatever it has asked to be undone is. Context: fiber; none of its threads runs any more. */
void linux_sem_exited(struct process *process);

/* Whoever came from that process of the manifest has ended. Context: fiber. */
void linux_sem_forget(const struct linux_root *root);

#endif
