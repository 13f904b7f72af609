// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/net/address.h"

#include "lib/format.h"
#include "lib/string.h"

enum { GROUPS = 8 };

/* Four numbers that fill the text. */
static bool ip4_parse(struct span text, uint8_t out[4])
{
	size_t at = 0;

	for (unsigned part = 0; part < 4; part++) {
		unsigned value = 0;
		size_t begin = at;

		while (at < text.len && at - begin < 3 && text.data[at] >= '0' && text.data[at] <= '9')
			value = value * 10 + (unsigned)(text.data[at++] - '0');
		if (at == begin || value > 255 || (at - begin > 1 && text.data[begin] == '0'))
			return false;
		out[part] = (uint8_t)value;
		if (part < 3 && (at == text.len || text.data[at++] != '.'))
			return false;
	}
	return at == text.len;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One to four hexadecimal digits from `*at` on. */
static bool group_parse(struct span text, size_t *at, uint16_t *out)
{
	size_t begin = *at;
	uint32_t value = 0;

	while (*at < text.len && *at - begin < 5 && hex_digit(text.data[*at]) >= 0)
		value = value << 4 | (uint32_t)hex_digit(text.data[(*at)++]);
	*out = (uint16_t)value;
	return *at > begin && *at - begin <= 4;
}

/* The groups on one side of "::", or all; an IPv4 address may be the last two. False where they are more than `room`. */
static bool groups_parse(struct span text, uint16_t *out, unsigned room, unsigned *count)
{
	size_t at = 0;
	uint8_t ip4[4];

	*count = 0;
	while (at < text.len) {
		if (room - *count >= 2 && ip4_parse(span_of(text.data + at, text.len - at), ip4)) {
			out[(*count)++] = (uint16_t)(ip4[0] << 8 | ip4[1]);
			out[(*count)++] = (uint16_t)(ip4[2] << 8 | ip4[3]);
			return true;
		}
		if (*count == room || !group_parse(text, &at, &out[*count]))
			return false;
		(*count)++;
		if (at < text.len && (text.data[at++] != ':' || at == text.len))
			return false;
	}
	return true;
}

static bool ip6_parse(struct span text, uint8_t out[16])
{
	uint16_t head[GROUPS] = { 0 };
	uint16_t tail[GROUPS];
	unsigned head_count;
	unsigned tail_count = 0;
	size_t gap = 0;

	while (gap + 1 < text.len && !(text.data[gap] == ':' && text.data[gap + 1] == ':'))
		gap++;
	if (gap + 1 >= text.len) {
		if (!groups_parse(text, head, GROUPS, &head_count) || head_count != GROUPS)
			return false;
	} else {
		/* The gap stands for one group at least; an IPv4 address is at the end of all. */
		struct span after = span_of(text.data + gap + 2, text.len - gap - 2);

		if (memchr(text.data, '.', gap) != NULL || !groups_parse(span_of(text.data, gap), head, GROUPS - 1, &head_count) ||
		    !groups_parse(after, tail, GROUPS - 1 - head_count, &tail_count))
			return false;
		memcpy(head + GROUPS - tail_count, tail, tail_count * sizeof(tail[0]));
	}
	for (unsigned i = 0; i < GROUPS; i++) {
		out[2 * i] = (uint8_t)(head[i] >> 8);
		out[2 * i + 1] = (uint8_t)head[i];
	}
	return true;
}

status_t net_address_parse(struct span text, struct net_address *out)
{
	memset(out, 0, sizeof(*out));
	out->family = NET_FAMILY_4;
	if (ip4_parse(text, out->bytes))
		return STATUS_OK;
	memset(out->bytes, 0, sizeof(out->bytes));
	out->family = NET_FAMILY_6;
	return ip6_parse(text, out->bytes) ? STATUS_OK : STATUS_EINVAL;
}

bool net_address_is_in(const struct net_address *address, const struct net_address *network, unsigned prefix)
{
	unsigned whole = prefix / 8;
	unsigned rest = prefix % 8;

	if (address->family != network->family || prefix > net_address_bits(address))
		return false;
	if (memcmp(address->bytes, network->bytes, whole) != 0)
		return false;
	return rest == 0 || ((address->bytes[whole] ^ network->bytes[whole]) >> (8 - rest)) == 0;
}

/* The longest run of two zero groups or more, the first of several. */
static void zeroes_find(const uint16_t *groups, unsigned *begin, unsigned *length)
{
	*begin = GROUPS;
	*length = 1;
	for (unsigned i = 0; i < GROUPS; i++) {
		unsigned n = 0;

		while (i + n < GROUPS && groups[i + n] == 0)
			n++;
		if (n > *length) {
			*begin = i;
			*length = n;
		}
	}
}

const char *net_address_print(const struct net_address *address, char to[NET_ADDRESS_TEXT])
{
	const uint8_t *b = address->bytes;
	uint16_t groups[GROUPS];
	unsigned begin;
	unsigned length;
	size_t at = 0;

	to[0] = '\0';
	if (address->family == NET_FAMILY_4)
		(void)format_print(to, NET_ADDRESS_TEXT, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	if (address->family != NET_FAMILY_6)
		return address->family == NET_FAMILY_ANY ? strcpy(to, "*") : to;
	for (unsigned i = 0; i < GROUPS; i++)
		groups[i] = (uint16_t)(b[2 * i] << 8 | b[2 * i + 1]);
	zeroes_find(groups, &begin, &length);
	for (unsigned i = 0; i < GROUPS; i++) {
		if (i == begin) {
			at += (size_t)format_print(to + at, NET_ADDRESS_TEXT - at, "::");
			i += length - 1;
		} else {
			at += (size_t)format_print(to + at, NET_ADDRESS_TEXT - at, i > 0 && to[at - 1] != ':' ? ":%x" : "%x", groups[i]);
		}
	}
	return to;
}
