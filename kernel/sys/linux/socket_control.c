// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spec: Linux, net/ipv4/ip_sockglue.c: ip_cmsg_send(); net/ipv6/datagram.c: ip6_datagram_send_ctl() */
#include "kernel/sys/linux/socket_control.h"

#include <assert.h>
#include <stddef.h>

#include "kernel/sys/linux/socket.h"
#include "lib/string.h"

static_assert(sizeof(struct linux_control_header) == 16, "include/linux/socket.h: struct cmsghdr");

enum { IP4_INFO_BYTES = 12, IP4_INFO_SOURCE = 4, IP6_INFO_BYTES = 20 };

/* A number from `least` to 255. */
static status_t number_take(int16_t *to, const uint8_t *data, uint64_t bytes, int least)
{
	int32_t number;

	if (bytes != sizeof(number))
		return STATUS_EINVAL;
	memcpy(&number, data, sizeof(number));
	if (number < least || number > UINT8_MAX)
		return STATUS_EINVAL;
	*to = (int16_t)number;
	return STATUS_OK;
}

static void source_take(struct linux_control *control, const uint8_t *address, uint8_t bytes)
{
	static const uint8_t any[16];

	control->source_bytes = memcmp(address, any, bytes) != 0 ? bytes : 0;
	memcpy(control->source, address, bytes);
}

static status_t take4(struct linux_control *control, int type, const uint8_t *data, uint64_t bytes)
{
	if (type == LINUX_IP_TTL)
		return number_take(&control->ttl, data, bytes, 1);
	if (type == LINUX_IP_TOS && bytes == 1) {
		control->tos = data[0];
		return STATUS_OK;
	}
	if (type == LINUX_IP_TOS)
		return number_take(&control->tos, data, bytes, 0);
	if (type != LINUX_IP_PKTINFO || bytes != IP4_INFO_BYTES)
		return STATUS_EINVAL;
	source_take(control, data + IP4_INFO_SOURCE, 4);
	return STATUS_OK;
}

static status_t take6(struct linux_control *control, int type, const uint8_t *data, uint64_t bytes)
{
	if (type == LINUX_IPV6_HOPLIMIT)
		return number_take(&control->ttl, data, bytes, -1);
	if (type == LINUX_IPV6_TCLASS)
		return number_take(&control->tos, data, bytes, -1);
	if (type != LINUX_IPV6_PKTINFO || bytes < IP6_INFO_BYTES)
		return STATUS_EINVAL;
	source_take(control, data, 16);
	return STATUS_OK;
}

status_t linux_control_take(struct linux_control *control, const struct linux_control_header *header, const uint8_t *data)
{
	return (header->level == LINUX_IPPROTO_IP ? take4 : take6)(control, header->type, data, header->bytes - sizeof(*header));
}

void linux_control_add(struct linux_control *control, int level, int type, const void *data, uint32_t bytes)
{
	struct linux_control_header header = { .bytes = sizeof(header) + bytes, .level = level, .type = type };

	memcpy(control->data + control->bytes, &header, sizeof(header));
	memcpy(control->data + control->bytes + sizeof(header), data, bytes);
	control->bytes += (uint32_t)linux_control_space(header.bytes);
}
