// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/payload/network.h"

#include "capos/abi/net.h"
#include "kernel/cap/net_object.h"
#include "kernel/core/log.h"
#include "kernel/io/net/net.h"
#include "kernel/io/ring_war.h"

static status_t network_start(const struct manifest_network *network)
{
	const struct net_config config = {
		.rule = ring_war_rule(),
		.is_static = network->is_static,
		.address = network->address,
		.prefix = network->prefix,
		.gateway = network->gateway,
		.server = network->dns,
	};
	static bool started;
	status_t status;

	if (started)
		return STATUS_OK;
	status = net_start(&config);
	started = status == STATUS_OK;
	if (status == STATUS_ENODEV)
		log_line("net: this machine has no network device that works (QEMU: -netdev user,id=net -device virtio-net-pci,netdev=net)");
	return status;
}

/* A right for which there is no rule would be good for nothing. */
static uint32_t rights_of(const struct net_policy *policy)
{
	uint32_t rights = policy->resolve ? CAPOS_NET_RIGHT_RESOLVE : 0;

	for (uint32_t i = 0; i < policy->rule_count; i++)
		rights |= policy->rules[i].listen ? CAPOS_NET_RIGHT_LISTEN : CAPOS_NET_RIGHT_CONNECT;
	return rights;
}

status_t network_grant(const struct manifest_network *network, const struct manifest_process *spec, struct start *start)
{
	struct object *object;
	status_t status;

	if (!spec->has_net)
		return STATUS_OK;
	status = network_start(network);
	if (status == STATUS_OK)
		status = net_object_create(&spec->net, &object);
	return status == STATUS_OK ? start_grant(start, "net", object, rights_of(&spec->net)) : status;
}
