// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/netlink.h"

#include <assert.h>

#include "kernel/sys/linux/netlink_tell.h"
#include "lib/bits.h"
#include "lib/status.h"
#include "lib/string.h"

enum { NLMSG_ERROR = 2, NLMSG_DONE = 3, RTM_FIRST = 16, RTM_GETLINK = 18, RTM_GETADDR = 22, RTM_GETROUTE = 26, RTM_LAST = 123, KIND_MASK = 3, KIND_GET = 2 };
enum { IFINFOMSG_BYTES = 16, IFINFOMSG_INDEX = 4, IFLA_IFNAME = 3, NAME_MAX = 15, ATTRIBUTE_HEADER = 4, ATTRIBUTE_TYPE = 0x3fff /* NLA_TYPE_MASK */ };

static_assert(sizeof(struct linux_netlink_header) == LINUX_NETLINK_HEADER, "linux/netlink.h");

bool linux_netlink_take(struct span *sent, struct span *request)
{
	uint32_t bytes;
	size_t step;

	if (sent->len < LINUX_NETLINK_HEADER)
		return false;
	memcpy(&bytes, sent->data, sizeof(bytes));
	if (bytes < LINUX_NETLINK_HEADER || bytes > sent->len)
		return false;
	*request = span_of(sent->data, bytes);
	step = bits_align_up(bytes, 4);
	*sent = step < sent->len ? span_of(sent->data + step, sent->len - step) : span_of(NULL, 0);
	return true;
}

bool linux_netlink_attribute(struct span attributes, uint16_t type, struct span *out)
{
	uint16_t header[2];
	size_t step;

	for (; attributes.len >= ATTRIBUTE_HEADER; attributes = span_of(attributes.data + step, attributes.len - step)) {
		memcpy(header, attributes.data, sizeof(header));
		if (header[0] < ATTRIBUTE_HEADER || header[0] > attributes.len)
			return false;
		if ((header[1] & ATTRIBUTE_TYPE) == type) {
			*out = span_of(attributes.data + ATTRIBUTE_HEADER, header[0] - ATTRIBUTE_HEADER);
			return true;
		}
		step = bits_align_up(header[0], 4);
		if (step > attributes.len)
			return false;
	}
	return false;
}

/* One interface by its number, or by its name. Spec: Linux, net/core/rtnetlink.c: rtnl_getlink() */
static status_t link_find(struct linux_netlink_told *told, struct span body, const struct linux_netlink_world *world)
{
	char name[NAME_MAX + 1] = { 0 };
	struct span wanted;
	int32_t index;

	if (body.len < IFINFOMSG_BYTES)
		return STATUS_EINVAL;
	memcpy(&index, body.data + IFINFOMSG_INDEX, sizeof(index));
	if (index <= 0) {
		if (!linux_netlink_attribute(span_of(body.data + IFINFOMSG_BYTES, body.len - IFINFOMSG_BYTES), IFLA_IFNAME, &wanted))
			return STATUS_EINVAL;
		memcpy(name, wanted.data, wanted.len < NAME_MAX ? wanted.len : NAME_MAX);
	}
	for (unsigned i = 0; i < world->count; i++) {
		const struct net_interface *interface = &world->interfaces[i];

		if (index > 0 ? interface->index == (unsigned)index : strcmp(interface->name, name) == 0) {
			linux_netlink_tell_link(told, interface, 0);
			return STATUS_OK;
		}
	}
	return STATUS_ENODEV;
}

/* All of a kind: those of IPv4 first, where no family is named that there is. */
static status_t all_tell(struct linux_netlink_told *told, struct span body, const struct linux_netlink_world *world)
{
	void (*tell)(struct linux_netlink_told *told, const struct linux_netlink_world *world, uint8_t family) =
		told->asked.type == RTM_GETADDR ? linux_netlink_tell_addresses : linux_netlink_tell_routes;
	uint8_t family = body.data[0];

	if (told->asked.type == RTM_GETLINK) {
		for (unsigned i = 0; i < world->count; i++)
			linux_netlink_tell_link(told, &world->interfaces[i], LINUX_NLM_F_MULTI);
		return STATUS_OK;
	}
	if (told->asked.type != RTM_GETADDR && told->asked.type != RTM_GETROUTE)
		return STATUS_ENOTSUP;
	if (family != LINUX_NETLINK_INET6)
		tell(told, world, LINUX_NETLINK_INET);
	if (family != LINUX_NETLINK_INET)
		tell(told, world, LINUX_NETLINK_INET6);
	return STATUS_OK;
}

/* An error tells the request again, as far as there is room; what was done, its header. Spec: Linux, net/netlink/af_netlink.c: netlink_ack() */
static void error_tell(struct linux_netlink_told *told, struct span request, status_t status, bool caps_errors)
{
	uint8_t body[sizeof(int32_t) + LINUX_NETLINK_TOLD_MAX];
	bool is_capped = status == STATUS_OK || caps_errors || request.len > LINUX_NETLINK_TOLD_MAX;
	size_t bytes = is_capped ? LINUX_NETLINK_HEADER : request.len;
	const int32_t error = status;

	memcpy(body, &error, sizeof(error));
	memcpy(body + sizeof(error), request.data, bytes);
	linux_netlink_put(told, NLMSG_ERROR, is_capped ? LINUX_NLM_F_CAPPED : 0, body, sizeof(error) + bytes);
}

/* The end of all is a datagram of its own, as programs know it, unless there was nothing. */
static void done_tell(struct linux_netlink_told *told, struct linux_netlink_answer *answer)
{
	const int32_t none = 0;

	answer->split = told->bytes;
	linux_netlink_put(told, NLMSG_DONE, LINUX_NLM_F_MULTI, &none, sizeof(none));
	answer->bytes = told->bytes;
	if (answer->split == 0)
		answer->split = answer->bytes;
}

/* One that is no question for all: what comes of it. Spec: Linux, net/core/rtnetlink.c: rtnetlink_rcv_msg() */
static status_t one_serve(struct linux_netlink_told *told, struct span body, const struct linux_netlink_world *world)
{
	uint16_t type = told->asked.type;

	if (!(told->asked.flags & LINUX_NLM_F_REQUEST) || type < RTM_FIRST)
		return STATUS_OK;
	if (type > RTM_LAST)
		return STATUS_ENOTSUP;
	if (body.len == 0)
		return STATUS_OK;
	if ((type & KIND_MASK) != KIND_GET)
		return STATUS_EPERM;
	if (type == RTM_GETLINK)
		return link_find(told, body, world);
	return type == RTM_GETROUTE ? linux_netlink_tell_way(told, body, world) : STATUS_ENOTSUP;
}

static bool asks_all(const struct linux_netlink_header *asked, struct span body)
{
	return (asked->flags & LINUX_NLM_F_REQUEST) && (asked->flags & LINUX_NLM_F_DUMP) && asked->type >= RTM_FIRST && asked->type <= RTM_LAST &&
	       (asked->type & KIND_MASK) == KIND_GET && body.len > 0;
}

void linux_netlink_answer(struct span request, const struct linux_netlink_world *world, struct linux_netlink_answer *answer)
{
	struct linux_netlink_told told = { .port = world->port, .to = answer->to };
	struct span body = span_of(request.data + LINUX_NETLINK_HEADER, request.len - LINUX_NETLINK_HEADER);
	status_t status;

	memcpy(&told.asked, request.data, sizeof(told.asked));
	if (asks_all(&told.asked, body)) {
		status = all_tell(&told, body, world);
		if (status == STATUS_OK) {
			done_tell(&told, answer);
			return;
		}
	} else {
		status = one_serve(&told, body, world);
	}
	answer->split = told.bytes;
	if (status != STATUS_OK || (told.asked.flags & LINUX_NLM_F_ACK))
		error_tell(&told, request, status, world->caps_errors);
	answer->bytes = told.bytes;
	if (answer->split == 0)
		answer->split = answer->bytes;
}
