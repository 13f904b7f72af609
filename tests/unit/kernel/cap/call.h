// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A process and its submission, for tests that include the source of an object's methods: memory of the process is the host's but for one bad address, memory
 * and budgets end where the test says, holds and charges are counted, and there is one operation, which a method may begin and the test settles.
 */
#ifndef TESTS_UNIT_KERNEL_CAP_CALL_H
#define TESTS_UNIT_KERNEL_CAP_CALL_H

#include "tests/unit/machine.h"

#include "kernel/cap/grant.h"
#include "kernel/cap/operation.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/process.h"

enum { NEW_CAP = 77, EVER = 1 << 20 };

static struct {
	struct process process;
	struct budget budget;
	struct ring_set rings;
	struct capos_submission submission;
	struct cap_call call;
	unsigned allocations_left; /* before memory is out */
	uint64_t bad_va;           /* what may not be touched */
	unsigned copies, faults, ended;
	struct operation operation;
	bool no_operation;
	unsigned begun, finished, retimed, untimed;
	int64_t finished_with;
	struct object *granted; /* the last, held */
	uint32_t granted_rights;
	status_t grants;        /* what granting comes to */
	uint64_t pages_left;    /* of the budget; charged: */
	int64_t charged, charged_bytes;
	unsigned budget_holds;
} world;

/* A new process, that calls a method of `object` with `rights`, and has `room` bytes for results at `result`. */
static inline void call_begin(struct object *object, uint32_t rights, void *result, uint32_t room)
{
	memset(&world, 0, sizeof(world));
	world.process.budget = &world.budget;
	world.rings.process = &world.process;
	world.submission.result = (uint64_t)result;
	world.submission.result_len = room;
	world.call = (struct cap_call){
		.process = &world.process, .rings = &world.rings, .object = object, .rights = rights, .submission = &world.submission,
	};
	world.allocations_left = world.pages_left = EVER;
}

static inline bool memory_is_left(void)
{
	return world.allocations_left > 0 && world.allocations_left-- > 0;
}

static inline void *test_malloc(size_t bytes)
{
	return memory_is_left() ? malloc(bytes) : NULL;
}

static inline void *test_calloc(size_t count, size_t bytes)
{
	return memory_is_left() ? calloc(count, bytes) : NULL;
}

#define malloc(bytes) test_malloc(bytes)
#define calloc(count, bytes) test_calloc(count, bytes)

static inline bool va_is_bad(uint64_t va, size_t bytes)
{
	world.copies++;
	return world.bad_va != 0 && bytes > 0 && va <= world.bad_va && va + bytes > world.bad_va;
}

status_t hal_user_copy_in(struct hal_space *space, void *to, uint64_t from_va, size_t bytes)
{
	CU_ASSERT_PTR_EQUAL(space, &world.process.space);
	if (va_is_bad(from_va, bytes))
		return STATUS_EFAULT;
	memcpy(to, (const void *)from_va, bytes);
	return STATUS_OK;
}

status_t hal_user_copy_out(struct hal_space *space, uint64_t to_va, const void *from, size_t bytes)
{
	CU_ASSERT_PTR_EQUAL(space, &world.process.space);
	if (va_is_bad(to_va, bytes))
		return STATUS_EFAULT;
	memcpy((void *)to_va, from, bytes);
	return STATUS_OK;
}

#ifndef CALL_OWN_PROCESS
status_t process_fault_params(struct process *process, uint64_t address)
{
	CU_ASSERT(process == &world.process && address != 0);
	world.faults++;
	return STATUS_EFAULT;
}

status_t process_fault_result(struct process *process, uint64_t address)
{
	return process_fault_params(process, address);
}
#endif

#ifndef CALL_OWN_OBJECTS
void object_init(struct object *object, const struct cap_interface *interface, void (*destroy)(struct object *object))
{
	*object = (struct object){ .interface = interface, .holds = 1, .destroy = destroy };
}

bool object_hold(struct object *object)
{
	if (object->holds == 0)
		return false;
	object->holds++;
	return true;
}

bool object_put_last(struct object *object)
{
	CU_ASSERT_FATAL(object->holds > 0);
	return --object->holds == 0;
}

void object_retire(struct object *object)
{
	if (object->destroy != NULL)
		object->destroy(object);
}

void object_put(struct object *object)
{
	if (object_put_last(object))
		object_retire(object);
}
#endif

#ifndef CALL_OWN_GRANTS
status_t grant_new(struct capset *set, struct object *object, uint32_t rights, const char *name, capos_cap_t *cap)
{
	CU_ASSERT(set == &world.process.capset && name != NULL);
	if (world.grants != STATUS_OK) {
		object_put(object);
		return world.grants;
	}
	world.granted = object;
	world.granted_rights = rights;
	*cap = NEW_CAP;
	return STATUS_OK;
}
#endif

#ifndef CALL_OWN_OPERATIONS
struct operation *operation_begin(struct cap_call *call, void (*withdraw)(struct operation *operation))
{
	if (world.no_operation)
		return NULL;
	world.begun++;
	world.operation = (struct operation){
		.object = call->object,
		.set = &world.rings,
		.withdraw = withdraw,
		.result_va = call->submission->result,
		.result_len = call->submission->result_len,
	};
	list_init(&world.operation.node);
	return call->operation = &world.operation;
}

struct operation *operation_claim_first(struct list_node *queue)
{
	struct list_node *node = list_pop_front(queue);
	struct operation *first = node != NULL ? LIST_OWNER(node, struct operation, node) : NULL;

	if (first != NULL)
		list_init(node);
	return first != NULL && operation_claim(first) ? first : NULL;
}

void operation_finish(struct operation *operation, int64_t result)
{
	CU_ASSERT(operation == &world.operation && operation->claimed);
	operation->result = world.finished_with = result;
	world.finished++;
}

void operation_retime(struct operation *operation)
{
	(void)operation;
	world.retimed++;
}

void operation_untime(struct operation *operation)
{
	(void)operation;
	world.untimed++;
}

void operation_again(struct operation *operation)
{
	atomic_store(&operation->claimed, 0);
}

void operation_set_data(struct operation *operation, const void *data, size_t bytes)
{
	memcpy(operation->data, data, bytes);
	operation->data_len = (uint32_t)bytes;
}
#endif

#ifndef CALL_OWN_BUDGET
bool budget_charge(struct budget *budget, uint64_t pages)
{
	CU_ASSERT_PTR_EQUAL(budget, &world.budget);
	if (pages > world.pages_left)
		return false;
	world.pages_left -= pages;
	world.charged += (int64_t)pages;
	return true;
}

void budget_credit(struct budget *budget, uint64_t pages)
{
	CU_ASSERT_PTR_EQUAL(budget, &world.budget);
	world.pages_left += pages;
	world.charged -= (int64_t)pages;
}

bool budget_charge_bytes(struct budget *budget, uint64_t bytes)
{
	CU_ASSERT_PTR_EQUAL(budget, &world.budget);
	if (world.pages_left == 0)
		return false;
	world.charged_bytes += (int64_t)bytes;
	return true;
}

void budget_credit_bytes(struct budget *budget, uint64_t bytes)
{
	CU_ASSERT_PTR_EQUAL(budget, &world.budget);
	world.charged_bytes -= (int64_t)bytes;
}

void budget_hold(struct budget *budget)
{
	CU_ASSERT_PTR_EQUAL(budget, &world.budget);
	world.budget_holds++;
}

void budget_put(struct budget *budget)
{
	CU_ASSERT_PTR_EQUAL(budget, &world.budget);
	world.budget_holds--;
}
#endif

#endif
