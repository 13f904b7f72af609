// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a manifest allows of the network, and where it says the machine is on it. */
#include "tests/unit/kernel/payload/manifest_text.h"

#define NET MANIFEST_NAME "exec = \"x\"\n[net]\n"
#define NETWORK MANIFEST_NAME "exec = \"x\"\n[network]\n"

static void manifest_allows_what_net_names_and_no_more(void)
{
	static const struct net_address near = { NET_FAMILY_4, { 10, 0, 2, 9 } };
	static const struct net_address far = { NET_FAMILY_4, { 10, 0, 3, 9 } };
	const struct manifest_process *process = &manifest.processes[0];

	takes(NET "listen = [\"tcp:80\"]\nconnect = [\"10.0.2.0/24:53/udp\"]\n");
	CU_ASSERT(process->has_net && !process->net.resolve && process->net.rule_count == 2);
	CU_ASSERT(net_policy_may_listen(&process->net, NET_TCP, 80));
	CU_ASSERT_FALSE(net_policy_may_listen(&process->net, NET_TCP, 81));
	CU_ASSERT_FALSE(net_policy_may_listen(&process->net, NET_UDP, 80));
	CU_ASSERT(net_policy_may_connect(&process->net, NET_UDP, &near, 53));
	CU_ASSERT_FALSE(net_policy_may_connect(&process->net, NET_UDP, &far, 53));
	takes(NET "resolve = true\n");
	CU_ASSERT(process->has_net && process->net.resolve && process->net.rule_count == 0);
	takes(MANIFEST_NAME "exec = \"x\"\n");
	CU_ASSERT(!process->has_net && process->net.rule_count == 0);
}

static void manifest_keeps_the_network_of_a_process_from_the_next(void)
{
	takes(MANIFEST_ONE "[process.net]\nlisten = [\"tcp:80\"]\n[[process]]\nname = \"q\"\nexec = \"y\"\n");
	CU_ASSERT(manifest.processes[0].has_net && !manifest.processes[1].has_net);
	takes(MANIFEST_TWO "[process.net]\nlisten = [\"tcp:80\"]\n");
	CU_ASSERT(!manifest.processes[0].has_net && manifest.processes[1].has_net);
}

static void manifest_rejects_rules_that_are_none(void)
{
	refuses(NET "listen = [\"tcp:0\"]\n", "4: listen: is not a rule such as \"tcp:80\"");
	refuses(NET "connect = [\"tcp:80\"]\n", "4: connect: is not a rule such as \"10.0.2.0/24:53/udp\"");
	refuses(NET "connect = [\"*:1/tcp\",\n\"10.0.2.1/24:1/tcp\"]\n", "5: connect: is not a rule such as \"10.0.2.0/24:53/udp\"");
	refuses(NET "listen = []\n", "4: listen: has no rules: leave it out");
	refuses(NET "resolve = \"dns\"\n", "4: resolve: must be true or false");
	refuses(NET "bind = [\"tcp:80\"]\n", "4: bind: unknown key");
	refuses(MANIFEST_ONE "[net]\n", "5: net: is [process.net] below [[process]]");
}

static void manifest_says_where_the_machine_is(void)
{
	static const struct net_address own = { NET_FAMILY_4, { 10, 0, 2, 15 } };

	takes(NETWORK "address = \"10.0.2.15/24\"\ndns = \"fe80::3\"\n");
	CU_ASSERT(manifest.network.is_static && manifest.network.prefix == 24);
	CU_ASSERT(net_address_equal(&manifest.network.address, &own));
	CU_ASSERT_EQUAL(manifest.network.gateway.family, NET_FAMILY_ANY);
	CU_ASSERT_EQUAL(manifest.network.dns.family, NET_FAMILY_6);
	takes(MANIFEST_NAME "exec = \"x\"\n");
	CU_ASSERT_FALSE(manifest.network.is_static);
}

static void manifest_rejects_places_that_are_none(void)
{
	refuses(NETWORK, "3: address: required key is missing");
	refuses(NETWORK "address = \"10.0.2.15\"\n", "4: address: is not an address such as \"10.0.2.15/24\"");
	refuses(NETWORK "address = \"10.0.2.15/33\"\n", "4: address: is not an address such as \"10.0.2.15/24\"");
	refuses(NETWORK "address = \"10.0.2.15/24\"\ngateway = \"10.0.3.2\"\n", "5: gateway: is not in the network of address");
	refuses(NETWORK "gateway = \"fe80::1\"\n", "4: gateway: is not an address such as \"10.0.2.2\"");
	refuses(NETWORK "dns = \"example.org\"\n", "4: dns: is not an address such as \"10.0.2.2\"");
	refuses(MANIFEST_ONE "[process.network]\n", "5: network: unknown table");
}

static const struct unit_case cases[] = {
	UNIT_CASE(manifest_allows_what_net_names_and_no_more),
	UNIT_CASE(manifest_keeps_the_network_of_a_process_from_the_next),
	UNIT_CASE(manifest_rejects_rules_that_are_none),
	UNIT_CASE(manifest_says_where_the_machine_is),
	UNIT_CASE(manifest_rejects_places_that_are_none),
};

UNIT_MAIN("kernel/payload/manifest_network", cases)
