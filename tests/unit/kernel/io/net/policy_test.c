// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/policy and address: what manifests may write, and what follows from it. */
#include "kernel/io/net/policy.h"

#include <string.h>

#include "lib/bits.h"
#include "tests/unit/unit.h"

static struct span text_of(const char *text)
{
	return span_of(text, strlen(text));
}

static struct net_address address_of(const char *text)
{
	struct net_address address;

	CU_ASSERT_EQUAL(net_address_parse(text_of(text), &address), STATUS_OK);
	return address;
}

static void address_text_survives_a_round(void)
{
	static const struct { const char *text, *canonical; } rows[] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "10.0.2.15", "10.0.2.15" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "fe80::5054:ff:fe12:3456", "fe80::5054:ff:fe12:3456" },
		{ "FE80:0:0:0:0:0:0:1", "fe80::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "::ffff:10.0.2.2", "::ffff:a00:202" },
		{ "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct net_address address = address_of(rows[i].text);
		char text[NET_ADDRESS_TEXT];

		CU_ASSERT_STRING_EQUAL(net_address_print(&address, text), rows[i].canonical);
	}
}

static void address_refuses_what_is_none(void)
{
	static const char *const bad[] = {
		"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4 ", " 1.2.3.4", "1.2.3.1000",
		":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
		"1:", ":1", "1.2.3.4::", "::1.2.3", "::1.2.3.4:5", "fe80::1%ne0", "1:2:3:4:5:6:7:1.2.3.4",
	};
	struct net_address address;

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
		CU_ASSERT_EQUAL(net_address_parse(text_of(bad[i]), &address), STATUS_EINVAL);
}

static void policy_without_rules_allows_nothing(void)
{
	struct net_policy policy = { 0 };
	struct net_address address = address_of("10.0.2.2");

	CU_ASSERT_FALSE(net_policy_may_listen(&policy, NET_TCP, 80));
	CU_ASSERT_FALSE(net_policy_may_connect(&policy, NET_TCP, &address, 80));
	CU_ASSERT_FALSE(policy.resolve);
}

static void policy_reads_what_is_right(void)
{
	static const char *const listen[] = { "tcp:80", "udp:53", "tcp:8000-8010", "udp:*", "tcp:65535", "tcp:1-1" };
	static const char *const connect[] = { "10.0.2.2:80/tcp", "10.0.2.0/24:53/udp", "[2001:db8::]/32:443/tcp", "[fe80::1]:*/udp",
					       "*:443/tcp", "0.0.0.0/0:1-1024/tcp", "[::]/0:80/tcp", "10.0.2.2/32:80/tcp" };
	struct net_policy policy = { 0 };

	for (unsigned i = 0; i < ARRAY_LEN(listen); i++)
		CU_ASSERT_EQUAL(net_policy_add_listen(&policy, text_of(listen[i])), STATUS_OK);
	for (unsigned i = 0; i < ARRAY_LEN(connect); i++)
		CU_ASSERT_EQUAL(net_policy_add_connect(&policy, text_of(connect[i])), STATUS_OK);
	CU_ASSERT_EQUAL(policy.rule_count, ARRAY_LEN(listen) + ARRAY_LEN(connect));
	CU_ASSERT_FALSE(policy.resolve);
}

static void policy_refuses_what_is_wrong(void)
{
	static const char *const listen[] = { "", "80", "tcp", "tcp:", "tcp:0", "tcp:65536", "tcp:080", "tcp:-1", "tcp:2-1", "icmp:1",
					      "TCP:80", "tcp:80 ", "tcp:1-2-3", "tcp:**", ":80", "tcp::80" };
	static const char *const connect[] = { "", "*", "10.0.2.2", "10.0.2.2:80", "10.0.2.2/tcp", "10.0.2.2:80/", "10.0.2.2:80/sctp",
					       "10.0.2.2/33:80/tcp", "10.0.2.1/24:80/tcp", "[10.0.2.2]:80/tcp", "fe80::1:80/tcp",
					       "[fe80::1]/129:80/tcp", "[fe80::1]/10:80/tcp", "[]:80/tcp", "10.0.2.0/:80/tcp", "dns",
					       "example.org:80/tcp", "*/0:80/tcp", "10.0.2.2:0/tcp" };
	struct net_policy policy = { 0 };

	for (unsigned i = 0; i < ARRAY_LEN(listen); i++)
		CU_ASSERT_EQUAL(net_policy_add_listen(&policy, text_of(listen[i])), STATUS_EINVAL);
	for (unsigned i = 0; i < ARRAY_LEN(connect); i++)
		CU_ASSERT_EQUAL(net_policy_add_connect(&policy, text_of(connect[i])), STATUS_EINVAL);
	CU_ASSERT_EQUAL(policy.rule_count, 0);
	CU_ASSERT_FALSE(policy.resolve);
}

static void policy_has_room_for_so_many_rules_and_no_more(void)
{
	struct net_policy policy = { 0 };

	for (unsigned i = 0; i < NET_POLICY_RULES; i++)
		CU_ASSERT_EQUAL(net_policy_add_listen(&policy, text_of("tcp:80")), STATUS_OK);
	CU_ASSERT_EQUAL(net_policy_add_connect(&policy, text_of("*:80/tcp")), STATUS_ENOSPC);
	CU_ASSERT_EQUAL(net_policy_add_listen(&policy, text_of("tcp:80")), STATUS_ENOSPC);
}

static void policy_tells_ports_and_protocols_apart(void)
{
	struct net_policy policy = { 0 };

	CU_ASSERT_EQUAL(net_policy_add_listen(&policy, text_of("tcp:8000-8010")), STATUS_OK);
	CU_ASSERT(net_policy_may_listen(&policy, NET_TCP, 8000) && net_policy_may_listen(&policy, NET_TCP, 8010));
	CU_ASSERT_FALSE(net_policy_may_listen(&policy, NET_TCP, 7999) || net_policy_may_listen(&policy, NET_TCP, 8011));
	CU_ASSERT_FALSE(net_policy_may_listen(&policy, NET_UDP, 8000));
	CU_ASSERT_FALSE(net_policy_may_listen(&policy, NET_TCP, 0));
}

static void policy_tells_networks_apart(void)
{
	struct net_policy policy = { 0 };
	static const struct { const char *address; uint16_t port; bool allowed; } rows[] = {
		{ "10.0.2.1", 53, true }, { "10.0.2.255", 53, true }, { "10.0.3.0", 53, false }, { "10.0.1.255", 53, false },
		{ "10.0.2.1", 54, false }, { "2001:db8:ffff::1", 53, true }, { "2001:db9::", 53, false }, { "a00:201::", 53, false },
		{ "192.168.128.1", 53, true }, { "192.168.127.1", 53, false },
	};

	CU_ASSERT_EQUAL(net_policy_add_connect(&policy, text_of("10.0.2.0/24:53/udp")), STATUS_OK);
	CU_ASSERT_EQUAL(net_policy_add_connect(&policy, text_of("192.168.128.0/17:53/udp")), STATUS_OK);
	CU_ASSERT_EQUAL(net_policy_add_connect(&policy, text_of("[2001:db8::]/32:53/udp")), STATUS_OK);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct net_address address = address_of(rows[i].address);

		CU_ASSERT_EQUAL(net_policy_may_connect(&policy, NET_UDP, &address, rows[i].port), rows[i].allowed);
		CU_ASSERT_FALSE(net_policy_may_connect(&policy, NET_TCP, &address, rows[i].port));
	}
	CU_ASSERT_FALSE(net_policy_may_listen(&policy, NET_UDP, 53));
}

static const struct unit_case cases[] = {
	UNIT_CASE(address_text_survives_a_round),
	UNIT_CASE(address_refuses_what_is_none),
	UNIT_CASE(policy_without_rules_allows_nothing),
	UNIT_CASE(policy_reads_what_is_right),
	UNIT_CASE(policy_refuses_what_is_wrong),
	UNIT_CASE(policy_has_room_for_so_many_rules_and_no_more),
	UNIT_CASE(policy_tells_ports_and_protocols_apart),
	UNIT_CASE(policy_tells_networks_apart),
};
UNIT_MAIN("kernel/io/net/policy", cases)
