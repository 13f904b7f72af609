// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/port.h"

#include <sodium/crypto_shorthash_siphash24.h>

#include <lwip/ip_addr.h>
#include <lwip/sys.h>

#include "hal/contract/timer.h"
#include "kernel/core/entropy.h"
#include "kernel/core/panic.h"
#include "lib/bits.h"
#include "lib/string.h"

static uint8_t key[crypto_shorthash_siphash24_KEYBYTES];
static uint32_t random_words[16];
static unsigned random_left;

void net_port_init(void)
{
	entropy_draw(key, sizeof(key));
	random_left = 0;
}

uint32_t net_port_random(void)
{
	if (random_left == 0) {
		entropy_draw(random_words, sizeof(random_words));
		random_left = ARRAY_LEN(random_words);
	}
	return random_words[--random_left];
}

/* Addresses as 16 bytes of IPv6, whatever they are: no field of lwIP's structure that means nothing is hashed. */
static void address_put(uint8_t *to, const ip_addr_t *address)
{
	memset(to, 0, 16);
	if (IP_IS_V6(address))
		memcpy(to, ip_2_ip6(address)->addr, 16);
	else
		memcpy(to, &ip_2_ip4(address)->addr, 4);
}

uint64_t net_port_hash(const struct ip_addr *local_address, uint16_t local_port, const struct ip_addr *remote_address,
		       uint16_t remote_port, uint64_t what)
{
	uint8_t message[44];
	uint64_t hash;

	address_put(message, local_address);
	address_put(message + 16, remote_address);
	memcpy(message + 32, &local_port, 2);
	memcpy(message + 34, &remote_port, 2);
	memcpy(message + 36, &what, 8);
	(void)crypto_shorthash_siphash24((uint8_t *)&hash, message, sizeof(message), key);
	return hash;
}

uint32_t net_port_isn(const struct ip_addr *local_address, uint16_t local_port, const struct ip_addr *remote_address,
		      uint16_t remote_port)
{
	/* No cookie has all ones: its lowest byte is an index. */
	return (uint32_t)(net_port_hash(local_address, local_port, remote_address, remote_port, UINT64_MAX) + hal_timer_now_ns() / 4000);
}

void net_port_assert(int line)
{
	panic("lwip: the assertion in line %d does not hold", line);
}

/* Milliseconds; lwIP's name. */
u32_t sys_now(void)
{
	return (u32_t)(hal_timer_now_ns() / 1000000);
}
