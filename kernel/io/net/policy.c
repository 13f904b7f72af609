// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/policy.h"

#include "lib/string.h"

static bool span_is(struct span text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* The text before the last `c` and what is behind it; false where there is none. */
static bool split_last(struct span text, char c, struct span *before, struct span *after)
{
	for (size_t i = text.len; i > 0; i--) {
		if (text.data[i - 1] == (uint8_t)c) {
			*before = span_of(text.data, i - 1);
			*after = span_of(text.data + i, text.len - i);
			return true;
		}
	}
	return false;
}

/* A decimal number of at most `most`, without leading zeroes. */
static bool number_parse(struct span text, uint32_t most, uint32_t *out)
{
	*out = 0;
	if (text.len == 0 || text.len > 5 || (text.len > 1 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		*out = *out * 10 + (uint32_t)(text.data[i] - '0');
	}
	return *out <= most;
}

/* "80", "8000-8010" or "*". Port 0 is none. */
static bool ports_parse(struct span text, struct net_rule *rule)
{
	struct span first = text;
	struct span last = text;
	uint32_t low = 1;
	uint32_t high = UINT16_MAX;

	if (!span_is(text, "*")) {
		(void)split_last(text, '-', &first, &last);
		if (!number_parse(first, UINT16_MAX, &low) || !number_parse(last, UINT16_MAX, &high))
			return false;
	}
	rule->port_first = (uint16_t)low;
	rule->port_last = (uint16_t)high;
	return low > 0 && low <= high;
}

static bool protocol_parse(struct span text, struct net_rule *rule)
{
	rule->protocol = span_is(text, "udp") ? NET_UDP : NET_TCP;
	return span_is(text, "tcp") || span_is(text, "udp");
}

/* "10.0.2.0/24", "10.0.2.2", "[fe80::]/10", "*". Bits behind the prefix are not allowed: they would look as if they counted. */
static bool network_parse(struct span text, struct net_rule *rule)
{
	struct net_address *network = &rule->network;
	struct net_address masked;
	struct span address = text;
	struct span prefix;
	uint32_t bits;
	bool has_prefix = split_last(text, '/', &address, &prefix);
	bool bracketed;

	if (span_is(text, "*"))
		return true; /* zeroed: NET_FAMILY_ANY */
	if (!has_prefix)
		address = text;
	bracketed = address.len > 2 && address.data[0] == '[' && address.data[address.len - 1] == ']';
	if (bracketed)
		address = span_of(address.data + 1, address.len - 2);
	if (net_address_parse(address, network) != STATUS_OK || bracketed != (network->family == NET_FAMILY_6))
		return false;
	bits = net_address_bits(network);
	if (has_prefix && !number_parse(prefix, bits, &bits))
		return false;
	rule->prefix = (uint8_t)bits;
	masked = (struct net_address){ .family = network->family };
	memcpy(masked.bytes, network->bytes, bits / 8);
	if (bits % 8 != 0)
		masked.bytes[bits / 8] = (uint8_t)(network->bytes[bits / 8] & 0xff << (8 - bits % 8));
	return net_address_equal(&masked, network);
}

static status_t rule_add(struct net_policy *policy, const struct net_rule *rule)
{
	if (policy->rule_count == NET_POLICY_RULES)
		return STATUS_ENOSPC;
	policy->rules[policy->rule_count++] = *rule;
	return STATUS_OK;
}

status_t net_policy_add_listen(struct net_policy *policy, struct span text)
{
	struct net_rule rule = { .listen = true };
	struct span protocol;
	struct span ports;

	if (!split_last(text, ':', &protocol, &ports) || !protocol_parse(protocol, &rule) || !ports_parse(ports, &rule))
		return STATUS_EINVAL;
	return rule_add(policy, &rule);
}

status_t net_policy_add_connect(struct net_policy *policy, struct span text)
{
	struct net_rule rule = { 0 };
	struct span place;
	struct span protocol;
	struct span network;
	struct span ports;

	if (!split_last(text, '/', &place, &protocol) || !protocol_parse(protocol, &rule) ||
	    !split_last(place, ':', &network, &ports) || !ports_parse(ports, &rule) || !network_parse(network, &rule))
		return STATUS_EINVAL;
	return rule_add(policy, &rule);
}

static bool rule_is_for(const struct net_rule *rule, bool listen, enum net_protocol protocol, uint16_t port)
{
	return rule->listen == listen && rule->protocol == protocol && port >= rule->port_first && port <= rule->port_last;
}

bool net_policy_may_listen(const struct net_policy *policy, enum net_protocol protocol, uint16_t port)
{
	for (uint32_t i = 0; i < policy->rule_count; i++)
		if (rule_is_for(&policy->rules[i], true, protocol, port))
			return true;
	return false;
}

bool net_policy_may_connect(const struct net_policy *policy, enum net_protocol protocol, const struct net_address *address,
			    uint16_t port)
{
	for (uint32_t i = 0; i < policy->rule_count; i++) {
		const struct net_rule *rule = &policy->rules[i];

		if (!rule_is_for(rule, false, protocol, port))
			continue;
		if (rule->network.family == NET_FAMILY_ANY || net_address_is_in(address, &rule->network, rule->prefix))
			return true;
	}
	return false;
}
