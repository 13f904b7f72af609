// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The capabilities that a manifest can ask for. What every process has without asking (memory, capset, ring, event, threads)
 * is not among them; tools/rumpklib/capabilities.py holds the same table, and a test compares the two.
 */
#include <assert.h>

#include "capos/abi/channels.h"
#include "capos/abi/clock.h"
#include "capos/abi/console.h"
#include "capos/abi/entropy.h"
#include "capos/abi/log.h"
#include "capos/abi/processes.h"
#include "kernel/payload/manifest_parser.h"
#include "lib/bits.h"

const struct manifest_known_capability manifest_known_capabilities[MANIFEST_KNOWN_CAPABILITIES] = {
	{ "console", CAPOS_INTERFACE_CONSOLE, { "write", "read" } },
	{ "log", CAPOS_INTERFACE_LOG, { "write", "levels" } },
	{ "clock", CAPOS_INTERFACE_CLOCK, { "read", "wait" } },
	{ "entropy", CAPOS_INTERFACE_ENTROPY, { "read" } },
	{ "processes", CAPOS_INTERFACE_PROCESSES, { "spawn" } },
	{ "channels", CAPOS_INTERFACE_CHANNELS, { "create" } },
};

static_assert(MANIFEST_KNOWN_CAPABILITIES <= MANIFEST_CAPABILITY_MAX, "every capability has a place");

/* The bit of a right of `known`, or 0. */
static uint32_t manifest_find_right(const struct manifest_known_capability *known, struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(known->rights) && known->rights[i] != NULL; i++) {
		if (manifest_equal(name, known->rights[i]))
			return 1u << i;
	}
	return 0;
}

/* The rights of a capability whose key came last. */
static status_t manifest_take_rights(struct manifest_parser *parser, const struct toml_event *event,
				     const struct manifest_known_capability *known)
{
	struct manifest_capability *capability = &parser->process->capabilities[parser->process->capability_count];
	struct toml_event item;
	status_t status;

	capability->name = known->name;
	capability->interface = known->interface;
	while ((status = manifest_next(parser, &item)) == STATUS_OK && item.kind == TOML_ITEM) {
		uint32_t right = manifest_find_right(known, item.string);

		if (right == 0)
			return manifest_fail_at(parser, &item, "unknown right");
		if ((capability->rights & right) != 0)
			return manifest_fail_at(parser, &item, "right occurs twice");
		capability->rights |= right;
	}
	if (status != STATUS_OK)
		return status;
	if (capability->rights == 0)
		return manifest_fail_at(parser, event, "has no rights: leave it out");
	parser->process->capability_count++;
	return STATUS_OK;
}

status_t manifest_take_capability(struct manifest_parser *parser, const struct toml_event *event)
{
	for (size_t i = 0; i < ARRAY_LEN(manifest_known_capabilities); i++) {
		const struct manifest_known_capability *known = &manifest_known_capabilities[i];

		if (!manifest_equal(event->key, known->name))
			continue;
		for (uint32_t j = 0; j < parser->process->capability_count; j++) {
			if (parser->process->capabilities[j].interface == known->interface)
				return manifest_fail_at(parser, event, "key occurs twice");
		}
		if (event->type != TOML_ARRAY)
			return manifest_fail_at(parser, event, "must be an array of strings");
		return manifest_take_rights(parser, event, known);
	}
	return manifest_fail_at(parser, event, "unknown capability");
}
