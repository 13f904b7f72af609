// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What of lwIP is compiled, and how big. It finds this as <lwipopts.h>. What is not said here is as lwip/opt.h has it. */
#ifndef KERNEL_IO_NET_PORT_LWIPOPTS_H
#define KERNEL_IO_NET_PORT_LWIPOPTS_H

#include "kernel/io/net/segment.h"
#include "kernel/io/net/port.h"
#include "kernel/io/net/refusal.h"

/* One fiber calls all of it. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define LWIP_RAW 0
#define LWIP_SINGLE_NETIF 0

/* kernel/io/net/timers.c: lwIP's own never let the CPU sleep for more than 100 ms. */
#define LWIP_TIMERS 1
#define LWIP_TIMERS_CUSTOM 1

/* All memory comes from kernel/io/net/memory.c, which has the limit: pools of fixed numbers would take it all at once, from everybody. */
#define MEM_CUSTOM_ALLOCATOR 1
#define MEM_CUSTOM_MALLOC net_memory_alloc
#define MEM_CUSTOM_CALLOC net_memory_calloc
#define MEM_CUSTOM_FREE net_memory_free
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 16
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define PBUF_POOL_SIZE 0

#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_ICMP 1
#define LWIP_IGMP 0
#define LWIP_IPV6_MLD 1
#define LWIP_IPV6_AUTOCONFIG 1
#define IPV6_FRAG_COPYHEADER 1 /* wanted where pointers have 64 bits */
#define IP_DEFAULT_TTL 64 /* RFC 1700 "IP TIME TO LIVE PARAMETER" */
#define IP_REASS_MAX_PBUFS 64
#define IP_FORWARD 0
#define ARP_TABLE_SIZE 32
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 8
#define LWIP_ND6_NUM_NEIGHBORS 16
#define LWIP_ND6_NUM_DESTINATIONS 16
#define MEMP_NUM_ND6_QUEUE 32
#define ETHARP_SUPPORT_STATIC_ENTRIES 1
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_LINK_CALLBACK 0
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LOOPBACK 1 /* what this machine sends to itself waits for net_stack_finish() */
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 0
#define LWIP_HAVE_LOOPIF 1

#define LWIP_DHCP 1
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* would hold the first byte back for seconds */
#define LWIP_AUTOIP 0
#define LWIP_ACD 0
#define LWIP_DNS 1
#define DNS_TABLE_SIZE 8
#define DNS_MAX_SERVERS 3
#define LWIP_DNS_SECURE (LWIP_DNS_SECURE_RAND_XID | LWIP_DNS_SECURE_NO_MULTIPLE_OUTSTANDING | LWIP_DNS_SECURE_RAND_SRC_PORT)
#define LWIP_IPV6_DHCP6 0
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 1

#define LWIP_UDP 1
#define SO_REUSE 1
#define LWIP_TCP 1
#define TCP_MSS 3900 /* the most, where no device's MTU says less: what this machine sends itself, a page each with its headers */
#define TCP_OVERSIZE 1460 /* what a small write leaves room for */
#define TCP_WND (256 * 1024)
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 3
#define TCP_SND_BUF (256 * 1024)
#define TCP_SND_QUEUELEN 1024
#define TCP_SNDLOWAT (32 * 1024)
#define TCP_SNDQUEUELOWAT 512
#define TCP_WND_UPDATE_THRESHOLD (TCP_WND / 8)
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_BYTES TCP_WND
#define TCP_OOSEQ_MAX_PBUFS 256
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_TIMESTAMPS 1
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1
#define TCP_DEFAULT_LISTEN_BACKLOG 255
#define TCP_MSL 15000ul /* TIME_WAIT of 30 s */
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1 /* stream.c: whose it is */
#define LWIP_TCP_RTO_TIME 1000 /* RFC 6298 §2.1 */
#define TCP_SYNMAXRTX 7 /* SYNs of 127 s in all, as timers.c has them */
#define TCP_MAXRTX 12
#define LWIP_RANDOMIZE_INITIAL_LOCAL_PORTS 1
#define LWIP_HOOK_TCP_ISN(local_address, local_port, remote_address, remote_port) \
	net_port_isn(local_address, local_port, remote_address, remote_port)

#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, option_bytes, first_option_bytes, second_options, packet) \
	net_segment_take(pcb, header, first_option_bytes, packet)
#define LWIP_HOOK_IP4_INPUT(packet, netif) net_refusal_look(packet)
#define LWIP_HOOK_IP6_INPUT(packet, netif) net_refusal_look(packet)

/* Whether a checksum is made or looked at in software is the device's matter. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHKSUM_ALGORITHM 3

#define LWIP_STATS 1
#define LWIP_STATS_LARGE 1
#define MEM_STATS 0
#define MEMP_STATS 0
#define SYS_STATS 0

#endif
