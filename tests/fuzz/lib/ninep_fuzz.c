// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * ninep_reply_read and ninep_entry_next. The first bytes say what was asked; the rest is the reply, or the entries. Promised: what is read lies
 * within the reply, no count is larger than what was asked for, and the same bytes are judged the same however much of them lies together.
 */
#include "lib/ninep.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void entries(struct span rest)
{
	struct span whole = rest;
	struct ninep_entry entry;

	while (rest.len > 0 && ninep_entry_next(&rest, &entry) == STATUS_OK) {
		FUZZ_ASSERT(fuzz_is_inside(rest, whole));
		FUZZ_ASSERT(entry.offset != 0 && entry.name_len > 0);
		FUZZ_ASSERT(memchr(entry.name, '/', entry.name_len) == NULL && memchr(entry.name, 0, entry.name_len) == NULL);
		(void)ninep_entry_is_dots(&entry);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ninep_asked asked = { 0 };
	struct ninep_reply reply;
	const char *why;
	struct span bytes, head;
	bool has_data;
	status_t status;

	if (size < 5)
		return 0;
	bytes = span_of(data + 5, size - 5);
	if (data[0] == 0) {
		entries(bytes);
		return 0;
	}
	asked.type = data[0] & 0xfe;
	asked.names = data[0] & 1;
	asked.tag = (uint16_t)(data[1] | data[2] << 8);
	asked.bytes = (uint32_t)(data[3] | data[4] << 8) << 4;
	has_data = asked.type == NINEP_READ || asked.type == NINEP_READDIR;
	head = span_of(bytes.data, has_data && bytes.len > NINEP_DATA_HEAD_BYTES ? NINEP_DATA_HEAD_BYTES : bytes.len);
	status = ninep_reply_read(head, (uint32_t)bytes.len, &asked, &reply, &why);
	FUZZ_ASSERT((status == STATUS_EPROTO) == (why != NULL));
	FUZZ_ASSERT(status <= 0 && status > -134);
	if (status != STATUS_OK)
		return 0;
	FUZZ_ASSERT(reply.target.len == 0 || fuzz_is_inside(reply.target, bytes));
	FUZZ_ASSERT(reply.bytes <= asked.bytes);
	FUZZ_ASSERT(!has_data || reply.bytes == bytes.len - NINEP_DATA_HEAD_BYTES);
	if (asked.type == NINEP_READDIR)
		entries(span_of(bytes.data + NINEP_DATA_HEAD_BYTES, reply.bytes));
	return 0;
}
