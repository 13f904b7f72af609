// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/binding.h"

#include <lwip/tcp.h>
#include <lwip/priv/tcp_priv.h>

#include "kernel/io/net/convert.h"
#include "kernel/io/net/net.h"

/* Of those that listen or are bound: whether one keeps others away. */
static bool is_taken_in(const struct tcp_pcb *list, const ip_addr_t *address, uint16_t port, unsigned shares)
{
	for (const struct tcp_pcb *tcp = list; tcp != NULL; tcp = tcp->next)
		if (tcp->local_port == port && net_sharing_hinders((const struct ip_pcb *)tcp, tcp->state == LISTEN, address, shares))
			return true;
	return false;
}

/* lwIP looks at conflicts too, with connections among them: these have SOF_REUSEADDR, and so has who is to be bound beside them. */
static status_t bind(struct tcp_pcb *tcp, const ip_addr_t *address, uint16_t port, unsigned shares)
{
	err_t error;

	net_sharing_set((struct ip_pcb *)tcp, shares);
	error = tcp_bind(tcp, address, port);
	return error == ERR_BUF ? STATUS_EADDRINUSE : net_status(error);
}

status_t net_binding_take(const struct net_endpoint *at, unsigned shares, struct net_binding *out)
{
	ip_addr_t address;
	status_t status;

	if (!net_address_is_local(&at->address))
		return STATUS_EADDRNOTAVAIL;
	net_address_to_lwip(&at->address, &address);
	if (at->port != 0 && (is_taken_in(tcp_listen_pcbs.pcbs, &address, at->port, shares) || is_taken_in(tcp_bound_pcbs, &address, at->port, shares)))
		return STATUS_EADDRINUSE;
	out->tcp = tcp_new_ip_type(IP_GET_TYPE(&address));
	if (out->tcp == NULL)
		return STATUS_ENOMEM;
	status = bind(out->tcp, &address, at->port, shares);
	if (status != STATUS_OK) {
		net_binding_drop(out);
		return status;
	}
	out->local = (struct net_endpoint){ .address = at->address, .port = out->tcp->local_port };
	out->shares = shares;
	return STATUS_OK;
}

void net_binding_drop(struct net_binding *binding)
{
	if (binding->tcp != NULL)
		tcp_abort(binding->tcp);
	binding->tcp = NULL;
}

struct tcp_pcb *net_binding_use(struct net_binding *binding)
{
	struct tcp_pcb *tcp = binding->tcp;

	binding->tcp = NULL;
	return tcp;
}

/* Who listens at the very same address and port already; NULL: nobody. */
static struct tcp_pcb *listener_at(const ip_addr_t *address, uint16_t port)
{
	struct tcp_pcb *tcp = tcp_listen_pcbs.pcbs;

	while (tcp != NULL && (tcp->local_port != port || !ip_addr_eq(&tcp->local_ip, address)))
		tcp = tcp->next;
	return tcp;
}

status_t net_binding_listen(struct net_binding *binding, unsigned backlog, struct tcp_pcb **out)
{
	const ip_addr_t *address = &binding->tcp->local_ip;
	err_t error;

	if (is_taken_in(tcp_listen_pcbs.pcbs, address, binding->local.port, binding->shares))
		return STATUS_EADDRINUSE;
	*out = listener_at(address, binding->local.port);
	if (*out != NULL) {
		net_binding_drop(binding);
		return STATUS_OK;
	}
	*out = tcp_listen_with_backlog_and_err(binding->tcp, (u8_t)backlog, &error);
	if (*out == NULL)
		return net_status(error);
	binding->tcp = NULL;
	return STATUS_OK;
}
