// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* kernel/io/net/convert: lwIP's results by the kernel's names, and addresses to lwIP and back. */
#include "kernel/io/net/convert.h"

#include <string.h>

#include "lib/bits.h"
#include "tests/unit/unit.h"

static void status_names_every_error_of_lwip(void)
{
	static const struct {
		err_t error;
		status_t status;
	} rows[] = {
		{ ERR_OK, STATUS_OK },
		{ ERR_MEM, STATUS_ENOMEM },
		{ ERR_BUF, STATUS_ENOMEM },
		{ ERR_TIMEOUT, STATUS_ETIMEDOUT },
		{ ERR_RTE, STATUS_ENETUNREACH },
		{ ERR_INPROGRESS, STATUS_EINVAL },
		{ ERR_VAL, STATUS_EINVAL },
		{ ERR_WOULDBLOCK, STATUS_EINVAL },
		{ ERR_USE, STATUS_EADDRINUSE },
		{ ERR_ALREADY, STATUS_EISCONN },
		{ ERR_ISCONN, STATUS_EISCONN },
		{ ERR_CONN, STATUS_ENOTCONN },
		{ ERR_IF, STATUS_EINVAL },
		{ ERR_ABRT, STATUS_ECONNABORTED },
		{ ERR_RST, STATUS_ECONNRESET },
		{ ERR_CLSD, STATUS_ECONNRESET },
		{ ERR_ARG, STATUS_EINVAL },
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		CU_ASSERT_EQUAL(net_status(rows[i].error), rows[i].status);
}

static void addresses_survive_a_round(void)
{
	static const char *const texts[] = { "10.0.2.15", "255.255.255.255", "fe80::5054:ff:fe12:3456", "::1", "::" };

	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		struct net_address address;
		struct net_address back;
		ip_addr_t lwip;

		CU_ASSERT_EQUAL(net_address_parse(span_of(texts[i], strlen(texts[i])), &address), STATUS_OK);
		net_address_to_lwip(&address, &lwip);
		net_address_from_lwip(&lwip, &back);
		CU_ASSERT_EQUAL(memcmp(&address, &back, sizeof(back)), 0);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(status_names_every_error_of_lwip),
	UNIT_CASE(addresses_survive_a_round),
};
UNIT_MAIN("kernel/io/net/convert", cases)
