// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The manifest as a table of keys, each with its type and the function that takes its value. What the table does not name
 * is refused, and each message names line and key, for it is read by whoever wrote the manifest.
 */
#include "kernel/payload/manifest.h"

#include <assert.h>
#include <stdbool.h>

#include "lib/bits.h"
#include "lib/cpio.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/toml.h"

struct manifest_parser {
	struct toml toml;
	struct manifest *out;
	char *why;
	size_t why_bytes;
	uint32_t keys_seen; /* by index in manifest_keys */
	bool in_capabilities;
	char buffer[MANIFEST_ARG_BYTES]; /* one string */
};

struct manifest_key {
	const char *name;
	enum toml_type type;
	bool required;
	status_t (*take)(struct manifest_parser *parser, const struct toml_event *event);
};

struct manifest_right {
	const char *name;
	uint32_t bit;
};

/* A capability that can be asked for, and its rights, ended by one without a name. */
struct manifest_known_capability {
	const char *name;
	enum manifest_capability_id id;
	struct manifest_right rights[4];
};

static const struct manifest_known_capability manifest_known[] = {
	{ "console", MANIFEST_CAPABILITY_CONSOLE, { { "write", MANIFEST_CONSOLE_WRITE } } },
};

static_assert(ARRAY_LEN(manifest_known) <= MANIFEST_CAPABILITY_MAX, "every capability has a place");

static bool manifest_equal(struct span text, const char *name)
{
	size_t len = strlen(name);

	return text.len == len && memcmp(text.data, name, len) == 0;
}

static status_t manifest_fail(struct manifest_parser *parser, uint32_t line, struct span key, const char *cause)
{
	if (key.len == 0)
		format_print(parser->why, parser->why_bytes, "manifest.toml line %u: %s", line, cause);
	else
		format_print(parser->why, parser->why_bytes, "manifest.toml line %u: %.*s: %s", line, (int)key.len,
			     (const char *)key.data, cause);
	return STATUS_EINVAL;
}

static status_t manifest_fail_at(struct manifest_parser *parser, const struct toml_event *event, const char *cause)
{
	return manifest_fail(parser, event->line, event->key, cause);
}

static status_t manifest_next(struct manifest_parser *parser, struct toml_event *event)
{
	if (toml_next(&parser->toml, event) == STATUS_OK)
		return STATUS_OK;
	return manifest_fail(parser, parser->toml.line, parser->toml.key, parser->toml.why);
}

static status_t manifest_take_name(struct manifest_parser *parser, const struct toml_event *event)
{
	if (event->string.len == 0 || event->string.len > MANIFEST_NAME_MAX)
		return manifest_fail_at(parser, event, "must be 1 to 32 characters long");
	for (size_t i = 0; i < event->string.len; i++) {
		uint8_t c = event->string.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return manifest_fail_at(parser, event, "may hold a-z, 0-9 and - only");
	}
	memcpy(parser->out->name, event->string.data, event->string.len);
	return STATUS_OK;
}

static status_t manifest_take_exec(struct manifest_parser *parser, const struct toml_event *event)
{
	static_assert(CPIO_NAME_MAX == MANIFEST_EXEC_MAX, "every archive name fits");

	if (!cpio_name_is_valid(event->string))
		return manifest_fail_at(parser, event, "is not the name of a file in the bundle");
	memcpy(parser->out->exec, event->string.data, event->string.len);
	return STATUS_OK;
}

static status_t manifest_take_args(struct manifest_parser *parser, const struct toml_event *event)
{
	struct manifest *out = parser->out;
	struct toml_event item;
	size_t used = 0;
	status_t status;

	(void)event;
	while ((status = manifest_next(parser, &item)) == STATUS_OK && item.kind == TOML_ITEM) {
		if (out->arg_count == MANIFEST_ARG_MAX)
			return manifest_fail_at(parser, &item, "more than 16 arguments");
		if (item.string.len + 1 > sizeof(out->arg_bytes) - used)
			return manifest_fail_at(parser, &item, "more than 1024 bytes of arguments");
		memcpy(out->arg_bytes + used, item.string.data, item.string.len);
		out->arg_offset[out->arg_count++] = (uint16_t)used;
		used += item.string.len + 1;
	}
	return status;
}

/* Reads a size such as "512K": digits, then K, M or G; whole pages. */
static status_t manifest_take_size(struct manifest_parser *parser, const struct toml_event *event, uint64_t *bytes)
{
	size_t digits = event->string.len - (event->string.len > 0);
	uint8_t unit = digits > 0 ? event->string.data[digits] : 0;
	unsigned shift = unit == 'K' ? 10 : unit == 'M' ? 20 : 30;
	uint64_t value = 0;

	if (unit != 'K' && unit != 'M' && unit != 'G')
		return manifest_fail_at(parser, event, "is not a size such as \"512K\" or \"2M\"");
	for (size_t i = 0; i < digits; i++) {
		uint8_t c = event->string.data[i];

		if (c < '0' || c > '9')
			return manifest_fail_at(parser, event, "is not a size such as \"512K\" or \"2M\"");
		value = value * 10 + (uint64_t)(c - '0');
		if (value > UINT32_MAX)
			return manifest_fail_at(parser, event, "is too large");
	}
	value <<= shift;
	if (value == 0 || value % MANIFEST_PAGE_BYTES != 0)
		return manifest_fail_at(parser, event, "is not a multiple of 4K above zero");
	*bytes = value;
	return STATUS_OK;
}

static status_t manifest_take_memory(struct manifest_parser *parser, const struct toml_event *event)
{
	return manifest_take_size(parser, event, &parser->out->memory_bytes);
}

static status_t manifest_take_stack(struct manifest_parser *parser, const struct toml_event *event)
{
	return manifest_take_size(parser, event, &parser->out->stack_bytes);
}

static const struct manifest_key manifest_keys[] = {
	{ "name", TOML_STRING, true, manifest_take_name },
	{ "exec", TOML_STRING, true, manifest_take_exec },
	{ "args", TOML_ARRAY, false, manifest_take_args },
	{ "memory", TOML_STRING, false, manifest_take_memory },
	{ "stack", TOML_STRING, false, manifest_take_stack },
};

static status_t manifest_take_key(struct manifest_parser *parser, const struct toml_event *event)
{
	for (size_t i = 0; i < ARRAY_LEN(manifest_keys); i++) {
		const struct manifest_key *key = &manifest_keys[i];

		if (!manifest_equal(event->key, key->name))
			continue;
		if ((parser->keys_seen & 1u << i) != 0)
			return manifest_fail_at(parser, event, "key occurs twice");
		if (event->type != key->type)
			return manifest_fail_at(parser, event,
						key->type == TOML_STRING ? "must be a string" :
									   "must be an array of strings");
		parser->keys_seen |= 1u << i;
		return key->take(parser, event);
	}
	return manifest_fail_at(parser, event, "unknown key");
}

/* The bit of a right of `known`, or 0. */
static uint32_t manifest_find_right(const struct manifest_known_capability *known, struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(known->rights) && known->rights[i].name != NULL; i++) {
		if (manifest_equal(name, known->rights[i].name))
			return known->rights[i].bit;
	}
	return 0;
}

/* The rights of a capability whose key came last. */
static status_t manifest_take_rights(struct manifest_parser *parser, const struct toml_event *event,
				     const struct manifest_known_capability *known)
{
	struct manifest_capability *capability = &parser->out->capabilities[parser->out->capability_count];
	struct toml_event item;
	status_t status;

	capability->id = known->id;
	capability->name = known->name;
	while ((status = manifest_next(parser, &item)) == STATUS_OK && item.kind == TOML_ITEM) {
		uint32_t right = manifest_find_right(known, item.string);

		if (right == 0)
			return manifest_fail_at(parser, &item, "unknown right");
		if ((capability->rights & right) != 0)
			return manifest_fail_at(parser, &item, "right occurs twice");
		capability->rights |= right;
	}
	if (status != STATUS_OK)
		return status;
	if (capability->rights == 0)
		return manifest_fail_at(parser, event, "has no rights: leave it out");
	parser->out->capability_count++;
	return STATUS_OK;
}

static status_t manifest_take_capability(struct manifest_parser *parser, const struct toml_event *event)
{
	for (size_t i = 0; i < ARRAY_LEN(manifest_known); i++) {
		if (!manifest_equal(event->key, manifest_known[i].name))
			continue;
		for (uint32_t j = 0; j < parser->out->capability_count; j++) {
			if (parser->out->capabilities[j].id == manifest_known[i].id)
				return manifest_fail_at(parser, event, "key occurs twice");
		}
		if (event->type != TOML_ARRAY)
			return manifest_fail_at(parser, event, "must be an array of strings");
		return manifest_take_rights(parser, event, &manifest_known[i]);
	}
	return manifest_fail_at(parser, event, "unknown capability");
}

static status_t manifest_take_table(struct manifest_parser *parser, const struct toml_event *event)
{
	if (!manifest_equal(event->key, "capabilities"))
		return manifest_fail_at(parser, event, "unknown table");
	if (parser->in_capabilities)
		return manifest_fail_at(parser, event, "table occurs twice");
	parser->in_capabilities = true;
	return STATUS_OK;
}

/* What only the whole can show. */
static status_t manifest_check(struct manifest_parser *parser)
{
	for (size_t i = 0; i < ARRAY_LEN(manifest_keys); i++) {
		const char *name = manifest_keys[i].name;

		if (manifest_keys[i].required && (parser->keys_seen & 1u << i) == 0)
			return manifest_fail(parser, parser->toml.line, span_of(name, strlen(name)),
					     "required key is missing");
	}
	if (parser->out->stack_bytes >= parser->out->memory_bytes)
		return manifest_fail(parser, parser->toml.line, span_of("stack", 5), "is not smaller than memory");
	return STATUS_OK;
}

status_t manifest_parse(struct span text, struct manifest *out, char *why, size_t why_bytes)
{
	struct manifest_parser parser = { .out = out, .why = why, .why_bytes = why_bytes };
	struct toml_event event;
	status_t status;

	memset(out, 0, sizeof(*out));
	out->memory_bytes = MANIFEST_MEMORY_DEFAULT;
	out->stack_bytes = MANIFEST_STACK_DEFAULT;
	toml_begin(&parser.toml, text, parser.buffer, sizeof(parser.buffer));
	while ((status = manifest_next(&parser, &event)) == STATUS_OK && event.kind != TOML_END) {
		if (event.kind == TOML_TABLE)
			status = manifest_take_table(&parser, &event);
		else if (parser.in_capabilities)
			status = manifest_take_capability(&parser, &event);
		else
			status = manifest_take_key(&parser, &event);
		if (status != STATUS_OK)
			return status;
	}
	return status == STATUS_OK ? manifest_check(&parser) : status;
}
