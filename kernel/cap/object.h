// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Kernel objects as capabilities show them: an object has one interface, an interface is a table of methods. What a
 * caller sends is checked against that table before a method sees it.
 *
 * Objects are held: by capabilities, by operations that wait in them, by whoever keeps a pointer while it yields. Capabilities are
 * found without a lock or a hold, so an object whose last hold has gone is destroyed only after every CPU has been through its
 * scheduler once: no fiber that found it before can still be in the middle of using it.
 */
#ifndef KERNEL_CAP_OBJECT_H
#define KERNEL_CAP_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "capos/include/capos/abi.h"
#include "lib/status.h"

struct operation;
struct process;
struct ring_set;

/* A capability that a submission hands over, as the kernel copied it: nothing of it is checked but that the name ends, and is printable. */
struct cap_transfer {
	capos_cap_t cap;
	uint32_t rights;
	char name[CAPOS_NAME_BYTES];
};

struct cap_call {
	struct process *process;
	struct ring_set *rings; /* where the submission came from */
	struct object *object;  /* what the capability names. Whoever yields holds it meanwhile */
	uint32_t rights;        /* of the capability */
	const struct capos_submission *submission; /* the kernel's own copy */
	const struct cap_transfer *transfers;      /* submission->transfer_count of them */
	capos_cap_t new_cap;                       /* W: method */
	struct operation *operation;               /* W: operation_begin() */
};

/* What a method returns whose completion comes later (kernel/cap/operation.h). */
#define CAP_PENDING INT64_MIN

/* Returns the completion's result, a negative errno, or CAP_PENDING. A caller that broke the rules is faulted with process_fault(). */
typedef int64_t cap_method_run(struct cap_call *call);

struct cap_method {
	cap_method_run *run;
	uint32_t rights;     /* all of them are needed */
	uint32_t params_min; /* bytes */
	uint32_t params_max;
	uint32_t result_min; /* bytes of room for results that are needed */
	uint16_t transfers_max;
	bool waits; /* it may return CAP_PENDING, and may be given a time limit */
};

struct cap_interface {
	uint32_t id; /* CAPOS_INTERFACE_* */
	const char *name;
	const struct cap_method *methods; /* method n is methods[n - 1] */
	uint32_t method_count;
	uint32_t rights; /* all there are */
};

#define OBJECT_STATIC UINT32_MAX /* holds of an object that never goes */

struct object {
	const struct cap_interface *interface;
	_Atomic uint32_t holds;
	/* Frees it. Context: fiber or scheduler; does not sleep. */
	void (*destroy)(struct object *object);
	struct object *next_dead; /* W: who took the last hold away; then the round in which it is destroyed */
};

#define OBJECT_INIT(of) { .interface = &(of), .holds = OBJECT_STATIC }

/* With one hold, the caller's. */
void object_init(struct object *object, const struct cap_interface *interface, void (*destroy)(struct object *object));

/* Holds it. False where its last hold has gone: then it is as good as destroyed. Context: any CPU. */
bool object_hold(struct object *object);

/* Takes a hold away, and with the last one retires it. Context: fiber or scheduler. */
void object_put(struct object *object);

/* The same under a lock: tells whether it was the last, and object_retire() is the caller's to do once it has given the lock back. */
bool object_put_last(struct object *object);
void object_retire(struct object *object);

/* How many have lost their last hold and are not destroyed yet, on all CPUs. Context: any. */
uint32_t object_dead_count(void);

/* Waits until what has lost its last hold so far is destroyed: its memory is on its way back. Context: fiber. */
void object_settle_dead(void);

/* Waits until every object that has lost its last hold is destroyed: to count memory. Context: fiber. */
void object_settle(void);

#endif
