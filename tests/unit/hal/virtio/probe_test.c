// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Looking for devices: with transports and functions that answer anything, with more than there is room for, and with memory that runs out at any point. */
#include "tests/unit/machine.h"

#include "hal/virtio/probe.c"

enum { PAGES = 4 };

static _Alignas(8) uint8_t tree[65536];
static size_t tree_bytes;
static _Alignas(4096) uint8_t pages[PAGES][4096];
static unsigned pages_left, pages_taken, pages_given_back, reports, mappings, functions;
static bool no_mapping, no_reset, is_pvpanic;
static status_t looks;
static const char *told;

const void *hal_device_tree(size_t *bytes)
{
	*bytes = tree_bytes;
	return tree;
}

static uint64_t page_take(void *ctx)
{
	(void)ctx;
	if (pages_left == 0)
		return 0;
	pages_left--;
	memset(pages[pages_taken], 0, 4096);
	return hal_direct_pa(pages[pages_taken++]);
}

static void page_give(void *ctx, uint64_t pa)
{
	(void)ctx;
	CU_ASSERT(pa == hal_direct_pa(pages[0]) || pa == hal_direct_pa(pages[1]));
	pages_given_back++;
}

static void report(bool problem, const char *line)
{
	CU_ASSERT_TRUE(problem);
	CU_ASSERT_NOT_EQUAL(strstr(line, "virtio: cannot read the device tree: "), NULL);
	reports++;
}

static const struct hal_device_services services = { .pages = { .alloc = page_take, .free = page_give }, .report = report };

volatile void *tables_map_device_from(uint64_t pa, uint64_t bytes, const struct hal_page_source *source)
{
	CU_ASSERT_PTR_EQUAL(source, &services.pages);
	CU_ASSERT(pa % 4096 == 0 && bytes == 4096);
	mappings++;
	return no_mapping ? NULL : (volatile uint8_t *)pa;
}

status_t virtio_mmio_look(volatile uint8_t *registers, const struct fdt_virtio_mmio *at, struct virtio_device *device)
{
	CU_ASSERT_EQUAL((uint64_t)registers, at->registers.base_pa);
	device->type = VIRTIO_TYPE_NET;
	return looks;
}

status_t virtio_pci_look(const struct pci_function *function, const struct hal_page_source *source, struct virtio_device *device, const char **why)
{
	(void)function;
	CU_ASSERT_PTR_EQUAL(source, &services.pages);
	*why = "has no place";
	device->type = VIRTIO_TYPE_BLOCK;
	return looks;
}

bool pvpanic_look(const struct pci_function *function, const struct hal_page_source *source)
{
	(void)function;
	(void)source;
	return is_pvpanic;
}

status_t pci_bus_init(struct pci_bus *bus, const struct fdt_pci_host *host, const struct hal_page_source *source)
{
	(void)bus;
	CU_ASSERT_EQUAL(host->ecam.base_pa, 0x4010000000);
	CU_ASSERT_PTR_EQUAL(source, &services.pages);
	return STATUS_OK;
}

void pci_bus_scan(struct pci_bus *bus, void (*found)(const struct pci_function *function, void *ctx), void *ctx)
{
	const struct pci_function function = { .bus = bus };

	for (unsigned i = 0; i < functions; i++)
		found(&function, ctx);
}

void irqchip_messages_init(const struct fdt_io *found, const struct hal_device_services *with)
{
	(void)found;
	CU_ASSERT_PTR_EQUAL(with, &services);
}

void virtio_report(const struct virtio_device *device, bool problem, const char *text)
{
	CU_ASSERT(device >= devices && device < devices + DEVICES_MAX);
	CU_ASSERT_TRUE(problem);
	told = text;
	reports++;
}

bool virtio_reset(const struct virtio_device *device)
{
	CU_ASSERT_PTR_EQUAL(device, device_next());
	return !no_reset;
}

static void begin(unsigned function_count)
{
	const char *folder = getenv("RUMPK_FIXTURES");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/fdt/io.dtb", folder != NULL ? folder : "build/fixtures");
	file = fopen(path, "rb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	tree_bytes = fread(tree, 1, sizeof(tree), file);
	fclose(file);
	devices = NULL;
	device_count = pages_taken = pages_given_back = reports = mappings = 0;
	pages_left = PAGES;
	functions = function_count;
	no_mapping = no_reset = is_pvpanic = false;
	looks = STATUS_OK;
	told = NULL;
}

static void devices_are_found_once_in_their_order(void)
{
	begin(2);
	CU_ASSERT_EQUAL(hal_virtio_probe(&services), STATUS_OK);
	CU_ASSERT_EQUAL(device_count, 5);
	CU_ASSERT_EQUAL(mappings, 1); /* three transports in one page */
	CU_ASSERT_EQUAL(pages_given_back, 1);
	CU_ASSERT_PTR_EQUAL(virtio_find(VIRTIO_TYPE_NET, 2), &devices[2]);
	CU_ASSERT_PTR_NULL(virtio_find(VIRTIO_TYPE_NET, 3));
	CU_ASSERT_PTR_EQUAL(virtio_find(VIRTIO_TYPE_BLOCK, 0), &devices[3]);
	CU_ASSERT_PTR_EQUAL(virtio_find(VIRTIO_TYPE_BLOCK, 1), &devices[4]);
	CU_ASSERT_PTR_NULL(virtio_find(VIRTIO_TYPE_CONSOLE, 0));
	CU_ASSERT_EQUAL(hal_virtio_probe(&services), STATUS_OK);
	CU_ASSERT_EQUAL(device_count, 5);
	CU_ASSERT_EQUAL(pages_taken, 2);
	CU_ASSERT_EQUAL(reports, 0);
}

static void without_two_pages_nothing_is_looked_for(void)
{
	for (unsigned left = 0; left < 2; left++) {
		begin(1);
		pages_left = left;
		CU_ASSERT_EQUAL(hal_virtio_probe(&services), STATUS_ENOMEM);
		CU_ASSERT_EQUAL(pages_given_back, left);
		CU_ASSERT_PTR_NULL(devices);
		CU_ASSERT_EQUAL(mappings, 0);
	}
	begin(1);
	no_mapping = true;
	CU_ASSERT_EQUAL(hal_virtio_probe(&services), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(device_count, 0);
	CU_ASSERT_EQUAL(pages_given_back, 1);
}

static void a_tree_that_cannot_be_read_is_reported(void)
{
	begin(1);
	tree[0] ^= 1;
	CU_ASSERT_EQUAL(hal_virtio_probe(&services), STATUS_EINVAL);
	CU_ASSERT_EQUAL(reports, 1);
	CU_ASSERT_EQUAL(pages_given_back, 1);
}

static void what_is_no_device_of_ours_is_left_and_reported_where_it_is_one(void)
{
	begin(1);
	looks = STATUS_ENODEV;
	CU_ASSERT_EQUAL(hal_virtio_probe(&services), STATUS_OK);
	CU_ASSERT(device_count == 0 && reports == 0);
	begin(1);
	looks = STATUS_ENOTSUP;
	CU_ASSERT_EQUAL(hal_virtio_probe(&services), STATUS_OK);
	CU_ASSERT(device_count == 0 && reports == 4);
	CU_ASSERT_STRING_EQUAL(told, "is legacy only: start QEMU without disable-modern=on");
	begin(1);
	looks = STATUS_ENOSPC;
	CU_ASSERT_EQUAL(hal_virtio_probe(&services), STATUS_OK);
	CU_ASSERT(device_count == 0 && reports == 1);
	CU_ASSERT_STRING_EQUAL(told, "has no place");
	begin(1);
	is_pvpanic = no_reset = true;
	CU_ASSERT_EQUAL(hal_virtio_probe(&services), STATUS_OK);
	CU_ASSERT(device_count == 0 && reports == 0); /* none ends its reset */
}

static void devices_that_are_too_many_are_left_out(void)
{
	begin(DEVICES_MAX);
	CU_ASSERT_EQUAL(hal_virtio_probe(&services), STATUS_OK);
	CU_ASSERT_EQUAL(device_count, DEVICES_MAX - 1);
	CU_ASSERT_EQUAL(reports, 4);
	CU_ASSERT_STRING_EQUAL(told, "is left out: there are too many");
}

static const struct unit_case cases[] = {
	UNIT_CASE(devices_are_found_once_in_their_order),
	UNIT_CASE(without_two_pages_nothing_is_looked_for),
	UNIT_CASE(a_tree_that_cannot_be_read_is_reported),
	UNIT_CASE(what_is_no_device_of_ours_is_left_and_reported_where_it_is_one),
	UNIT_CASE(devices_that_are_too_many_are_left_out),
};

UNIT_MAIN("hal/virtio/probe", cases)
