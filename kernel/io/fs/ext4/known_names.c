// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Names that were looked for lately, and what they stand for, so that looking again reads no directory. As many as there is room for in sets of WAYS: who chooses names
 * that fall together makes his own looking slow, and takes nothing from anybody. Whoever changes a name drops it; dropping all is a new number.
 */
#include <stdlib.h>

#include "kernel/io/fs/ext4/volume.h"
#include "lib/string.h"

enum { WAYS = 4, NAME_BYTES = 40 /* longer ones are not kept */ };

struct known_name {
	uint32_t round; /* known_names.round, or it is none */
	ext2_ino_t directory, number;
	uint16_t hash;
	uint8_t len;
	char name[NAME_BYTES];
};

struct known_names {
	uint32_t round, mask; /* of sets */
	struct known_name names[];
};

static uint32_t hash_of(ext2_ino_t directory, struct span name)
{
	return span_hash(name, directory * 0x9e3779b1u);
}

struct known_names *names_make(unsigned most)
{
	struct known_names *names;
	unsigned sets = 16;

	while (sets * WAYS < most)
		sets *= 2;
	names = calloc(1, sizeof(*names) + sets * WAYS * sizeof(struct known_name));
	if (names == NULL)
		return NULL;
	names->round = 1;
	names->mask = sets - 1;
	return names;
}

void names_free(struct known_names *names)
{
	free(names);
}

static const struct known_name *find(const struct known_names *names, ext2_ino_t directory, struct span name, uint32_t hash)
{
	const struct known_name *set = &names->names[(hash & names->mask) * WAYS];

	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].hash == hash >> 16 && set[i].directory == directory && set[i].round == names->round && set[i].len == name.len &&
		    memcmp(set[i].name, name.data, name.len) == 0)
			return &set[i];
	return NULL;
}

bool names_find(const struct known_names *names, ext2_ino_t directory, struct span name, ext2_ino_t *number)
{
	const struct known_name *found;

	if (names == NULL || name.len > NAME_BYTES)
		return false;
	found = find(names, directory, name, hash_of(directory, name));
	if (found == NULL)
		return false;
	*number = found->number;
	return true;
}

/* In the place of the same name, or of none, or of any. */
void names_put(struct known_names *names, ext2_ino_t directory, struct span name, ext2_ino_t number)
{
	uint32_t hash = hash_of(directory, name);
	struct known_name *set;
	struct known_name *at;

	if (names == NULL || name.len > NAME_BYTES)
		return;
	set = &names->names[(hash & names->mask) * WAYS];
	at = (struct known_name *)find(names, directory, name, hash);
	for (unsigned i = 0; i < WAYS && at == NULL; i++)
		if (set[i].round != names->round)
			at = &set[i];
	if (at == NULL)
		at = &set[number % WAYS];
	*at = (struct known_name){ .round = names->round, .directory = directory, .number = number, .hash = (uint16_t)(hash >> 16), .len = (uint8_t)name.len };
	memcpy(at->name, name.data, name.len);
}

void names_drop(struct known_names *names, ext2_ino_t directory, struct span name)
{
	struct known_name *found = NULL;

	if (names != NULL && name.len <= NAME_BYTES)
		found = (struct known_name *)find(names, directory, name, hash_of(directory, name));
	if (found != NULL)
		found->round = 0;
}

void names_drop_all(struct known_names *names)
{
	if (names == NULL || ++names->round != 0)
		return;
	memset(names->names, 0, (names->mask + 1ul) * WAYS * sizeof(struct known_name)); /* numbers begin anew */
	names->round = 1;
}
