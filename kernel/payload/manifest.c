// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The manifest's tables, and what only a whole process or the whole manifest can show. There are two forms: keys before any table
 * describe the only process, or each [[process]] begins one; both end in the same structure. What is not known is refused, and each
 * message names line and key, for it is read by whoever wrote the manifest.
 */
#include "kernel/payload/manifest.h"

#include "kernel/payload/manifest_parser.h"
#include "lib/format.h"
#include "lib/string.h"

bool manifest_equal(struct span text, const char *name)
{
	size_t len = strlen(name);

	return text.len == len && memcmp(text.data, name, len) == 0;
}

status_t manifest_fail(struct manifest_parser *parser, uint32_t line, struct span key, const char *cause)
{
	if (key.len == 0)
		format_print(parser->why, parser->why_bytes, "manifest.toml line %u: %s", line, cause);
	else
		format_print(parser->why, parser->why_bytes, "manifest.toml line %u: %.*s: %s", line, (int)key.len,
			     (const char *)key.data, cause);
	return STATUS_EINVAL;
}

status_t manifest_fail_at(struct manifest_parser *parser, const struct toml_event *event, const char *cause)
{
	return manifest_fail(parser, event->line, event->sub.len > 0 ? event->sub : event->key, cause);
}

status_t manifest_fail_key(struct manifest_parser *parser, uint32_t line, const char *key, const char *cause)
{
	return manifest_fail(parser, line, span_of(key, strlen(key)), cause);
}

status_t manifest_next(struct manifest_parser *parser, struct toml_event *event)
{
	if (toml_next(&parser->toml, event) == STATUS_OK)
		return STATUS_OK;
	return manifest_fail(parser, parser->toml.line, parser->toml.key, parser->toml.why);
}

/* Makes process `index` the one that is described. Only those that are there are cleared: boot time counts. */
static void manifest_begin_process(struct manifest_parser *parser, uint32_t index, uint32_t line)
{
	struct manifest_process *process = &parser->out->processes[index];

	parser->process = process;
	parser->process_lines[index] = line;
	parser->table_lines[MANIFEST_TABLE_CAPABILITIES] = 0;
	parser->table_lines[MANIFEST_TABLE_NET] = 0;
	parser->table_lines[MANIFEST_TABLE_FILES] = 0;
	parser->tmp_bytes_line = 0;
	parser->optional_line = 0;
	parser->post_mortem_line = 0;
	memset(parser->key_lines, 0, sizeof(parser->key_lines));
	memset(parser->net_lines, 0, sizeof(parser->net_lines));
	memset(parser->files_lines, 0, sizeof(parser->files_lines));
	memset(process, 0, sizeof(*process));
	process->memory_bytes = MANIFEST_MEMORY_DEFAULT;
	process->stack_bytes = MANIFEST_STACK_DEFAULT;
	process->threads = MANIFEST_THREADS_DEFAULT;
	process->cpu = MANIFEST_CPU_ANY;
}

static status_t manifest_end_restart(struct manifest_parser *parser)
{
	static const char cause[] = "takes a restart that is not never";
	const uint32_t *lines = parser->key_lines;
	struct manifest_process *process = parser->process;

	if (process->restart == MANIFEST_RESTART_NEVER) {
		if (lines[MANIFEST_KEY_BACKOFF] != 0)
			return manifest_fail_key(parser, lines[MANIFEST_KEY_BACKOFF], "backoff", cause);
		if (lines[MANIFEST_KEY_RESTARTS] != 0)
			return manifest_fail_key(parser, lines[MANIFEST_KEY_RESTARTS], "restarts", cause);
		return STATUS_OK;
	}
	if (lines[MANIFEST_KEY_BACKOFF] == 0)
		process->backoff_ns = MANIFEST_BACKOFF_DEFAULT_NS;
	if (lines[MANIFEST_KEY_RESTARTS] == 0)
		process->restarts_max = MANIFEST_RESTARTS_DEFAULT;
	return STATUS_OK;
}

/* What only a whole process can show. */
static status_t manifest_end_process(struct manifest_parser *parser)
{
	const uint32_t *lines = parser->key_lines;
	const struct manifest_process *process = parser->process;
	uint32_t memory_line = lines[MANIFEST_KEY_MEMORY];
	status_t status;

	if (lines[MANIFEST_KEY_EXEC] == 0)
		return manifest_fail_key(parser, parser->process_lines[process - parser->out->processes], "exec",
					 "required key is missing");
	if (process->stack_bytes >= process->memory_bytes)
		return manifest_fail_key(parser, lines[MANIFEST_KEY_STACK] != 0 ? lines[MANIFEST_KEY_STACK] : memory_line, "stack",
					 "is not smaller than memory");
	if (process->memory_bytes > UINT64_MAX - parser->memory_bytes)
		return manifest_fail_key(parser, memory_line, "memory", "is too large, all processes together");
	parser->memory_bytes += process->memory_bytes;
	status = manifest_end_files(parser);
	return status == STATUS_OK ? manifest_end_restart(parser) : status;
}

/* Refuses [[process]] where keys or tables before it have described the only process. */
static status_t manifest_check_top(struct manifest_parser *parser, const struct toml_event *event)
{
	const uint32_t *tables = parser->table_lines;
	bool described = (tables[MANIFEST_TABLE_CAPABILITIES] | tables[MANIFEST_TABLE_NET] | tables[MANIFEST_TABLE_FILES]) != 0;

	for (size_t i = 0; i < MANIFEST_KEYS; i++)
		described |= parser->key_lines[i] != 0;
	return described ? manifest_fail_at(parser, event, "keys above it describe the only process already") : STATUS_OK;
}

static status_t manifest_take_process(struct manifest_parser *parser, const struct toml_event *event)
{
	struct manifest *out = parser->out;
	status_t status;

	if (out->process_count == MANIFEST_PROCESS_MAX)
		return manifest_fail_at(parser, event, "more than 16 processes");
	status = out->process_count == 0 ? manifest_check_top(parser, event) : manifest_end_process(parser);
	if (status != STATUS_OK)
		return status;
	manifest_begin_process(parser, out->process_count++, event->line);
	parser->table = MANIFEST_TABLE_PROCESS;
	return STATUS_OK;
}

/* Begins a table of a process: [net] of the only one, or [process.net] of the one above it. `twin`: the other spelling. */
static status_t manifest_take_process_table(struct manifest_parser *parser, const struct toml_event *event,
					    enum manifest_table table, const char *twin)
{
	bool named = event->sub.len > 0; /* [process.net] */

	if (named && parser->out->process_count == 0)
		return manifest_fail_at(parser, event, "no [[process]] stands above it");
	if (!named && parser->out->process_count > 0)
		return manifest_fail_at(parser, event, twin);
	if (parser->table_lines[table] != 0)
		return manifest_fail_at(parser, event, "table occurs twice");
	parser->table_lines[table] = event->line;
	parser->table = table;
	if (table == MANIFEST_TABLE_NET)
		parser->process->has_net = true;
	return STATUS_OK;
}

static status_t manifest_begin_network(struct manifest_parser *parser, const struct toml_event *event)
{
	if (parser->table_lines[MANIFEST_TABLE_NETWORK] != 0)
		return manifest_fail_at(parser, event, "table occurs twice");
	parser->table_lines[MANIFEST_TABLE_NETWORK] = event->line;
	parser->table = MANIFEST_TABLE_NETWORK;
	return STATUS_OK;
}

static status_t manifest_take_table(struct manifest_parser *parser, const struct toml_event *event)
{
	bool process = manifest_equal(event->key, "process");
	struct span name = process ? event->sub : event->key;

	if (process && event->is_array)
		return manifest_take_process(parser, event);
	if (process && event->sub.len == 0)
		return manifest_fail_at(parser, event, "is [[process]]");
	if (event->is_array || (!process && event->sub.len > 0))
		return manifest_fail_at(parser, event, "unknown table");
	if (manifest_equal(name, "capabilities"))
		return manifest_take_process_table(parser, event, MANIFEST_TABLE_CAPABILITIES,
						   "is [process.capabilities] below [[process]]");
	if (manifest_equal(name, "net"))
		return manifest_take_process_table(parser, event, MANIFEST_TABLE_NET, "is [process.net] below [[process]]");
	if (manifest_equal(name, "files"))
		return manifest_take_process_table(parser, event, MANIFEST_TABLE_FILES, "is [process.files] below [[process]]");
	if (!process && manifest_equal(name, "network"))
		return manifest_begin_network(parser, event);
	return manifest_fail_at(parser, event, "unknown table");
}

static status_t manifest_take_key(struct manifest_parser *parser, const struct toml_event *event)
{
	if (parser->table == MANIFEST_TABLE_CAPABILITIES)
		return manifest_take_capability(parser, event);
	if (parser->table == MANIFEST_TABLE_NET)
		return manifest_take_net(parser, event);
	if (parser->table == MANIFEST_TABLE_FILES)
		return manifest_take_files(parser, event);
	if (parser->table == MANIFEST_TABLE_NETWORK)
		return manifest_take_network(parser, event);
	if (parser->table == MANIFEST_TABLE_PROCESS || !manifest_equal(event->key, "name"))
		return manifest_take_process_key(parser, event);
	if (parser->out->name[0] != '\0')
		return manifest_fail_at(parser, event, "key occurs twice");
	return manifest_take_name(parser, event, parser->out->name);
}

/* What only the whole can show. */
static status_t manifest_end(struct manifest_parser *parser)
{
	struct manifest *out = parser->out;
	bool only = out->process_count <= 1;
	status_t status;

	if (out->name[0] == '\0')
		return manifest_fail_key(parser, parser->toml.line, "name", "required key is missing");
	if (out->process_count == 0) {
		out->process_count = 1;
		parser->process_lines[0] = parser->toml.line;
	}
	status = manifest_end_process(parser);
	if (status == STATUS_OK)
		status = manifest_end_network(parser);
	if (status != STATUS_OK)
		return status;
	for (uint32_t i = 0; i < out->process_count; i++) {
		if (out->processes[i].name[0] == '\0' && !only)
			return manifest_fail_key(parser, parser->process_lines[i], "name", "required key is missing");
		if (parser->launch_lines[i] != 0 && i != out->main)
			return manifest_fail_key(parser, parser->launch_lines[i], "launch", "only the main process takes words");
	}
	if (only && out->processes[0].name[0] == '\0')
		strcpy(out->processes[0].name, out->name);
	return STATUS_OK;
}

status_t manifest_parse(struct span text, struct manifest *out, char *why, size_t why_bytes)
{
	struct manifest_parser parser = { .out = out, .why = why, .why_bytes = why_bytes };
	struct toml_event event;
	status_t status;

	memset(out, 0, offsetof(struct manifest, processes));
	manifest_begin_process(&parser, 0, 0);
	toml_begin(&parser.toml, text, parser.buffer, sizeof(parser.buffer));
	while ((status = manifest_next(&parser, &event)) == STATUS_OK && event.kind != TOML_END) {
		if (event.kind == TOML_TABLE)
			status = manifest_take_table(&parser, &event);
		else
			status = manifest_take_key(&parser, &event);
		if (status != STATUS_OK)
			return status;
	}
	return status == STATUS_OK ? manifest_end(&parser) : status;
}
