// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The tables of the network: [net] and [process.net], what a process may listen on and connect to; [network], the machine's address where
 * it is not to ask for one.
 */
#include "kernel/payload/manifest_parser.h"

#include "lib/string.h"

/* A list of rules, each of which `add` reads. */
static status_t take_rules(struct manifest_parser *parser, const struct toml_event *event,
			   status_t (*add)(struct net_policy *policy, struct span text))
{
	struct net_policy *policy = &parser->process->net;
	struct toml_event item;
	status_t status;

	if (event->type != TOML_ARRAY)
		return manifest_fail_at(parser, event, "must be an array of strings");
	while ((status = manifest_next(parser, &item)) == STATUS_OK && item.kind == TOML_ITEM) {
		status = add(policy, item.string);
		if (status == STATUS_ENOSPC)
			return manifest_fail_at(parser, &item, "more than 16 rules");
		if (status != STATUS_OK)
			return manifest_fail_at(parser, &item, add == net_policy_add_listen ? "is not like tcp:80" :
											       "is not like 10.0.2.0/24:53/udp, *:443/tcp or dns");
	}
	return status;
}

status_t manifest_take_net_key(struct manifest_parser *parser, const struct toml_event *event)
{
	bool listen = manifest_equal(event->key, "listen");
	uint32_t bit = listen ? 1 : 2;

	if (!listen && !manifest_equal(event->key, "connect"))
		return manifest_fail_at(parser, event, "unknown key");
	if (parser->net_keys & bit)
		return manifest_fail_at(parser, event, "key occurs twice");
	parser->net_keys |= bit;
	return take_rules(parser, event, listen ? net_policy_add_listen : net_policy_add_connect);
}

/* "10.0.2.15/24" */
static status_t take_network_address(struct manifest_parser *parser, const struct toml_event *event)
{
	struct manifest_network *network = &parser->out->network;
	struct span text = event->string;
	size_t slash = 0;
	uint32_t prefix = 0;

	while (slash < text.len && text.data[slash] != '/')
		slash++;
	if (net_address_parse(span_of(text.data, slash), &network->address) != STATUS_OK || network->address.family != NET_FAMILY_4 ||
	    text.len - slash < 2 || text.len - slash > 3)
		return manifest_fail_at(parser, event, "is not like 10.0.2.15/24");
	for (size_t i = slash + 1; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return manifest_fail_at(parser, event, "is not like 10.0.2.15/24");
		prefix = prefix * 10 + (uint32_t)(text.data[i] - '0');
	}
	if (prefix < 1 || prefix > 32)
		return manifest_fail_at(parser, event, "has a prefix that is not between 1 and 32");
	network->prefix = (uint8_t)prefix;
	return STATUS_OK;
}

status_t manifest_take_network_key(struct manifest_parser *parser, const struct toml_event *event)
{
	struct manifest_network *network = &parser->out->network;
	bool gateway = manifest_equal(event->key, "gateway");
	bool address = manifest_equal(event->key, "address");
	struct net_address *to = address ? &network->address : gateway ? &network->gateway : &network->server;

	if (!address && !gateway && !manifest_equal(event->key, "server"))
		return manifest_fail_at(parser, event, "unknown key");
	if (event->type != TOML_STRING)
		return manifest_fail_at(parser, event, "must be a string");
	if (to->family != NET_FAMILY_ANY)
		return manifest_fail_at(parser, event, "key occurs twice");
	if (address)
		return take_network_address(parser, event);
	if (net_address_parse(event->string, to) != STATUS_OK || (gateway && to->family != NET_FAMILY_4))
		return manifest_fail_at(parser, event, gateway ? "is not an IPv4 address" : "is not an address");
	return STATUS_OK;
}
