// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The manifest's tables about the network: what a process may do with it, and how the machine is on it. */
#include <assert.h>

#include "kernel/payload/manifest_parser.h"
#include "lib/bits.h"

static_assert(NET_POLICY_RULES == 16, "the message tells the limit");

/* Adds each string of an array to the rules of parser->process. */
static status_t take_rules(struct manifest_parser *parser, const struct toml_event *event,
			   status_t (*add)(struct net_policy *policy, struct span text), const char *cause)
{
	struct net_policy *policy = &parser->process->net;
	uint32_t before = policy->rule_count;
	struct toml_event item;
	status_t status;

	if (event->type != TOML_ARRAY)
		return manifest_fail_at(parser, event, "must be an array of strings");
	while ((status = manifest_next(parser, &item)) == STATUS_OK && item.kind == TOML_ITEM) {
		status = add(policy, item.string);
		if (status == STATUS_ENOSPC)
			return manifest_fail_at(parser, &item, "more than 16 rules for the network");
		if (status != STATUS_OK)
			return manifest_fail_at(parser, &item, cause);
	}
	if (status == STATUS_OK && policy->rule_count == before)
		return manifest_fail_at(parser, event, "has no rules: leave it out");
	return status;
}

static status_t take_resolve(struct manifest_parser *parser, const struct toml_event *event)
{
	if (event->type != TOML_BOOLEAN)
		return manifest_fail_at(parser, event, "must be true or false");
	parser->process->net.resolve = event->boolean;
	return STATUS_OK;
}

/* Remembers where a key stands; false where it stood somewhere already. */
static bool is_first(uint32_t *line, const struct toml_event *event)
{
	bool first = *line == 0;

	*line = event->line;
	return first;
}

status_t manifest_take_net(struct manifest_parser *parser, const struct toml_event *event)
{
	static const char *const names[] = {
		[MANIFEST_NET_LISTEN] = "listen",
		[MANIFEST_NET_CONNECT] = "connect",
		[MANIFEST_NET_RESOLVE] = "resolve",
	};
	uint32_t key = 0;

	while (key < ARRAY_LEN(names) && !manifest_equal(event->key, names[key]))
		key++;
	if (key == ARRAY_LEN(names))
		return manifest_fail_at(parser, event, "unknown key");
	if (!is_first(&parser->net_lines[key], event))
		return manifest_fail_at(parser, event, "key occurs twice");
	if (key == MANIFEST_NET_RESOLVE)
		return take_resolve(parser, event);
	if (key == MANIFEST_NET_LISTEN)
		return take_rules(parser, event, net_policy_add_listen, "is not a rule such as \"tcp:80\"");
	return take_rules(parser, event, net_policy_add_connect, "is not a rule such as \"10.0.2.0/24:53/udp\"");
}

static bool is_ip4(const struct net_address *address)
{
	return address->family == NET_FAMILY_4;
}

/* "10.0.2.15/24". */
static status_t take_address(struct manifest_parser *parser, const struct toml_event *event, struct manifest_network *network)
{
	static const char cause[] = "is not an address such as \"10.0.2.15/24\"";
	struct span text = event->string;
	size_t slash = 0;
	uint32_t prefix = 0;

	while (slash < text.len && text.data[slash] != '/')
		slash++;
	if (net_address_parse(span_of(text.data, slash), &network->address) != STATUS_OK || !is_ip4(&network->address))
		return manifest_fail_at(parser, event, cause);
	if (text.len < slash + 2 || text.len > slash + 3 || text.data[slash + 1] == '0')
		return manifest_fail_at(parser, event, cause);
	for (size_t i = slash + 1; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return manifest_fail_at(parser, event, cause);
		prefix = prefix * 10 + (uint32_t)(text.data[i] - '0');
	}
	if (prefix > 32)
		return manifest_fail_at(parser, event, cause);
	network->prefix = (uint8_t)prefix;
	network->is_static = true;
	return STATUS_OK;
}

status_t manifest_take_network(struct manifest_parser *parser, const struct toml_event *event)
{
	static const char *const names[] = {
		[MANIFEST_NETWORK_ADDRESS] = "address",
		[MANIFEST_NETWORK_GATEWAY] = "gateway",
		[MANIFEST_NETWORK_DNS] = "dns",
	};
	struct manifest_network *network = &parser->out->network;
	struct net_address *address;
	uint32_t key = 0;

	while (key < ARRAY_LEN(names) && !manifest_equal(event->key, names[key]))
		key++;
	if (key == ARRAY_LEN(names))
		return manifest_fail_at(parser, event, "unknown key");
	if (!is_first(&parser->network_lines[key], event))
		return manifest_fail_at(parser, event, "key occurs twice");
	if (event->type != TOML_STRING)
		return manifest_fail_at(parser, event, "must be a string");
	if (key == MANIFEST_NETWORK_ADDRESS)
		return take_address(parser, event, network);
	address = key == MANIFEST_NETWORK_GATEWAY ? &network->gateway : &network->dns;
	if (net_address_parse(event->string, address) != STATUS_OK || (key == MANIFEST_NETWORK_GATEWAY && !is_ip4(address)))
		return manifest_fail_at(parser, event, "is not an address such as \"10.0.2.2\"");
	return STATUS_OK;
}

status_t manifest_end_network(struct manifest_parser *parser)
{
	const struct manifest_network *network = &parser->out->network;
	uint32_t line = parser->table_lines[MANIFEST_TABLE_NETWORK];

	if (line != 0 && !network->is_static)
		return manifest_fail_key(parser, line, "address", "required key is missing");
	if (network->gateway.family != NET_FAMILY_ANY && !net_address_is_in(&network->gateway, &network->address, network->prefix))
		return manifest_fail_key(parser, parser->network_lines[MANIFEST_NETWORK_GATEWAY], "gateway",
					 "is not in the network of address");
	return STATUS_OK;
}
