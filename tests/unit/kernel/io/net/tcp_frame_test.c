// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Segments read, compared and made longer, field by field: every byte that two must share, every length at its limit. */
#include "kernel/io/net/tcp_frame.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bits.h"
#include "tests/unit/kernel/io/net/wire.h"
#include "tests/unit/unit.h"

enum { PAYLOAD = 100, OPTIONS = 12, ACK = 0x10, PSH = 8, FRAME_MAX = 14 + 40 + 20 + OPTIONS + PAYLOAD };

static uint8_t one[FRAME_MAX], two[FRAME_MAX];

static unsigned tcp_at(bool ipv6)
{
	return ipv6 ? 54 : 34;
}

static unsigned frame_make(uint8_t *to, bool ipv6, uint32_t sequence, uint8_t flags)
{
	uint8_t *tcp = to + tcp_at(ipv6);

	for (unsigned i = 0; i < FRAME_MAX; i++)
		to[i] = (uint8_t)(i * 7 + 1);
	put16(to + 12, ipv6 ? 0x86dd : 0x0800);
	to[14] = ipv6 ? 0x60 : 0x45;
	if (ipv6)
		to[20] = 6;
	else
		put16(to + 20, 0x4000); /* not to be cut up */
	to[ipv6 ? 21 : 23] = ipv6 ? 64 : 6;
	put32(tcp + 4, sequence);
	tcp[12] = (20 + OPTIONS) / 4 << 4;
	tcp[13] = flags;
	memset(tcp + 20 + OPTIONS, (int)(sequence >> 4), PAYLOAD); /* no two have the same */
	return tcp_at(ipv6) + 20 + OPTIONS + PAYLOAD;
}

static bool is_read(const uint8_t *data, uint32_t contiguous, struct tcp_frame *frame)
{
	return tcp_frame_read(data, contiguous, contiguous + 7, frame);
}

static void a_segment_is_read_where_its_header_lies_together(void)
{
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		unsigned len = frame_make(one, ipv6, 0x81020384, ACK | PSH);
		struct tcp_frame frame;

		CU_ASSERT(tcp_frame_read(one, len, len + 50, &frame));
		CU_ASSERT(frame.ipv6 == ipv6 && frame.ip_at == 14 && frame.tcp_at == tcp_at(ipv6) && frame.payload_at == tcp_at(ipv6) + 32);
		CU_ASSERT(frame.sequence == 0x81020384 && frame.flags == (ACK | PSH) && frame.payload_bytes == PAYLOAD + 50);
		CU_ASSERT(is_read(one, tcp_at(ipv6) + 32, &frame) && frame.payload_bytes == 7);
		CU_ASSERT(!is_read(one, tcp_at(ipv6) + 31, &frame));
		one[tcp_at(ipv6) + 12] = 5 << 4;
		CU_ASSERT(is_read(one, tcp_at(ipv6) + 20, &frame) && frame.payload_at == tcp_at(ipv6) + 20);
		CU_ASSERT(!is_read(one, tcp_at(ipv6) + 19, &frame));
		one[tcp_at(ipv6) + 12] = 4 << 4;
		CU_ASSERT(!is_read(one, len, &frame));
	}
}

/* However short it is, nothing behind its end is looked at. */
static void what_is_cut_off_is_none(void)
{
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		(void)frame_make(one, ipv6, 1, ACK);
		for (unsigned len = 1; len < tcp_at(ipv6) + 20 + OPTIONS; len++) {
			uint8_t *exact = malloc(len);
			struct tcp_frame frame;

			memcpy(exact, one, len);
			CU_ASSERT(!is_read(exact, len, &frame));
			free(exact);
		}
	}
}

static void what_is_no_plain_segment_is_left_alone(void)
{
	static const struct {
		bool ipv6;
		unsigned at;
		uint8_t value;
	} rows[] = { { false, 12, 0x09 }, { false, 13, 0x06 }, { false, 14, 0x46 }, { false, 14, 0x65 }, { false, 23, 17 }, { false, 20, 0x60 }, { false, 21, 1 }, { false, 20, 0x41 },
		     { true, 12, 0x87 }, { true, 13, 0xde }, { true, 20, 17 } };
	struct tcp_frame frame;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned len = frame_make(one, rows[i].ipv6, 1, ACK);

		CU_ASSERT(is_read(one, len, &frame));
		one[rows[i].at] = rows[i].value;
		CU_ASSERT(!is_read(one, len, &frame));
	}
	(void)frame_make(one, false, 1, ACK);
	one[20] = 0x80; /* the bit that is reserved says nothing */
	CU_ASSERT(is_read(one, FRAME_MAX, &frame));
}

static void plain_data_alone_may_grow(void)
{
	struct tcp_frame frame;

	for (unsigned flags = 0; flags < 256; flags++) {
		unsigned len = frame_make(one, false, 1, (uint8_t)flags);

		CU_ASSERT_FATAL(tcp_frame_read(one, len, len, &frame));
		CU_ASSERT_EQUAL(tcp_frame_may_grow(&frame), flags == ACK);
		CU_ASSERT_FATAL(tcp_frame_read(one, len, len - PAYLOAD, &frame));
		CU_ASSERT(!tcp_frame_may_grow(&frame));
		CU_ASSERT_FATAL(tcp_frame_read(one, len, len - PAYLOAD + 1, &frame));
		CU_ASSERT_EQUAL(tcp_frame_may_grow(&frame), flags == ACK);
	}
}

/* Whether `two`, behind `have` bytes of payload of `one`, goes on with it. */
static bool continues(bool ipv6, uint32_t have, uint32_t total)
{
	struct tcp_frame first, next;
	unsigned len = tcp_at(ipv6) + 20 + OPTIONS + PAYLOAD;

	if (!tcp_frame_read(one, len, len, &first) || !tcp_frame_read(two, len, total, &next))
		return false;
	return tcp_frame_continues(one, &first, have, two, &next);
}

static void every_byte_of_two_headers_counts_but_these(void)
{
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		unsigned tcp = tcp_at(ipv6);

		for (unsigned at = 0; at < tcp + 20 + OPTIONS; at++) {
			bool differs = ipv6 ? at == 18 || at == 19 : (at >= 16 && at <= 25); /* lengths, identification, what is cut up, how far, sum */

			(void)frame_make(one, ipv6, 1000, ACK);
			(void)frame_make(two, ipv6, 1000 + PAYLOAD, ACK);
			CU_ASSERT(continues(ipv6, PAYLOAD, tcp + 20 + OPTIONS + PAYLOAD));
			two[at] ^= 0x80;
			if (!ipv6 && at >= 20 && at <= 23)
				continue; /* of the two read, each is judged by itself */
			if (at == tcp + 16 || at == tcp + 17 || at == tcp + 18 || at == tcp + 19)
				differs = true; /* its sum, and where what is urgent ends */
			CU_ASSERT_EQUAL(continues(ipv6, PAYLOAD, tcp + 20 + OPTIONS + PAYLOAD), differs);
		}
	}
}

static void what_goes_on_is_next_and_no_longer(void)
{
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		unsigned len = frame_make(one, ipv6, 0xffffffc0, ACK);
		unsigned header = len - PAYLOAD, most = TCP_FRAME_BYTES_MAX - header;

		(void)frame_make(two, ipv6, 0xffffffc0 + PAYLOAD, ACK | PSH);
		CU_ASSERT(continues(ipv6, PAYLOAD, len) && !continues(ipv6, PAYLOAD - 1, len) && !continues(ipv6, PAYLOAD + 1, len));
		CU_ASSERT(continues(ipv6, PAYLOAD, len - PAYLOAD + 1) && !continues(ipv6, PAYLOAD, len - PAYLOAD) && !continues(ipv6, PAYLOAD, len + 1));
		for (unsigned flags = 0; flags < 256; flags++) {
			(void)frame_make(two, ipv6, 0xffffffc0 + PAYLOAD, (uint8_t)flags);
			CU_ASSERT_EQUAL(continues(ipv6, PAYLOAD, len), flags == ACK || flags == (ACK | PSH));
		}
		(void)frame_make(two, ipv6, 0xffffffc0 + most - PAYLOAD, ACK); /* as long as a frame can be */
		CU_ASSERT(continues(ipv6, most - PAYLOAD, len));
		(void)frame_make(two, ipv6, 0xffffffc0 + most - PAYLOAD + 1, ACK);
		CU_ASSERT(!continues(ipv6, most - PAYLOAD + 1, len));
	}
	(void)frame_make(one, false, 1000, ACK);
	(void)frame_make(two, true, 1000 + PAYLOAD, ACK);
	CU_ASSERT(!continues(false, PAYLOAD, FRAME_MAX));
	(void)frame_make(two, false, 1000 + PAYLOAD, ACK);
	two[34 + 12] = 5 << 4; /* without options */
	CU_ASSERT(!continues(false, PAYLOAD, 34 + 20 + PAYLOAD));
}

static uint32_t sum_of(const uint8_t *at, unsigned bytes, uint32_t sum)
{
	for (unsigned i = 0; i < bytes; i += 2)
		sum += get16(at + i);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void a_longer_segment_says_so(void)
{
	static const uint32_t lengths[] = { 1, PAYLOAD, 1460, 64000, 65535 - 60 };

	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		for (unsigned i = 0; i < ARRAY_LEN(lengths); i++) {
			unsigned len = frame_make(one, ipv6, 1000, ACK), tcp = tcp_at(ipv6);
			uint32_t tcp_bytes = 20 + OPTIONS + lengths[i];
			struct tcp_frame frame;

			CU_ASSERT_FATAL(tcp_frame_read(one, len, len, &frame));
			memcpy(two, one, sizeof(one));
			tcp_frame_enlarge(one, &frame, lengths[i], PSH | 0x41);
			CU_ASSERT_EQUAL(one[tcp + 13], ACK | PSH); /* that alone is taken over */
			if (ipv6) {
				CU_ASSERT_EQUAL(get16(one + 18), tcp_bytes);
				put16(two + 18, tcp_bytes);
			} else {
				CU_ASSERT(get16(one + 16) == 20 + tcp_bytes && sum_of(one + 14, 20, 0) == 0xffff);
				put16(two + 16, 20 + tcp_bytes);
				memcpy(two + 24, one + 24, 2);
			}
			CU_ASSERT_EQUAL(get16(one + tcp + 16), sum_of(one + (ipv6 ? 22 : 26), ipv6 ? 32 : 8, 6 + (tcp_bytes & 0xffff) + (tcp_bytes >> 16)));
			two[tcp + 13] |= PSH;
			memcpy(two + tcp + 16, one + tcp + 16, 2);
			CU_ASSERT(memcmp(one, two, sizeof(one)) == 0); /* and nothing else */
			tcp_frame_enlarge(one, &frame, lengths[i], 0);
			CU_ASSERT(memcmp(one, two, sizeof(one)) == 0);
		}
	}
}

/* As large as the words can be, and more than 16 bits of length: what is carried is added, twice. */
static void sums_carry_to_the_end(void)
{
	static const uint32_t lengths[] = { 0, 1, 0xffff, 0x10000, 70000, 0x1fff0 };

	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		for (unsigned i = 0; i < ARRAY_LEN(lengths); i++) {
			unsigned len = frame_make(one, ipv6, 1000, ACK), addresses = ipv6 ? 22 : 26, bytes = ipv6 ? 32 : 8;
			uint32_t tcp_bytes = 20 + OPTIONS + lengths[i];
			struct tcp_frame frame;

			CU_ASSERT_FATAL(tcp_frame_read(one, len, len, &frame));
			memset(one + addresses, 0xff, bytes);
			tcp_frame_prepare_checksum(one, &frame, lengths[i]);
			CU_ASSERT_EQUAL(get16(one + tcp_at(ipv6) + 16), sum_of(one + addresses, bytes, 6 + (tcp_bytes & 0xffff) + (tcp_bytes >> 16)));
		}
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_segment_is_read_where_its_header_lies_together),
	UNIT_CASE(what_is_cut_off_is_none),
	UNIT_CASE(what_is_no_plain_segment_is_left_alone),
	UNIT_CASE(plain_data_alone_may_grow),
	UNIT_CASE(every_byte_of_two_headers_counts_but_these),
	UNIT_CASE(what_goes_on_is_next_and_no_longer),
	UNIT_CASE(a_longer_segment_says_so),
	UNIT_CASE(sums_carry_to_the_end),
};
UNIT_MAIN("kernel/io/net/tcp_frame", cases)
