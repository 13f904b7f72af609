// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/convert.h"

#include "lib/string.h"

/* An IPv6 address of the link has the zone that lwIP finds for it when it is used. */
void net_address_to_lwip(const struct net_address *address, ip_addr_t *out)
{
	memset(out, 0, sizeof(*out));
	switch (address->family) {
	case NET_FAMILY_4:
		IP_SET_TYPE_VAL(*out, IPADDR_TYPE_V4);
		memcpy(&ip_2_ip4(out)->addr, address->bytes, 4);
		break;
	case NET_FAMILY_6:
		IP_SET_TYPE_VAL(*out, IPADDR_TYPE_V6);
		memcpy(ip_2_ip6(out)->addr, address->bytes, 16);
		break;
	default:
		IP_SET_TYPE_VAL(*out, IPADDR_TYPE_ANY);
		break;
	}
}

void net_address_from_lwip(const ip_addr_t *address, struct net_address *out)
{
	memset(out, 0, sizeof(*out));
	if (IP_IS_V6(address)) {
		out->family = NET_FAMILY_6;
		memcpy(out->bytes, ip_2_ip6(address)->addr, 16);
	} else {
		out->family = NET_FAMILY_4;
		memcpy(out->bytes, &ip_2_ip4(address)->addr, 4);
	}
}

status_t net_status(err_t error)
{
	switch (error) {
	case ERR_OK:
		return STATUS_OK;
	case ERR_MEM:
	case ERR_BUF:
		return STATUS_ENOMEM;
	case ERR_TIMEOUT:
		return STATUS_ETIMEDOUT;
	case ERR_RTE:
		return STATUS_ENETUNREACH;
	case ERR_USE:
		return STATUS_EADDRINUSE;
	case ERR_ALREADY:
	case ERR_ISCONN:
		return STATUS_EISCONN;
	case ERR_CONN:
		return STATUS_ENOTCONN;
	case ERR_ABRT:
		return STATUS_ECONNABORTED;
	case ERR_RST:
	case ERR_CLSD:
		return STATUS_ECONNRESET;
	default:
		return STATUS_EINVAL;
	}
}
