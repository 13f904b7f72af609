// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The manifest's table of directories: what a process finds under /app, /tmp and so on, and what it may do there. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernel/payload/manifest_parser.h"
#include "lib/bits.h"

/* tools/rumpklib/manifest_files.py holds the same table, and a test compares the two. */
const struct manifest_known_mount manifest_known_mounts[MANIFEST_MOUNTS] = {
	[MANIFEST_MOUNT_APP] = { "app", "/app", MANIFEST_RIGHT_READ | MANIFEST_RIGHT_EXEC | MANIFEST_RIGHT_LIST },
	[MANIFEST_MOUNT_TMP] = { "tmp", "/tmp", MANIFEST_RIGHTS_ALL },
	[MANIFEST_MOUNT_HOST] = { "host", "/host", MANIFEST_RIGHTS_ALL },
	[MANIFEST_MOUNT_DATA] = { "data", "/data", MANIFEST_RIGHTS_ALL },
	[MANIFEST_MOUNT_LOG] = { "log", "/log", MANIFEST_RIGHT_READ | MANIFEST_RIGHT_LIST },
	[MANIFEST_MOUNT_SYS] = { "sys", "/sys/rumpk", MANIFEST_RIGHT_READ | MANIFEST_RIGHT_LIST },
};

const char *const manifest_file_rights[MANIFEST_FILE_RIGHTS] = { "read", "write", "create", "exec", "list" };

static uint32_t right_find(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(manifest_file_rights); i++)
		if (manifest_equal(name, manifest_file_rights[i]))
			return 1u << i;
	return 0;
}

static status_t take_rights(struct manifest_parser *parser, const struct toml_event *event, enum manifest_mount mount)
{
	uint32_t *rights = &parser->process->files.rights[mount];
	struct toml_event item;
	status_t status;

	if (event->type != TOML_ARRAY)
		return manifest_fail_at(parser, event, "must be an array of strings");
	while ((status = manifest_next(parser, &item)) == STATUS_OK && item.kind == TOML_ITEM) {
		uint32_t right = right_find(item.string);

		if (right == 0)
			return manifest_fail_at(parser, &item, "unknown right");
		if ((right & ~manifest_known_mounts[mount].rights) != 0)
			return manifest_fail_at(parser, &item, "nobody can have this right there");
		if ((*rights & right) != 0)
			return manifest_fail_at(parser, &item, "right occurs twice");
		*rights |= right;
	}
	if (status == STATUS_OK && *rights == 0)
		return manifest_fail_at(parser, event, "has no rights: leave it out");
	return status;
}

static status_t take_tmp_bytes(struct manifest_parser *parser, const struct toml_event *event)
{
	if (event->type != TOML_STRING)
		return manifest_fail_at(parser, event, "must be a string");
	return manifest_read_size(parser, event, &parser->process->files.tmp_bytes);
}

static uint32_t mount_find(struct span key)
{
	uint32_t mount = 0;

	while (mount < MANIFEST_MOUNTS && !manifest_equal(key, manifest_known_mounts[mount].key))
		mount++;
	return mount;
}

/* Keys of those that come from outside the machine, a bit each; `only`: what to say of others. */
static status_t take_outside(struct manifest_parser *parser, const struct toml_event *event, const char *only, uint32_t *mounts)
{
	struct toml_event item;
	status_t status;

	if (event->type != TOML_ARRAY)
		return manifest_fail_at(parser, event, "must be an array of strings");
	while ((status = manifest_next(parser, &item)) == STATUS_OK && item.kind == TOML_ITEM) {
		uint32_t mount = mount_find(item.string);

		if (mount != MANIFEST_MOUNT_HOST && mount != MANIFEST_MOUNT_DATA)
			return manifest_fail_at(parser, &item, only);
		if ((*mounts & 1u << mount) != 0)
			return manifest_fail_at(parser, &item, "name occurs twice");
		*mounts |= 1u << mount;
	}
	if (status == STATUS_OK && *mounts == 0)
		return manifest_fail_at(parser, event, "names nothing: leave it out");
	return status;
}

status_t manifest_take_files(struct manifest_parser *parser, const struct toml_event *event)
{
	bool is_bytes = manifest_equal(event->key, "tmp_bytes");
	bool is_optional = manifest_equal(event->key, "optional");
	bool is_post_mortem = manifest_equal(event->key, "post_mortem");
	uint32_t mount = mount_find(event->key);
	uint32_t *line = is_bytes ? &parser->tmp_bytes_line :
			 is_optional ? &parser->optional_line : is_post_mortem ? &parser->post_mortem_line : NULL;

	if (line == NULL) {
		if (mount == MANIFEST_MOUNTS)
			return manifest_fail_at(parser, event, "unknown key");
		line = &parser->files_lines[mount];
	}
	if (*line != 0)
		return manifest_fail_at(parser, event, "key occurs twice");
	*line = event->line;
	if (is_bytes)
		return take_tmp_bytes(parser, event);
	if (is_optional)
		return take_outside(parser, event, "only host and data may be missing", &parser->process->files.optional);
	if (is_post_mortem)
		return take_outside(parser, event, "only host and data outlive a panic", &parser->process->files.post_mortem);
	return take_rights(parser, event, (enum manifest_mount)mount);
}

/* It leaves nothing that the process could not leave itself. */
static bool post_mortem_is_due(const struct manifest_files *files)
{
	const uint32_t makes = MANIFEST_RIGHT_WRITE | MANIFEST_RIGHT_CREATE;

	for (uint32_t i = 0; i < MANIFEST_MOUNTS; i++)
		if ((files->post_mortem & 1u << i) != 0 &&
		    ((files->rights[i] & makes) != makes || (files->rights[MANIFEST_MOUNT_LOG] & MANIFEST_RIGHT_READ) == 0))
			return false;
	return true;
}

status_t manifest_end_files(struct manifest_parser *parser)
{
	struct manifest_files *files = &parser->process->files;

	if (files->rights[MANIFEST_MOUNT_TMP] == 0 && parser->tmp_bytes_line != 0)
		return manifest_fail_key(parser, parser->tmp_bytes_line, "tmp_bytes", "takes a tmp");
	for (uint32_t i = 0; i < MANIFEST_MOUNTS; i++)
		if ((files->optional & 1u << i) != 0 && files->rights[i] == 0)
			return manifest_fail_key(parser, parser->optional_line, "optional", "names what is not granted");
	if (!post_mortem_is_due(files))
		return manifest_fail_key(parser, parser->post_mortem_line, "post_mortem", "takes read in log, and write and create where it is to be");
	if (files->tmp_bytes > parser->process->memory_bytes)
		return manifest_fail_key(parser, parser->tmp_bytes_line, "tmp_bytes", "is more than memory");
	if (files->rights[MANIFEST_MOUNT_TMP] != 0 && files->tmp_bytes == 0)
		files->tmp_bytes = parser->process->memory_bytes;
	return STATUS_OK;
}
