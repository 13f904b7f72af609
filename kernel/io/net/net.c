// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The network fiber. In Peace it sleeps until the device interrupts, somebody calls, or a timer of lwIP is due. Where it found something, it looks
 * once more when others have run, at the end of their time slice at the latest, before it asks for an interrupt. In War it looks all the time,
 * as long as no other fiber of its CPU wants to run: whoever serves a request must not wait for the poller of the next one.
 */
#include "kernel/io/net/net.h"

#include "hal/contract/cpu.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/core/deferred.h"
#include "kernel/core/fiber.h"
#include "kernel/core/message.h"
#include "kernel/core/sched.h"
#include "kernel/core/smp.h"
#include "kernel/core/timer.h"
#include "kernel/io/device_governor.h"
#include "kernel/io/devices.h"
#include "kernel/io/net/stack.h"

static struct fiber *fiber;
static unsigned fiber_cpu;
static struct device_governor governor; /* its clock is the machine's: frames come whether somebody waits or not */
static struct list_node calls = LIST_INIT(calls); /* W: the network fiber's CPU */

static void wake(void *arg)
{
	(void)arg;
	fiber_wake(fiber);
}

static struct deferred interrupt = { .run = wake };

/* From the device's driver, in interrupt context. */
static void on_ready(void *ctx)
{
	(void)ctx;
	deferred_post(&interrupt);
}

static void call_add(void *arg)
{
	struct net_call *call = arg;

	list_push_back(&calls, &call->node);
	fiber_wake(fiber);
}

void net_call(struct net_call *call)
{
	if (hal_cpu_index() == fiber_cpu)
		call_add(call);
	else
		message_send(fiber_cpu, call_add, call);
}

struct errand {
	void (*run)(void *arg);
	void *arg;
};

static void errand_run(void *arg)
{
	const struct errand *errand = arg;

	errand->run(errand->arg);
	net_stack_loop();
	fiber_wake(fiber);
}

void net_do(void (*run)(void *arg), void *arg)
{
	message_call(fiber_cpu, errand_run, &(struct errand){ .run = run, .arg = arg });
}

void net_look(void (*run)(void *arg), void *arg)
{
	message_call(fiber_cpu, run, arg);
}

void net_do_later(void (*run)(void *arg), void *arg)
{
	if (hal_cpu_index() != fiber_cpu)
		message_send(fiber_cpu, run, arg);
	else
		run(arg);
}

void net_poke(void)
{
	fiber_wake(fiber);
}

unsigned net_cpu(void)
{
	return fiber_cpu;
}

/* Those that are there now: what they cause to be called has its turn in the next one. */
static unsigned calls_run(void)
{
	struct list_node batch;
	struct list_node *node;
	unsigned count = 0;

	list_init(&batch);
	while ((node = list_pop_front(&calls)) != NULL)
		list_push_back(&batch, node);
	while ((node = list_pop_front(&batch)) != NULL) {
		struct net_call *call = LIST_OWNER(node, struct net_call, node);

		call->run(call->arg); /* `call` may be gone then */
		count++;
	}
	return count;
}

/* Until the device, a call or a timer wants something. */
static void sleep_until(uint64_t next_ns)
{
	static struct timer timer;

	if (next_ns != TIMER_NEVER)
		timer_set(&timer, next_ns, wake, NULL);
	/* Nothing comes between this look and sleeping: what comes by interrupt waits for the scheduler to serve it. */
	if (list_is_empty(&calls))
		fiber_sleep();
	if (next_ns != TIMER_NEVER)
		timer_cancel(&timer);
}

static void net_main(void *arg)
{
	(void)arg;
	for (;;) {
		uint64_t now_ns = hal_timer_now_ns(); /* once a turn: under emulation the counter is dear */
		unsigned events = net_stack_take(now_ns);

		events += calls_run();
		net_stack_finish();
		/* A rule that is fixed asks no clock. */
		uint64_t then_ns = governor.governor.rule == GOVERNOR_AUTO ? hal_timer_now_ns() : now_ns;

		if (governor_step(&governor.governor, events, then_ns).mode == GOVERNOR_WAR && !sched_has_work(sched_this())) {
			fiber_yield();
			hal_cpu_relax();
			continue;
		}
		uint64_t next_ns = net_stack_next(now_ns); /* each turn: it looks after the device too */

		/* Those that something came for run first, and the device is not listened to: what comes meanwhile is found in one turn. */
		if (events != 0) {
			fiber_yield();
			continue;
		}
		if (!net_stack_listen(true))
			sleep_until(next_ns);
		else
			fiber_yield();
		(void)net_stack_listen(false);
	}
}

status_t net_start(const struct net_config *config)
{
	static const struct fiber_options options = { .name = "net", .priority = FIBER_NORMAL };
	enum governor_rule rule = smp_online() > 1 ? config->rule : GOVERNOR_ALWAYS_PEACE;
	status_t status;

	if (fiber != NULL)
		return STATUS_EBUSY;
	fiber_cpu = hal_cpu_index();
	status = devices_probe();
	if (status == STATUS_OK)
		status = net_stack_start(config, 0, on_ready, NULL);
	if (status != STATUS_OK)
		return status;
	device_governor_init(&governor, rule, GOVERNOR_WAKE_NS, hal_timer_now_ns(), "net");
	device_governor_add(&governor);
	fiber = fiber_create_with(&options, net_main, NULL);
	return fiber != NULL ? STATUS_OK : STATUS_ENOMEM;
}
