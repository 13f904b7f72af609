// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Messages of netlink: what is asked, and how it is answered. */
#include "kernel/sys/linux/netlink.h"

#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>

#include "tests/unit/unit.h"

static uint8_t to[LINUX_NETLINK_ANSWER_MAX];

static struct net_interface interfaces[] = {
	{ .index = 1, .name = "lo", .is_up = true, .mtu = 65536, .address_count = 1, .addresses = { { { NET_FAMILY_4, { 127, 0, 0, 1 } }, 8 } } },
	{ .index = 2, .name = "eth0", .is_up = true, .mtu = 1500, .hardware = { 1, 2, 3, 4, 5, 6 }, .gateway = { NET_FAMILY_4, { 10, 0, 2, 2 } }, .address_count = 2,
	  .addresses = { { { NET_FAMILY_4, { 10, 0, 2, 15 } }, 24 }, { { NET_FAMILY_6, { 0xfe, 0x80, [15] = 7 } }, 64 } } },
};

static struct linux_netlink_world world = { .interfaces = interfaces, .count = 2, .port = 42 };
static struct linux_netlink_answer answer = { .to = to };

static size_t ask(unsigned type, unsigned flags, const void *body, size_t bytes)
{
	static uint8_t request[2 * LINUX_NETLINK_TOLD_MAX];
	const struct linux_netlink_header header = { (uint32_t)(sizeof(header) + bytes), (uint16_t)type, (uint16_t)flags, 77, 0 };

	memcpy(request, &header, sizeof(header));
	memcpy(request + sizeof(header), body, bytes);
	linux_netlink_answer(span_of(request, header.bytes), &world, &answer);
	CU_ASSERT(answer.split <= answer.bytes && (answer.split > 0 || answer.bytes == 0));
	return answer.bytes;
}

/* The n-th message of an answer; its attributes must fill it. */
static const struct nlmsghdr *message(size_t bytes, unsigned n)
{
	const struct nlmsghdr *at = (const void *)to;

	for (size_t left = bytes; left > 0; at = (const void *)((const uint8_t *)at + at->nlmsg_len)) {
		CU_ASSERT_FATAL(left >= sizeof(*at) && at->nlmsg_len <= left && at->nlmsg_len >= sizeof(*at) && at->nlmsg_len % 4 == 0);
		CU_ASSERT(at->nlmsg_seq == 77 && at->nlmsg_pid == 42);
		if (n-- == 0)
			return at;
		left -= at->nlmsg_len;
	}
	return NULL;
}

static const void *attribute(const struct nlmsghdr *header, size_t body, int type)
{
	size_t at = sizeof(*header) + body;

	while (at + sizeof(struct rtattr) <= header->nlmsg_len) {
		const struct rtattr *attribute = (const void *)((const uint8_t *)header + at);

		CU_ASSERT_FATAL(attribute->rta_len >= sizeof(*attribute) && at + attribute->rta_len <= header->nlmsg_len);
		if (attribute->rta_type == type)
			return attribute + 1;
		at += RTA_ALIGN(attribute->rta_len);
	}
	return NULL;
}

static int32_t error_of(size_t bytes, unsigned n)
{
	const struct nlmsghdr *header = message(bytes, n);
	const struct nlmsgerr *error = (const void *)(header + 1);

	CU_ASSERT_FATAL(header != NULL && header->nlmsg_type == NLMSG_ERROR);
	CU_ASSERT_EQUAL(header->nlmsg_len, sizeof(*header) + sizeof(error->error) + (header->nlmsg_flags & NLM_F_CAPPED ? sizeof(error->msg) : NLMSG_ALIGN(error->msg.nlmsg_len)));
	CU_ASSERT_EQUAL(error->msg.nlmsg_seq, 77);
	return error->error;
}

static void links_are_told_whole_or_one(void)
{
	const struct ifinfomsg all = { 0 }, one = { .ifi_index = 2 }, none = { .ifi_index = 3 };
	size_t bytes = ask(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, &all, sizeof(all));
	const struct ifinfomsg *link = (const void *)(message(bytes, 0) + 1);

	CU_ASSERT(message(bytes, 0)->nlmsg_type == RTM_NEWLINK && message(bytes, 0)->nlmsg_flags == NLM_F_MULTI && link->ifi_index == 1 && link->ifi_type == 772);
	CU_ASSERT_STRING_EQUAL(attribute(message(bytes, 1), sizeof(*link), IFLA_IFNAME), "eth0");
	CU_ASSERT_EQUAL(memcmp(attribute(message(bytes, 1), sizeof(*link), IFLA_ADDRESS), interfaces[1].hardware, 6), 0);
	CU_ASSERT_EQUAL(*(const uint32_t *)attribute(message(bytes, 1), sizeof(*link), IFLA_MTU), 1500);
	CU_ASSERT(message(bytes, 2)->nlmsg_type == NLMSG_DONE && message(bytes, 3) == NULL);
	CU_ASSERT(answer.split == bytes - message(bytes, 2)->nlmsg_len);
	bytes = ask(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, &one, sizeof(one));
	CU_ASSERT(message(bytes, 0)->nlmsg_type == RTM_NEWLINK && message(bytes, 0)->nlmsg_flags == 0 && message(bytes, 2) == NULL);
	CU_ASSERT(answer.split == message(bytes, 0)->nlmsg_len);
	CU_ASSERT_EQUAL(error_of(bytes, 1), 0);
	CU_ASSERT_EQUAL(error_of(ask(RTM_GETLINK, NLM_F_REQUEST, &none, sizeof(none)), 0), STATUS_ENODEV);
	CU_ASSERT_EQUAL(error_of(ask(RTM_GETLINK, NLM_F_REQUEST, &all, sizeof(all)), 0), STATUS_EINVAL);
	CU_ASSERT_EQUAL(error_of(ask(RTM_GETLINK, NLM_F_REQUEST, &one, 15), 0), STATUS_EINVAL);
}

static void addresses_are_told_by_family(void)
{
	const uint8_t any[4] = { 0 }, four[4] = { 2 }, six[4] = { 10 };
	size_t bytes = ask(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, any, 4);
	const struct ifaddrmsg *address = (const void *)(message(bytes, 0) + 1);

	CU_ASSERT(message(bytes, 3)->nlmsg_type == NLMSG_DONE && address->ifa_scope == RT_SCOPE_HOST && address->ifa_prefixlen == 8);
	CU_ASSERT_PTR_NULL(attribute(message(bytes, 0), sizeof(*address), IFA_BROADCAST));
	CU_ASSERT(message(ask(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, four, 4), 2)->nlmsg_type == NLMSG_DONE);
	bytes = ask(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, six, 4);
	address = (const void *)(message(bytes, 0) + 1);
	CU_ASSERT(address->ifa_family == 10 && address->ifa_scope == RT_SCOPE_LINK && address->ifa_index == 2 && message(bytes, 1)->nlmsg_type == NLMSG_DONE);
	CU_ASSERT_EQUAL(memcmp(attribute(message(bytes, 0), sizeof(*address), IFA_ADDRESS), interfaces[1].addresses[1].address.bytes, 16), 0);
	CU_ASSERT_EQUAL(error_of(ask(RTM_GETADDR, NLM_F_REQUEST, any, 4), 0), STATUS_ENOTSUP);
}

static void the_broadcast_address_has_all_bits_behind_the_prefix(void)
{
	static const struct {
		uint8_t prefix, broadcast[4];
	} rows[] = { { 24, { 10, 0, 2, 255 } }, { 32, { 10, 0, 2, 15 } }, { 0, { 255, 255, 255, 255 } }, { 22, { 10, 0, 3, 255 } }, { 30, { 10, 0, 2, 15 } },
		     { 25, { 10, 0, 2, 127 } }, { 8, { 10, 255, 255, 255 } }, { 1, { 127, 255, 255, 255 } } };
	const uint8_t four[4] = { 2 };

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		interfaces[1].addresses[0].prefix = rows[i].prefix;
		const struct nlmsghdr *header = message(ask(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, four, 4), 1);

		CU_ASSERT_EQUAL(memcmp(attribute(header, sizeof(struct ifaddrmsg), IFA_BROADCAST), rows[i].broadcast, 4), 0);
	}
	interfaces[1].addresses[0].prefix = 24;
}

/* A request by name: the interface's number that is told, or an error. */
static int named(const char *name, size_t name_bytes, unsigned said)
{
	struct {
		struct ifinfomsg link;
		uint16_t header[4]; /* one that is skipped, padded to 8 bytes */
		uint16_t wanted[2];
		char name[32];
	} body = { .header = { 5, IFLA_ADDRESS, 0, 0 }, .wanted = { (uint16_t)said, IFLA_IFNAME } };
	size_t bytes;

	memcpy(body.name, name, name_bytes);
	bytes = ask(RTM_GETLINK, NLM_F_REQUEST, &body, offsetof(__typeof__(body), name) + name_bytes);
	if (message(bytes, 0)->nlmsg_type == NLMSG_ERROR)
		return error_of(bytes, 0);
	return ((const struct ifinfomsg *)(const void *)(message(bytes, 0) + 1))->ifi_index;
}

static void a_link_is_found_by_its_name(void)
{
	CU_ASSERT_EQUAL(named("eth0", 5, 9), 2);
	CU_ASSERT_EQUAL(named("lo", 2, 6), 1); /* without its end */
	CU_ASSERT_EQUAL(named("eth1", 5, 9), STATUS_ENODEV);
	CU_ASSERT_EQUAL(named("", 0, 4), STATUS_ENODEV);
	CU_ASSERT_EQUAL(named("abcdefghijklmnopqrstuvwxyz", 26, 30), STATUS_ENODEV);
	CU_ASSERT_EQUAL(named("lo", 2, 7), STATUS_EINVAL); /* more than was sent */
	CU_ASSERT_EQUAL(named("lo", 2, 3), STATUS_EINVAL); /* less than its own header */
	CU_ASSERT_EQUAL(named("lo", 2, 0), STATUS_EINVAL);
}

static void routes_are_told_of_gateways_and_networks(void)
{
	const uint8_t any[12] = { 0 }, four[12] = { 2 };
	size_t bytes = ask(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, any, sizeof(any));
	const struct rtmsg *route = (const void *)(message(bytes, 0) + 1);

	CU_ASSERT(route->rtm_family == 2 && route->rtm_dst_len == 0 && memcmp(attribute(message(bytes, 0), sizeof(*route), RTA_GATEWAY), interfaces[1].gateway.bytes, 4) == 0);
	CU_ASSERT_EQUAL(*(const uint32_t *)attribute(message(bytes, 0), sizeof(*route), RTA_OIF), 2);
	route = (const void *)(message(bytes, 1) + 1);
	CU_ASSERT(route->rtm_dst_len == 24 && route->rtm_scope == RT_SCOPE_LINK && route->rtm_table == RT_TABLE_MAIN && route->rtm_type == RTN_UNICAST);
	CU_ASSERT_EQUAL(memcmp(attribute(message(bytes, 1), sizeof(*route), RTA_DST), (uint8_t[]){ 10, 0, 2, 0 }, 4), 0);
	CU_ASSERT_EQUAL(memcmp(attribute(message(bytes, 1), sizeof(*route), RTA_PREFSRC), (uint8_t[]){ 10, 0, 2, 15 }, 4), 0);
	route = (const void *)(message(bytes, 2) + 1);
	CU_ASSERT(route->rtm_family == 10 && route->rtm_dst_len == 64 && message(bytes, 3)->nlmsg_type == NLMSG_DONE);
	CU_ASSERT_EQUAL(memcmp(attribute(message(bytes, 2), sizeof(*route), RTA_DST), (uint8_t[16]){ 0xfe, 0x80 }, 16), 0);
	CU_ASSERT(message(ask(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, four, sizeof(four)), 2)->nlmsg_type == NLMSG_DONE);
	world.count = 1; /* of this machine itself there is none: the end is all there is */
	bytes = ask(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, four, sizeof(four));
	CU_ASSERT(message(bytes, 0)->nlmsg_type == NLMSG_DONE && answer.split == bytes);
	world.count = 2;
}

/* Where one address is said to be: the interface, or an error; `*from`, and `*gateway` where there is one, else NULL. */
static int way(uint8_t family, const uint8_t *wanted, uint16_t bytes, const uint8_t **from, const uint8_t **gateway)
{
	struct {
		struct rtmsg route;
		struct rtattr attribute;
		uint8_t wanted[16];
	} body = { { .rtm_family = family }, { (uint16_t)(sizeof(struct rtattr) + bytes), RTA_DST }, { 0 } };
	const struct nlmsghdr *told;

	memcpy(body.wanted, wanted, bytes);
	told = message(ask(RTM_GETROUTE, NLM_F_REQUEST, &body, sizeof(body.route) + sizeof(body.attribute) + bytes), 0);
	if (told->nlmsg_type == NLMSG_ERROR)
		return error_of(answer.bytes, 0);
	CU_ASSERT_EQUAL(memcmp(attribute(told, sizeof(body.route), RTA_DST), wanted, bytes), 0);
	*from = attribute(told, sizeof(body.route), RTA_PREFSRC);
	*gateway = attribute(told, sizeof(body.route), RTA_GATEWAY);
	return *(const int *)attribute(told, sizeof(body.route), RTA_OIF);
}

static void the_way_to_an_address_is_its_network_or_the_gateway(void)
{
	static const struct {
		uint8_t to[4], from[4];
		int interface;
		bool by_gateway;
	} rows[] = { { { 127, 0, 0, 9 }, { 127, 0, 0, 1 }, 1, false },  { { 10, 0, 2, 15 }, { 10, 0, 2, 15 }, 1, false }, { { 10, 0, 2, 99 }, { 10, 0, 2, 15 }, 2, false },
		     { { 10, 0, 3, 15 }, { 10, 0, 2, 15 }, 2, true },   { { 8, 8, 8, 8 }, { 10, 0, 2, 15 }, 2, true } };
	const uint8_t near[16] = { 0xfe, 0x80, [15] = 9 }, far[16] = { 0x20, 1 };
	const uint8_t *from, *gateway;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(way(2, rows[i].to, 4, &from, &gateway), rows[i].interface);
		CU_ASSERT(memcmp(from, rows[i].from, 4) == 0 && (gateway != NULL) == rows[i].by_gateway);
	}
	CU_ASSERT(way(10, near, 16, &from, &gateway) == 2 && from[15] == 7 && gateway == NULL);
	CU_ASSERT_EQUAL(way(10, far, 16, &from, &gateway), STATUS_ENETUNREACH);
	CU_ASSERT_EQUAL(way(10, far, 15, &from, &gateway), STATUS_EINVAL);
	CU_ASSERT_EQUAL(way(2, far, 3, &from, &gateway), STATUS_ERANGE);
	CU_ASSERT_EQUAL(way(3, far, 16, &from, &gateway), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(error_of(ask(RTM_GETROUTE, NLM_F_REQUEST, "\2\0\0\0\0\0\0\0\0\0\0\0", 12), 0), STATUS_EINVAL); /* to nowhere */
	world.count = 1;
	CU_ASSERT_EQUAL(way(2, rows[4].to, 4, &from, &gateway), STATUS_ENETUNREACH);
	world.count = 2;
}

/* An error tells the request again, unless that is too long, or nobody wants it. */
static void an_error_tells_what_was_asked(void)
{
	static uint8_t body[LINUX_NETLINK_TOLD_MAX + 8] = { [16] = 5 };
	size_t most = LINUX_NETLINK_TOLD_MAX - LINUX_NETLINK_HEADER;

	CU_ASSERT_EQUAL(error_of(ask(RTM_NEWADDR, NLM_F_REQUEST, body, 21), 0), STATUS_EPERM);
	CU_ASSERT(message(answer.bytes, 0)->nlmsg_flags == 0 && to[LINUX_NETLINK_HEADER + 4 + LINUX_NETLINK_HEADER + 16] == 5);
	CU_ASSERT_EQUAL(error_of(ask(RTM_NEWADDR, NLM_F_REQUEST, body, most), 0), STATUS_EPERM);
	CU_ASSERT_EQUAL(message(answer.bytes, 0)->nlmsg_flags, 0);
	CU_ASSERT_EQUAL(error_of(ask(RTM_NEWADDR, NLM_F_REQUEST, body, most + 1), 0), STATUS_EPERM);
	CU_ASSERT_EQUAL(message(answer.bytes, 0)->nlmsg_flags, NLM_F_CAPPED);
	world.caps_errors = true;
	CU_ASSERT_EQUAL(error_of(ask(RTM_NEWADDR, NLM_F_REQUEST, body, 21), 0), STATUS_EPERM);
	CU_ASSERT_EQUAL(message(answer.bytes, 0)->nlmsg_flags, NLM_F_CAPPED);
	world.caps_errors = false;
}

/* As much as there can be fits. */
static void every_answer_has_room(void)
{
	const uint8_t any[16] = { 0 };
	struct net_interface before[2];

	memcpy(before, interfaces, sizeof(before));
	for (unsigned i = 0; i < 2; i++) {
		interfaces[i].address_count = NET_INTERFACE_ADDRESSES;
		for (unsigned k = 0; k < NET_INTERFACE_ADDRESSES; k++)
			interfaces[i].addresses[k].address.family = k == 0 ? NET_FAMILY_4 : NET_FAMILY_6;
	}
	size_t bytes = ask(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP | NLM_F_ACK, any, 16);

	CU_ASSERT(bytes < LINUX_NETLINK_ANSWER_MAX / 2 && message(bytes, 2 * NET_INTERFACE_ADDRESSES)->nlmsg_type == NLMSG_DONE);
	CU_ASSERT_PTR_NULL(message(bytes, 2 * NET_INTERFACE_ADDRESSES + 1)); /* and no acknowledgement besides */
	memcpy(interfaces, before, sizeof(before));
}

static void what_is_no_request_has_no_answer(void)
{
	const uint8_t any[4] = { 0 };

	CU_ASSERT_EQUAL(ask(RTM_GETLINK, NLM_F_DUMP, any, 4), 0);
	CU_ASSERT_EQUAL(ask(NLMSG_NOOP, NLM_F_REQUEST, any, 4), 0);
	CU_ASSERT_EQUAL(ask(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, any, 0), 0);
	CU_ASSERT_EQUAL(error_of(ask(RTM_GETLINK, NLM_F_ACK, any, 4), 0), 0);
	CU_ASSERT_EQUAL(error_of(ask(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, any, 0), 0), 0);
}

static void what_nobody_serves_is_refused(void)
{
	const uint8_t any[4] = { 0 };

	CU_ASSERT_EQUAL(error_of(ask(RTM_NEWLINK, NLM_F_REQUEST, any, 4), 0), STATUS_EPERM);
	CU_ASSERT_EQUAL(error_of(ask(RTM_DELROUTE, NLM_F_REQUEST | NLM_F_DUMP, any, 4), 0), STATUS_EPERM);
	CU_ASSERT_EQUAL(error_of(ask(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, any, 4), 0), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(error_of(ask(RTM_GETNEIGH, NLM_F_REQUEST, any, 4), 0), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(error_of(ask(RTM_GETADDR, NLM_F_REQUEST, any, 4), 0), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(error_of(ask(124, NLM_F_REQUEST, any, 4), 0), STATUS_ENOTSUP);
	CU_ASSERT_EQUAL(error_of(ask(0xffff, NLM_F_REQUEST | NLM_F_DUMP, any, 0), 0), STATUS_ENOTSUP);
}

static void messages_are_taken_one_by_one(void)
{
	uint8_t sent[41] = { 17, [20] = 16, [36] = 16 };
	struct span left = span_of(sent, sizeof(sent)), request;

	CU_ASSERT(linux_netlink_take(&left, &request) && request.data == sent && request.len == 17 && left.data == sent + 20 && left.len == 21);
	CU_ASSERT(linux_netlink_take(&left, &request) && request.len == 16 && left.len == 5);
	CU_ASSERT_FALSE(linux_netlink_take(&left, &request));
	for (unsigned bytes = 0; bytes < 41; bytes++) {
		sent[0] = (uint8_t)bytes;
		left = span_of(sent, 40);
		CU_ASSERT_EQUAL(linux_netlink_take(&left, &request), bytes >= 16 && bytes <= 40);
	}
	sent[0] = 39; /* padding that was not sent */
	left = span_of(sent, 39);
	CU_ASSERT(linux_netlink_take(&left, &request) && request.len == 39 && left.len == 0 && !linux_netlink_take(&left, &request));
}

static const struct unit_case cases[] = {
	UNIT_CASE(links_are_told_whole_or_one),
	UNIT_CASE(addresses_are_told_by_family),
	UNIT_CASE(the_broadcast_address_has_all_bits_behind_the_prefix),
	UNIT_CASE(a_link_is_found_by_its_name),
	UNIT_CASE(routes_are_told_of_gateways_and_networks),
	UNIT_CASE(the_way_to_an_address_is_its_network_or_the_gateway),
	UNIT_CASE(an_error_tells_what_was_asked),
	UNIT_CASE(every_answer_has_room),
	UNIT_CASE(what_is_no_request_has_no_answer),
	UNIT_CASE(what_nobody_serves_is_refused),
	UNIT_CASE(messages_are_taken_one_by_one),
};

UNIT_MAIN("kernel/sys/linux/netlink", cases)
