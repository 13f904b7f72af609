// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Walks over trees of any shape, with links of any content: what is found lies below the root of the walk, what is reported is an error of a
 * walk, and everything held is given back. Input: nodes of 2 bytes and a link's text, up to a byte 0xff; then the path.
 */
#include "kernel/io/fs/path.h"

#include "tests/fuzz/fuzz.h"
#include "tests/unit/kernel/io/fs/model.h"

enum { ROOT = 1, TREE_MAX = 64 };

static bool is_due(status_t status)
{
	return status == STATUS_OK || status == STATUS_ENOENT || status == STATUS_ENOTDIR || status == STATUS_ELOOP ||
	       status == STATUS_ENAMETOOLONG || status == STATUS_EINVAL || status == STATUS_EIO;
}

/* Nodes off the front: parent, then type and name, then of a link so many bytes as its length says. */
static struct span tree_make(struct span input)
{
	static const char names[] = "abcdefghijklmnop";
	struct span none = span_of("", 0);

	model_count = 0;
	model_released = 0;
	model_add(0, none, FS_DIRECTORY, none);
	model_add(0, span_of("r", 1), FS_DIRECTORY, none);
	while (input.len >= 3 && input.data[0] != 0xff && model_count < TREE_MAX) {
		unsigned parent = input.data[0] % model_count;
		enum fs_type type = (enum fs_type)(input.data[1] >> 4 & 3);
		struct span name = span_of(names + (input.data[1] & 15), 1);
		size_t len = type == FS_LINK ? input.data[2] : 0;
		struct span target;

		if (!span_sub(input, 3, len, &target))
			break;
		model_add(parent, name, type, target);
		input = span_of(input.data + 3 + len, input.len - 3 - len);
	}
	return input.len > 0 ? span_of(input.data + 1, input.len - 1) : input;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct path_walk walk;
	struct span path = tree_make(span_of(data, size));

	for (int follow = 0; follow < 2; follow++) {
		status_t status = path_walk(&walk, &model_nodes[ROOT].node, path, follow);

		FUZZ_ASSERT(is_due(status));
		FUZZ_ASSERT(walk.depth <= PATH_DEPTH_MAX && walk.links <= FS_LINKS_MAX + 1);
		for (unsigned i = 0; i <= walk.depth; i++)
			FUZZ_ASSERT(model_is_below((unsigned)(model_of(walk.way[i]) - model_nodes), ROOT));
		if (status == STATUS_OK && walk.node != NULL)
			FUZZ_ASSERT(model_is_below((unsigned)(model_of(walk.node) - model_nodes), ROOT));
		if (status == STATUS_OK && walk.name.len > 0)
			FUZZ_ASSERT(walk.name.len <= FS_NAME_MAX && memchr(walk.name.data, '/', walk.name.len) == NULL &&
				    memchr(walk.name.data, 0, walk.name.len) == NULL);
		if (status == STATUS_OK && walk.node == NULL)
			FUZZ_ASSERT(walk.name.len > 0);
		path_end(&walk);
		FUZZ_ASSERT(model_is_unheld());
	}
	return 0;
}
