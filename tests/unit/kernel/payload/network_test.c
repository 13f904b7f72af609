// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The network as the manifest grants it: the rights that its rules are good for, and the start that the first one brings. */
#include "tests/unit/machine.h"

#include "kernel/payload/network.c"

static unsigned net_starts, said;
static uint32_t granted;
static status_t starts, creates;
static struct object net;

enum governor_rule ring_war_rule(void)
{
	return GOVERNOR_ALWAYS_WAR;
}

status_t net_start(const struct net_config *config)
{
	CU_ASSERT(config->rule == GOVERNOR_ALWAYS_WAR && config->is_static && config->prefix == 24 && config->address.bytes[0] == 10);
	CU_ASSERT(config->gateway.bytes[0] == 11 && config->server.bytes[0] == 12);
	net_starts++;
	return starts;
}

status_t net_object_create(const struct net_policy *policy, struct object **out)
{
	CU_ASSERT_EQUAL(policy->rules[1].port_first, 77);
	*out = &net;
	return creates;
}

status_t start_grant(struct start *start, const char *name, struct object *object, uint32_t rights)
{
	(void)start;
	CU_ASSERT(strcmp(name, "net") == 0 && object == &net);
	granted = rights;
	return STATUS_OK;
}

void log_line(const char *fmt, ...)
{
	CU_ASSERT_PTR_NOT_NULL(strstr(fmt, "no network device"));
	said++;
}

static const struct manifest_network network = {
	.is_static = true, .prefix = 24, .address.bytes = { 10 }, .gateway.bytes = { 11 }, .dns.bytes = { 12 },
};
static struct manifest_process spec;

static status_t grant(uint32_t rules, bool first_listens, bool second_listens, bool resolve)
{
	spec = (struct manifest_process){ .has_net = true };
	spec.net.rule_count = rules;
	spec.net.resolve = resolve;
	spec.net.rules[0].listen = first_listens;
	spec.net.rules[1].listen = second_listens;
	spec.net.rules[1].port_first = 77;
	granted = 0;
	return network_grant(&network, &spec, NULL);
}

static void it_is_started_once_and_tried_again_where_that_failed(void)
{
	starts = STATUS_ENODEV;
	CU_ASSERT_EQUAL(grant(1, true, true, false), STATUS_ENODEV);
	CU_ASSERT_EQUAL(said, 1);
	starts = STATUS_ENOMEM;
	CU_ASSERT_EQUAL(grant(1, true, true, false), STATUS_ENOMEM);
	CU_ASSERT(said == 1 && granted == 0);
	starts = STATUS_OK;
	CU_ASSERT_EQUAL(grant(1, true, true, false), STATUS_OK);
	CU_ASSERT_EQUAL(grant(1, true, true, false), STATUS_OK);
	CU_ASSERT_EQUAL(net_starts, 3);
}

static void rights_are_those_that_rules_are_for(void)
{
	CU_ASSERT_EQUAL(grant(0, true, true, false), STATUS_OK);
	CU_ASSERT_EQUAL(granted, 0);
	CU_ASSERT_EQUAL(grant(0, true, true, true), STATUS_OK);
	CU_ASSERT_EQUAL(granted, CAPOS_NET_RIGHT_RESOLVE);
	CU_ASSERT_EQUAL(grant(1, true, false, false), STATUS_OK);
	CU_ASSERT_EQUAL(granted, CAPOS_NET_RIGHT_LISTEN);
	CU_ASSERT_EQUAL(grant(1, false, true, false), STATUS_OK);
	CU_ASSERT_EQUAL(granted, CAPOS_NET_RIGHT_CONNECT);
	CU_ASSERT_EQUAL(grant(2, false, true, true), STATUS_OK);
	CU_ASSERT_EQUAL(granted, CAPOS_NET_RIGHT_LISTEN | CAPOS_NET_RIGHT_CONNECT | CAPOS_NET_RIGHT_RESOLVE);
	creates = STATUS_ENOMEM;
	CU_ASSERT_EQUAL(grant(2, false, true, true), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(granted, 0);
	spec.has_net = false;
	CU_ASSERT_EQUAL(network_grant(&network, &spec, NULL), STATUS_OK);
	CU_ASSERT_EQUAL(granted, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(it_is_started_once_and_tried_again_where_that_failed),
	UNIT_CASE(rights_are_those_that_rules_are_for),
};

UNIT_MAIN("kernel/payload/network", cases)
