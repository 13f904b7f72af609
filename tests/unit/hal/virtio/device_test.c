// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What every driver does with its device, over a transport that is the test's: the device tells what it was told. Spec: virtio 1.2
 * §3.1.1 "Driver Requirements: Device Initialization".
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* hal/contract/cpu.h and hal/arm64/io.h of this machine. */
#define HAL_CONTRACT_CPU_H
#define HAL_ARM64_IO_H
#include <stdint.h>

static uint8_t io_read8(const volatile void *at)
{
	return *(const volatile uint8_t *)at;
}

static uint16_t io_read16(const volatile void *at)
{
	return *(const volatile uint16_t *)at;
}

static uint32_t io_read32(const volatile void *at)
{
	return *(const volatile uint32_t *)at;
}

static void io_write32(volatile void *at, uint32_t value)
{
	*(volatile uint32_t *)at = value;
}

static void io_publish(void)
{
}

static void io_observe(void)
{
}

static void hal_cpu_relax(void)
{
}

#include "hal/arm64/tables.h"
#include "hal/virtio/device.c"

enum { PAGES = 16, WRITES = 16, QUEUE_SIZE = 64 };

static struct {
	struct virtio_device device;
	uint8_t status, writes[WRITES];
	unsigned cpus, write_count, pages_left, page_count, problems, notified, interrupts, attached;
	uint64_t offers, taken, now_ns;
	bool refuses, stuck, takes_no_queue;
	uint16_t queue_size;
	uint32_t generation, raised, config_changes;
	void *pages[PAGES];
	char reported[160];
} world;

const struct hal_device_services *virtio_services;

uint64_t hal_timer_now_ns(void)
{
	return world.now_ns += RESET_NS / 4;
}

unsigned hal_cpu_count(void)
{
	return world.cpus;
}

void irqchip_attach(struct irqchip_line *line)
{
	world.attached += line == &world.device.line;
}

static uint8_t status_read(const struct virtio_device *device)
{
	(void)device;
	if (world.refuses)
		return world.status & ~VIRTIO_STATUS_FEATURES_OK;
	return world.stuck ? VIRTIO_STATUS_DRIVER_OK : world.status;
}

static void status_write(const struct virtio_device *device, uint8_t status)
{
	(void)device;
	world.status = status;
	if (world.write_count < WRITES)
		world.writes[world.write_count++] = status;
}

static uint64_t features_read(const struct virtio_device *device)
{
	(void)device;
	return world.offers;
}

static void features_write(const struct virtio_device *device, uint64_t features)
{
	(void)device;
	world.taken = features;
}

static uint16_t queue_size(const struct virtio_device *device, uint16_t index)
{
	(void)device;
	return index == 0 ? world.queue_size : 0;
}

static status_t queue_set(const struct virtio_device *device, struct virtio_queue *queue, uint64_t available_pa, uint64_t used_pa)
{
	(void)device;
	CU_ASSERT(available_pa == queue->rings_pa && used_pa > available_pa && used_pa < available_pa + HAL_PAGE_BYTES);
	return world.takes_no_queue ? STATUS_EIO : STATUS_OK;
}

static void queue_notify(const struct virtio_queue *queue)
{
	(void)queue;
	world.notified++;
}

static uint32_t interrupts_take(const struct virtio_device *device)
{
	uint32_t raised = world.raised;

	(void)device;
	world.raised = 0;
	return raised;
}

static uint32_t config_generation(const struct virtio_device *device)
{
	(void)device;
	if (world.config_changes > 0) {
		world.config_changes--;
		world.generation++;
	}
	return world.generation;
}

static const struct virtio_transport transport = {
	.status_read = status_read,
	.status_write = status_write,
	.features_read = features_read,
	.features_write = features_write,
	.queue_size = queue_size,
	.queue_set = queue_set,
	.queue_notify = queue_notify,
	.interrupts_take = interrupts_take,
	.config_generation = config_generation,
};

static uint64_t page_alloc(void *ctx)
{
	(void)ctx;
	if (world.pages_left == 0)
		return 0;
	world.pages_left--;
	world.pages[world.page_count] = aligned_alloc(HAL_PAGE_BYTES, HAL_PAGE_BYTES);
	return hal_direct_pa(world.pages[world.page_count++]);
}

static void report(bool problem, const char *line)
{
	world.problems += problem;
	snprintf(world.reported, sizeof(world.reported), "%s", line);
}

static void interrupted(void *driver)
{
	(void)driver;
	world.interrupts++;
}

/* A device that keeps the rules, of version 1, with one queue. */
static struct virtio_device *begin(void)
{
	static const struct hal_device_services services = { .pages = { .alloc = page_alloc }, .report = report };

	memset(&world, 0, sizeof(world));
	virtio_services = &services;
	world.device = (struct virtio_device){ .transport = &transport, .type = VIRTIO_TYPE_ENTROPY, .address = 0xa003e00, .interrupted = interrupted };
	world.offers = VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | 5;
	world.queue_size = QUEUE_SIZE;
	world.pages_left = PAGES;
	return &world.device;
}

static void end(void)
{
	while (world.page_count > 0)
		free(world.pages[--world.page_count]);
}

static void device_is_told_each_step_in_its_order(void)
{
	static const uint8_t steps[] = { 0, 1, 3, 11, 15 };
	struct virtio_device *device = begin();

	CU_ASSERT_EQUAL(virtio_begin(device, VIRTIO_F_EVENT_IDX | 6), STATUS_OK);
	CU_ASSERT_EQUAL(device->features, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | 4);
	CU_ASSERT_EQUAL(world.taken, device->features);
	virtio_go(device);
	CU_ASSERT_EQUAL_FATAL(world.write_count, sizeof(steps));
	CU_ASSERT(memcmp(world.writes, steps, sizeof(steps)) == 0);
	CU_ASSERT_EQUAL(world.problems, 0);
}

static void device_that_does_not_take_part_has_failed_and_is_told(void)
{
	struct virtio_device *device = begin();

	world.offers = 5;
	CU_ASSERT_EQUAL(virtio_begin(device, 5), STATUS_EIO);
	CU_ASSERT(world.status == VIRTIO_STATUS_FAILED && world.problems == 1);
	CU_ASSERT_STRING_EQUAL(world.reported, "virtio: entropy at 0xa003e00 is no device of version 1");
	device = begin();
	world.refuses = true;
	CU_ASSERT_EQUAL(virtio_begin(device, 5), STATUS_EIO);
	CU_ASSERT(world.status == VIRTIO_STATUS_FAILED && world.problems == 1);
	device = begin();
	world.stuck = true;
	CU_ASSERT_EQUAL(virtio_begin(device, 5), STATUS_EIO);
	CU_ASSERT(world.status == 0 && world.problems == 1);
}

static void device_queue_is_as_large_as_both_sides_can(void)
{
	struct virtio_device *device = begin();
	struct virtio_queue queue = { 0 };

	CU_ASSERT_EQUAL(virtio_begin(device, 0), STATUS_OK);
	CU_ASSERT_EQUAL(virtio_queue_begin(device, &queue, 0, 256), STATUS_OK);
	CU_ASSERT(queue.ring.size == QUEUE_SIZE && world.page_count == 3);
	CU_ASSERT_EQUAL(virtio_queue_begin(device, &queue, 0, 16), STATUS_OK);
	CU_ASSERT(queue.ring.size == 16 && world.page_count == 3); /* its memory is taken once */
	CU_ASSERT_EQUAL(virtio_queue_begin(device, &queue, 1, 16), STATUS_EIO);
	world.queue_size = 1;
	CU_ASSERT_EQUAL(virtio_queue_begin(device, &queue, 0, 16), STATUS_EIO);
	CU_ASSERT(world.problems == 2 && world.status == VIRTIO_STATUS_FAILED);
	world.queue_size = QUEUE_SIZE;
	world.takes_no_queue = true;
	CU_ASSERT_EQUAL(virtio_queue_begin(device, &queue, 0, 16), STATUS_EIO);
	end();
}

static void device_queue_needs_memory_and_keeps_what_it_got(void)
{
	struct virtio_device *device = begin();
	struct virtio_queue queue = { 0 };

	CU_ASSERT_EQUAL(virtio_begin(device, 0), STATUS_OK);
	world.pages_left = 2;
	CU_ASSERT_EQUAL(virtio_queue_begin(device, &queue, 0, 16), STATUS_ENOMEM);
	world.pages_left = 1;
	CU_ASSERT_EQUAL(virtio_queue_begin(device, &queue, 0, 16), STATUS_OK);
	CU_ASSERT_EQUAL(world.page_count, 3);
	end();
}

static void device_is_notified_where_it_wants_to_be(void)
{
	struct virtio_device *device = begin();
	struct virtio_queue queue = { 0 };

	CU_ASSERT_EQUAL(virtio_begin(device, 0), STATUS_OK);
	CU_ASSERT_EQUAL(virtio_queue_begin(device, &queue, 0, 16), STATUS_OK);
	virtio_queue_publish(device, &queue);
	CU_ASSERT_EQUAL(world.notified, 0); /* nothing was added */
	queue.ring.next_available++;
	virtio_queue_publish(device, &queue);
	CU_ASSERT_EQUAL(world.notified, 1);
	end();
}

static void device_of_a_machine_with_one_cpu_has_the_counter_read(void)
{
	for (unsigned cpus = 1; cpus < 4; cpus++) {
		struct virtio_device *device = begin();
		struct virtio_queue queue = { 0 };
		uint64_t before = world.now_ns;

		world.cpus = cpus;
		CU_ASSERT_EQUAL(virtio_queue_begin(device, &queue, 0, 16), STATUS_OK);
		CU_ASSERT_EQUAL(world.now_ns, before);
		CU_ASSERT(!virtqueue_listen(&queue.ring, 0));
		CU_ASSERT_EQUAL(world.now_ns > before, cpus == 1);
		end();
	}
}

static void device_tells_once_that_its_configuration_has_changed(void)
{
	struct virtio_device *device = begin();
	bool changed = true;

	device->line.intid = 40;
	CU_ASSERT_STRING_EQUAL(virtio_line_begin(device), "interrupts by a line");
	CU_ASSERT_EQUAL_FATAL(world.attached, 1);
	CU_ASSERT(virtio_config_check(device, &changed) == STATUS_OK && !changed);
	CU_ASSERT(!device->line.handler(device->line.ctx)); /* somebody else's */
	CU_ASSERT_EQUAL(world.interrupts, 0);
	world.raised = VIRTIO_INTERRUPT_QUEUE;
	CU_ASSERT(device->line.handler(device->line.ctx));
	CU_ASSERT(virtio_config_check(device, &changed) == STATUS_OK && !changed);
	world.raised = VIRTIO_INTERRUPT_CONFIG;
	CU_ASSERT(device->line.handler(device->line.ctx));
	CU_ASSERT_EQUAL(world.interrupts, 2);
	CU_ASSERT(virtio_config_check(device, &changed) == STATUS_OK && changed);
	CU_ASSERT(virtio_config_check(device, &changed) == STATUS_OK && !changed);
	CU_ASSERT(virtio_message_config(device) && world.interrupts == 3);
	world.status |= VIRTIO_STATUS_NEEDS_RESET;
	CU_ASSERT(virtio_config_check(device, &changed) == STATUS_EIO && changed);
	CU_ASSERT(virtio_message_queues(device) && world.interrupts == 4);
	CU_ASSERT(virtio_config_check(device, &changed) == STATUS_OK && !changed);
	device->line.intid = FDT_INTID_NONE;
	CU_ASSERT_STRING_EQUAL(virtio_line_begin(device), "has no interrupt: War alone serves it");
	CU_ASSERT_EQUAL(world.attached, 1);
}

static void device_configuration_is_read_whole_or_not(void)
{
	static uint8_t config[16] __attribute__((aligned(8))) = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
	struct virtio_device *device = begin();
	uint8_t got[16] = { 0 };

	CU_ASSERT(!virtio_config_read(device, 0, got, 1)); /* it has none */
	device->config = config;
	device->config_bytes = sizeof(config);
	for (uint32_t bytes = 1; bytes <= 8; bytes++) {
		memset(got, 0, sizeof(got));
		CU_ASSERT(virtio_config_read(device, 8, got, bytes));
		CU_ASSERT(memcmp(got, config + 8, bytes) == 0 && got[bytes] == 0);
	}
	CU_ASSERT(!virtio_config_read(device, 12, got, 5) && !virtio_config_read(device, 17, got, 0) && !virtio_config_read(device, UINT32_MAX, got, 2));
	world.config_changes = 3; /* it changed while it was read */
	CU_ASSERT(virtio_config_read(device, 0, got, 4));
	world.config_changes = UINT32_MAX;
	CU_ASSERT(!virtio_config_read(device, 0, got, 4));
}

static const struct unit_case cases[] = {
	UNIT_CASE(device_is_told_each_step_in_its_order),
	UNIT_CASE(device_that_does_not_take_part_has_failed_and_is_told),
	UNIT_CASE(device_queue_is_as_large_as_both_sides_can),
	UNIT_CASE(device_queue_needs_memory_and_keeps_what_it_got),
	UNIT_CASE(device_is_notified_where_it_wants_to_be),
	UNIT_CASE(device_of_a_machine_with_one_cpu_has_the_counter_read),
	UNIT_CASE(device_tells_once_that_its_configuration_has_changed),
	UNIT_CASE(device_configuration_is_read_whole_or_not),
};
UNIT_MAIN("hal/virtio/device", cases)
