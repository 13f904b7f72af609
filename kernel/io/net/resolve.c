// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/resolve.h"

#include <lwip/dns.h>

#include "kernel/io/net/convert.h"
#include "kernel/io/net/memory.h"
#include "kernel/io/net/timers.h"
#include "lib/string.h"

/* lwIP cannot forget a question: a cancelled one lives until it is answered. */
struct net_query {
	net_query_done *done; /* NULL: cancelled */
	void *ctx;
};

static unsigned busy;

bool net_resolve_is_busy(void)
{
	return busy > 0;
}

static void answered(const char *name, const ip_addr_t *found, void *arg)
{
	struct net_query *query = arg;
	struct net_address address;

	(void)name;
	busy--;
	if (found != NULL)
		net_address_from_lwip(found, &address);
	if (query->done != NULL)
		query->done(query->ctx, found != NULL ? STATUS_OK : STATUS_ENOENT, found != NULL ? &address : NULL);
	net_memory_free(query);
}

/* Letters, digits, hyphens, dots between them; underscores are used. */
static bool name_copy(struct span name, char *to)
{
	if (name.len == 0 || name.len > NET_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		bool dot = c == '.';

		if (!dot && c != '-' && c != '_' && !(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
			return false;
		if (dot && (i == 0 || name.data[i - 1] == '.'))
			return false;
		to[i] = (char)c;
	}
	to[name.len] = '\0';
	return true;
}

static bool server_is_known(void)
{
	for (u8_t i = 0; i < DNS_MAX_SERVERS; i++)
		if (!ip_addr_isany(dns_getserver(i)))
			return true;
	return false;
}

unsigned net_resolve_servers(struct net_address *out, unsigned max)
{
	unsigned count = 0;

	for (u8_t i = 0; i < DNS_MAX_SERVERS && count < max; i++)
		if (!ip_addr_isany(dns_getserver(i)))
			net_address_from_lwip(dns_getserver(i), &out[count++]);
	return count;
}

status_t net_resolve(struct span name, enum net_family family, net_query_done *done, void *ctx, struct net_query **query)
{
	static const u8_t types[] = { [NET_FAMILY_ANY] = LWIP_DNS_ADDRTYPE_IPV4_IPV6,
				      [NET_FAMILY_4] = LWIP_DNS_ADDRTYPE_IPV4,
				      [NET_FAMILY_6] = LWIP_DNS_ADDRTYPE_IPV6 };
	char text[NET_NAME_MAX + 1];
	ip_addr_t found;
	err_t error;

	*query = NULL;
	if (!name_copy(name, text))
		return STATUS_EINVAL;
	if (!server_is_known())
		return STATUS_ENETUNREACH;

	struct net_query *made = net_memory_alloc(sizeof(*made));

	if (made == NULL)
		return STATUS_EAGAIN;
	*made = (struct net_query){ .done = done, .ctx = ctx };
	busy++;
	net_timers_touch();
	error = dns_gethostbyname_addrtype(text, &found, answered, made, types[family]);
	if (error == ERR_INPROGRESS) {
		*query = made;
		return STATUS_OK;
	}
	if (error == ERR_OK) {
		answered(text, &found, made);
		return STATUS_OK;
	}
	busy--;
	net_memory_free(made);
	return error == ERR_MEM ? STATUS_EAGAIN : STATUS_EINVAL;
}

void net_resolve_cancel(struct net_query *query)
{
	query->done = NULL;
}
