// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Netlink messages of a program: each lies within what was sent, and its answer is whole messages. */
#include "kernel/sys/linux/netlink.h"

#include <stdbool.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static const struct net_interface interfaces[] = {
	{ .index = 1, .name = "lo", .address_count = 1, .addresses = { { { NET_FAMILY_4, { 127, 0, 0, 1 } }, 8 } } },
	{ .index = 2, .name = "eth0", .address_count = 2, .addresses = { { { NET_FAMILY_4, { 10 } }, 24 }, { { NET_FAMILY_6, { 0xfe, 0x80 } }, 64 } } },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t to[LINUX_NETLINK_ANSWER_MAX];
	const struct linux_netlink_world world = { .interfaces = interfaces, .count = 2, .port = 1 };
	struct linux_netlink_answer answer = { .to = to };
	struct span left = span_of(data, size), request;

	while (linux_netlink_take(&left, &request)) {
		FUZZ_ASSERT(fuzz_is_inside(request, span_of(data, size)) && request.len >= LINUX_NETLINK_HEADER);
		linux_netlink_answer(request, &world, &answer);
		size_t bytes = answer.bytes;
		bool is_split = answer.split == bytes;

		FUZZ_ASSERT(bytes <= sizeof(to));
		for (size_t at = 0; at < bytes;) {
			struct linux_netlink_header header;

			FUZZ_ASSERT(bytes - at >= sizeof(header));
			memcpy(&header, to + at, sizeof(header));
			FUZZ_ASSERT(header.bytes >= sizeof(header) && header.bytes <= bytes - at && header.bytes % 4 == 0);
			at += header.bytes;
			is_split |= at == answer.split;
		}
		FUZZ_ASSERT(is_split);
	}
	return 0;
}
