// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/apps/storm/storm.h"

#include "lib/string.h"

/*
 * Calls that mostly are right, of a few names in directories that other processes change at the same time; as many under way as fit, some
 * with time limits, some cancelled; and an end in the middle.
 */
enum { BATCH = 24, FILES = 8, BYTES = 20000, TURNS = 40, ROOM = 512, KINDS = 10 };

static const char *const names[] = { "a", "b", "c", "d", "d/a", "d/b", "d/e", "l", "d/..", "../a", "" };
static const char *const places[] = { "/tmp", "/host", "/data", "/app" };

union params {
	struct capos_dir_open open;
	struct capos_dir_stat stat;
	struct capos_dir_list list;
	struct capos_dir_make_dir make_dir;
	struct capos_dir_remove remove;
	struct capos_dir_rename rename;
	struct capos_dir_symlink symlink;
	struct capos_file_read read;
	struct capos_file_write write;
	struct capos_file_set_size set_size;
};

static capos_cap_t files[FILES];
static capos_cap_t dirs[sizeof(places) / sizeof(places[0])];
static uint8_t bytes[BYTES];
static uint64_t rooms[BATCH][ROOM / sizeof(uint64_t)];
static union params params[BATCH];
static struct capos_submission submissions[BATCH];
static struct capos_operation operations[BATCH];

static const char *name(uint64_t *state, uint32_t *len)
{
	const char *one = names[draw_below(state, sizeof(names) / sizeof(names[0]))];

	*len = (uint32_t)strlen(one);
	return one;
}

/* Of a directory. */
static struct capos_submission naming(uint64_t *state, union params *at, void *room, unsigned kind)
{
	capos_cap_t dir = dirs[draw_below(state, sizeof(dirs) / sizeof(dirs[0]))];
	uint32_t len, to_len;
	uint64_t path = (uint64_t)name(state, &len);
	uint64_t to = (uint64_t)name(state, &to_len);

	switch (kind) {
	case 0:
		at->stat = (struct capos_dir_stat){ .path = path, .path_bytes = len };
		return capos_dir_stat_submission(dir, &at->stat, room, 0);
	case 1:
		at->list = (struct capos_dir_list){ .cookie = draw_below(state, 4) };
		return capos_dir_list_submission(dir, &at->list, room, ROOM, 0);
	case 2:
		at->make_dir = (struct capos_dir_make_dir){ .path = path, .path_bytes = len, .permissions = 0755 };
		return capos_dir_make_dir_submission(dir, &at->make_dir, 0);
	case 3:
		at->remove = (struct capos_dir_remove){ .path = path, .path_bytes = len, .flags = draw_below(state, 2) ? CAPOS_DIR_DIRECTORY : 0 };
		return capos_dir_remove_submission(dir, &at->remove, 0);
	case 4:
		at->rename = (struct capos_dir_rename){ .path = path, .path_bytes = len, .to_path = to, .to_bytes = to_len, .to = dir };
		return capos_dir_rename_submission(dir, &at->rename, 0);
	case 5:
		at->symlink = (struct capos_dir_symlink){ .path = path, .path_bytes = len, .target = to, .target_bytes = to_len };
		return capos_dir_symlink_submission(dir, &at->symlink, 0);
	default:
		at->open = (struct capos_dir_open){ .path = path, .path_bytes = len, .flags = draw_below(state, 2) ? CAPOS_DIR_CREATE : 0,
						    .rights = CAPOS_DIR_RIGHTS_ALL, .permissions = 0644 };
		return capos_dir_open_submission(dir, &at->open, 0);
	}
}

/* Of a file, mostly; whatever was opened last under its number. */
static struct capos_submission transferring(uint64_t *state, union params *at, unsigned kind)
{
	capos_cap_t file = files[draw_below(state, FILES)];
	uint64_t offset = draw_below(state, 60000);
	uint64_t len = draw_below(state, BYTES);

	switch (kind) {
	case 0:
		at->read = (struct capos_file_read){ .offset = offset };
		return capos_file_read_submission(file, &at->read, bytes, len, 0);
	case 1:
		at->write = (struct capos_file_write){ .data = (uint64_t)bytes, .bytes = len, .offset = offset, .flags = draw_below(state, 2) };
		return capos_file_write_submission(file, &at->write, 0);
	default:
		at->set_size = (struct capos_file_set_size){ .size = offset };
		return capos_file_set_size_submission(file, &at->set_size, 0);
	}
}

static bool submit(uint64_t *state)
{
	for (unsigned i = 0; i < BATCH; i++) {
		unsigned kind = (unsigned)draw_below(state, KINDS);

		submissions[i] = kind < 7 ? naming(state, &params[i], rooms[i], kind) : transferring(state, &params[i], kind - 7);
		if (draw_below(state, 8) == 0)
			submissions[i].timeout_ns = 1 + draw_below(state, 300000);
	}
	return capos_submit_batch(submissions, operations, BATCH) == 0;
}

/* Takes what was opened; closes what had its place. */
static void finish(uint64_t *state)
{
	for (unsigned i = 0; i < BATCH; i++) {
		capos_cap_t *place = &files[draw_below(state, FILES)];

		if (draw_below(state, 16) == 0)
			(void)capos_operation_cancel(&operations[i]);
		if (capos_operation_wait(&operations[i], CAPOS_WAIT_FOREVER) != 0 || operations[i].new_cap == CAPOS_CAP_NONE)
			continue;
		if (*place != CAPOS_CAP_NONE)
			(void)capos_capset_drop(capos_capset_get("capset"), *place);
		*place = operations[i].new_cap;
	}
}

int storm_paths(uint64_t seed, uint64_t end_ns)
{
	uint64_t state = seed;
	unsigned turns = 1 + (unsigned)draw_below(&state, TURNS);

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		dirs[i] = capos_capset_get(places[i]);
	while (now_ns() < end_ns) {
		if (!submit(&state))
			return EXIT_BROKEN;
		if (turns-- == 0)
			return capos_enter() == 0 ? 0 : EXIT_BROKEN;
		finish(&state);
	}
	return 0;
}
