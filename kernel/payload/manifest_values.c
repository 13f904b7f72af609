// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Numbers with a unit, as the manifest writes them in strings. */
#include "kernel/payload/manifest_parser.h"

/* Reads `digits` decimal digits. False where one is none, or none is there; what exceeds 32 bits becomes UINT64_MAX. */
static bool manifest_read_digits(struct span text, size_t digits, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < digits; i++) {
		uint8_t c = text.data[i];

		if (c < '0' || c > '9')
			return false;
		*value = *value > UINT32_MAX ? UINT64_MAX : *value * 10 + (uint64_t)(c - '0');
	}
	if (*value > UINT32_MAX)
		*value = UINT64_MAX;
	return digits > 0;
}

/* A size such as "512K": digits, then K, M or G; whole pages. */
status_t manifest_read_size(struct manifest_parser *parser, const struct toml_event *event, uint64_t *bytes)
{
	size_t digits = event->string.len - (event->string.len > 0);
	uint8_t unit = digits > 0 ? event->string.data[digits] : 0;
	unsigned shift = unit == 'K' ? 10 : unit == 'M' ? 20 : 30;
	uint64_t value;

	if ((unit != 'K' && unit != 'M' && unit != 'G') || !manifest_read_digits(event->string, digits, &value))
		return manifest_fail_at(parser, event, "is not a size such as \"512K\" or \"2M\"");
	if (value > UINT32_MAX)
		return manifest_fail_at(parser, event, "is too large");
	value <<= shift;
	if (value == 0 || value % MANIFEST_PAGE_BYTES != 0)
		return manifest_fail_at(parser, event, "is not a multiple of 4K above zero");
	*bytes = value;
	return STATUS_OK;
}

/* A time such as "10ms" or "2s". */
status_t manifest_read_time(struct manifest_parser *parser, const struct toml_event *event, uint64_t *ns)
{
	struct span text = event->string;
	size_t len = text.len;
	bool timed = len >= 2 && text.data[len - 1] == 's';
	bool milliseconds = timed && text.data[len - 2] == 'm';
	uint64_t unit_ns = milliseconds ? 1000000 : 1000000000;
	uint64_t value;

	if (!timed || !manifest_read_digits(text, len - (milliseconds ? 2 : 1), &value))
		return manifest_fail_at(parser, event, "is not a time such as \"10ms\" or \"2s\"");
	if (value > MANIFEST_BACKOFF_MAX_NS / unit_ns || value * unit_ns < MANIFEST_BACKOFF_MIN_NS)
		return manifest_fail_at(parser, event, "is not between 1ms and 60s");
	*ns = value * unit_ns;
	return STATUS_OK;
}
