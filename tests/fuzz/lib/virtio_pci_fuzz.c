// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* virtio_pci_parse. Promised: what is found lies within its memory, and is long enough to be used. */
#include "lib/virtio_pci.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void check(struct virtio_pci_place place, const uint64_t *bar_bytes, uint32_t bytes_min)
{
	FUZZ_ASSERT(place.bytes >= bytes_min);
	if (place.bytes > 0)
		FUZZ_ASSERT(place.bar < PCI_BARS && (uint64_t)place.offset + place.bytes <= bar_bytes[place.bar]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t bar_bytes[PCI_BARS] = { 0x100, 0x1000, 0, 0, 0x4000, 0 };
	struct virtio_pci_layout layout;
	const char *why = NULL;
	uint8_t config[PCI_CONFIG_BYTES] = { 0 };
	status_t status;

	memcpy(config, data, size < sizeof(config) ? size : sizeof(config));
	(void)virtio_pci_type(config);
	status = virtio_pci_parse(config, bar_bytes, &layout, &why);
	FUZZ_ASSERT((status == STATUS_EINVAL) == (why != NULL));
	if (status != STATUS_OK)
		return 0;
	check(layout.common, bar_bytes, 0x38);
	check(layout.notify, bar_bytes, 2);
	check(layout.isr, bar_bytes, 1);
	check(layout.device, bar_bytes, 0);
	check(layout.messages, bar_bytes, 0);
	FUZZ_ASSERT(layout.messages.bytes % PCI_MSIX_ENTRY_BYTES == 0);
	FUZZ_ASSERT(layout.notify_multiplier % 2 == 0);
	return 0;
}
