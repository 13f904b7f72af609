// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/port: sequence numbers of connections (RFC 6528). */
#include "kernel/io/net/port.h"

#include "kernel/io/net/convert.h"
#include "tests/unit/kernel/io/net/world.h"
#include "tests/unit/unit.h"

static ip_addr_t address(uint8_t last)
{
	struct net_address address = { .family = NET_FAMILY_4, .bytes = { 10, 0, 2, last } };
	ip_addr_t out;

	net_address_to_lwip(&address, &out);
	return out;
}

static void sequence_numbers_of_a_connection_go_on_by_the_clock(void)
{
	ip_addr_t here = address(15);
	ip_addr_t there = address(2);
	uint32_t first = net_port_isn(&here, 80, &there, 1000);

	CU_ASSERT_EQUAL(net_port_isn(&here, 80, &there, 1000), first);
	world.now_ns += 4000000;
	CU_ASSERT_EQUAL(net_port_isn(&here, 80, &there, 1000), first + 1000);
}

static void sequence_numbers_of_others_tell_nothing(void)
{
	ip_addr_t here = address(15);
	ip_addr_t there = address(2);
	ip_addr_t other = address(3);
	uint32_t one = net_port_isn(&here, 80, &there, 1000);

	CU_ASSERT_NOT_EQUAL(net_port_isn(&here, 80, &there, 1001), one);
	CU_ASSERT_NOT_EQUAL(net_port_isn(&here, 81, &there, 1000), one);
	CU_ASSERT_NOT_EQUAL(net_port_isn(&here, 80, &other, 1000), one);
	CU_ASSERT_NOT_EQUAL(net_port_isn(&other, 80, &there, 1000), one);
}

static const struct unit_case cases[] = {
	UNIT_CASE(sequence_numbers_of_a_connection_go_on_by_the_clock),
	UNIT_CASE(sequence_numbers_of_others_tell_nothing),
};
UNIT_MAIN("kernel/io/net/port", cases)
