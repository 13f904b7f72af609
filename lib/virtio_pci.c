// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "lib/virtio_pci.h"

#include "lib/bits.h"

#define CAPABILITIES_FIRST 0x40u
#define CAPABILITIES_MAX ((PCI_CONFIG_BYTES - CAPABILITIES_FIRST) / 4)
#define CAPABILITY_VENDOR 0x09u
#define CAPABILITY_MSIX 0x11u
#define MSIX_TABLE 4u
#define MSIX_SIZE 12u
#define MSIX_ENTRIES_MASK 0x7ffu

/* struct virtio_pci_cap, and what follows it for notifications. */
#define CAP_ID 0u
#define CAP_NEXT 1u
#define CAP_BYTES 2u
#define CAP_TYPE 3u
#define CAP_BAR 4u
#define CAP_OFFSET 8u
#define CAP_LENGTH 12u
#define CAP_SIZE 16u
#define CAP_NOTIFY_MULTIPLIER 16u
#define CAP_NOTIFY_SIZE 20u

#define TYPE_COMMON 1u
#define TYPE_NOTIFY 2u
#define TYPE_ISR 3u
#define TYPE_DEVICE 4u

#define COMMON_BYTES_MIN 0x38u

static uint16_t le16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t virtio_pci_type(const uint8_t config[PCI_CONFIG_BYTES])
{
	uint16_t device = le16(config + PCI_DEVICE_ID);

	if (le16(config + PCI_VENDOR_ID) != PCI_VENDOR_VIRTIO || (config[PCI_HEADER_TYPE] & 0x7f) != 0)
		return 0;
	if (device >= 0x1040 && device <= 0x107f)
		return device - 0x1040u;
	return device >= 0x1000 && device <= 0x103f ? le16(config + PCI_SUBSYSTEM_ID) : 0; /* transitional */
}

static status_t fail(const char **why, const char *text)
{
	*why = text;
	return STATUS_EINVAL;
}

/* Takes one structure's place. The first of a type that this driver can reach counts (§4.1.4.1). */
static status_t place_take(const uint8_t *cap, const uint64_t *bar_bytes, uint32_t bytes_min, uint32_t align,
			   struct virtio_pci_place *out, const char **why)
{
	struct virtio_pci_place place = { cap[CAP_BAR], bits_le32(cap + CAP_OFFSET), bits_le32(cap + CAP_LENGTH) };

	if (out->bytes != 0 || place.bar >= PCI_BARS || bar_bytes[place.bar] == 0)
		return STATUS_OK;
	if (place.bytes > bar_bytes[place.bar] || place.offset > bar_bytes[place.bar] - place.bytes)
		return fail(why, "a structure goes beyond its memory");
	if (place.bytes < bytes_min || place.offset % align != 0)
		return fail(why, "a structure is too short or misaligned");
	*out = place;
	return STATUS_OK;
}

static status_t capability_take(const uint8_t *config, uint32_t at, const uint64_t *bar_bytes, struct virtio_pci_layout *out,
				const char **why)
{
	const uint8_t *cap = config + at;
	bool had_notify = out->notify.bytes != 0;
	status_t status;

	if (at + CAP_SIZE > PCI_CONFIG_BYTES || cap[CAP_BYTES] < CAP_SIZE)
		return fail(why, "a capability is too short");
	switch (cap[CAP_TYPE]) {
	case TYPE_COMMON:
		return place_take(cap, bar_bytes, COMMON_BYTES_MIN, 4, &out->common, why);
	case TYPE_NOTIFY:
		if (at + CAP_NOTIFY_SIZE > PCI_CONFIG_BYTES || cap[CAP_BYTES] < CAP_NOTIFY_SIZE)
			return fail(why, "a capability is too short");
		status = place_take(cap, bar_bytes, 2, 2, &out->notify, why);
		if (!had_notify && out->notify.bytes != 0)
			out->notify_multiplier = bits_le32(cap + CAP_NOTIFY_MULTIPLIER);
		return status;
	case TYPE_ISR:
		return place_take(cap, bar_bytes, 1, 1, &out->isr, why);
	case TYPE_DEVICE:
		return place_take(cap, bar_bytes, 4, 4, &out->device, why);
	default:
		return STATUS_OK;
	}
}

/* The table of messages: one that cannot be reached is none. */
static status_t messages_take(const uint8_t *config, uint32_t at, const uint64_t *bar_bytes, struct virtio_pci_layout *out, const char **why)
{
	uint32_t table;
	struct virtio_pci_place place;

	if (at + MSIX_SIZE > PCI_CONFIG_BYTES)
		return fail(why, "a capability is too short");
	table = bits_le32(config + at + MSIX_TABLE);
	place.bar = table & 7;
	place.offset = table & ~7u;
	place.bytes = PCI_MSIX_ENTRY_BYTES * ((le16(config + at + PCI_MSIX_CONTROL) & MSIX_ENTRIES_MASK) + 1u);
	if (out->messages.bytes != 0 || place.bar >= PCI_BARS || bar_bytes[place.bar] == 0)
		return STATUS_OK;
	if (place.bytes > bar_bytes[place.bar] || place.offset > bar_bytes[place.bar] - place.bytes)
		return fail(why, "a structure goes beyond its memory");
	out->messages = place;
	out->messages_at = (uint8_t)at;
	return STATUS_OK;
}

status_t virtio_pci_parse(const uint8_t config[PCI_CONFIG_BYTES], const uint64_t bar_bytes[PCI_BARS], struct virtio_pci_layout *out,
			  const char **why)
{
	uint32_t at = le16(config + PCI_STATUS) & PCI_STATUS_CAPABILITIES ? config[PCI_CAPABILITIES] & ~3u : 0;
	status_t status = STATUS_OK;

	*out = (struct virtio_pci_layout){ 0 };
	for (unsigned i = 0; at != 0; i++) {
		if (i == CAPABILITIES_MAX || at < CAPABILITIES_FIRST)
			return fail(why, "the list of capabilities has a loop or leads nowhere");
		if (config[at + CAP_ID] == CAPABILITY_VENDOR)
			status = capability_take(config, at, bar_bytes, out, why);
		else if (config[at + CAP_ID] == CAPABILITY_MSIX)
			status = messages_take(config, at, bar_bytes, out, why);
		if (status != STATUS_OK)
			return status;
		at = config[at + CAP_NEXT] & ~3u;
	}
	if (out->common.bytes == 0 && out->notify.bytes == 0 && out->isr.bytes == 0)
		return STATUS_ENODEV;
	if (out->common.bytes == 0 || out->notify.bytes == 0 || out->isr.bytes == 0)
		return fail(why, "a structure is missing");
	if (out->notify_multiplier % 2 != 0)
		return fail(why, "notification addresses are odd");
	return STATUS_OK;
}
