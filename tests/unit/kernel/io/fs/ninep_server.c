// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "tests/unit/kernel/io/fs/ninep_server.h"

#include <stdio.h>
#include <string.h>

#include "lib/bits.h"
#include "lib/ninep.h"
#include "tests/unit/kernel/io/fs/ninep_server_wire.h"

struct server server;
static struct file files[FILES];
static struct fid fids[FIDS];
static uint64_t next_path;

static unsigned find(unsigned directory, const char *name)
{
	for (unsigned i = 1; i < FILES; i++)
		if (files[i].named && files[i].parent == directory && strcmp(files[i].name, name) == 0 && i != ROOT)
			return i;
	return 0;
}

static unsigned make(unsigned directory, const char *name, uint32_t mode)
{
	for (unsigned i = 1; i < FILES; i++) {
		if (files[i].used)
			continue;
		memset(&files[i], 0, sizeof(files[i]));
		files[i].used = files[i].named = true;
		files[i].mode = mode;
		files[i].parent = directory;
		files[i].path = ++next_path;
		snprintf(files[i].name, sizeof(files[i].name), "%s", name);
		return i;
	}
	return 0;
}

static void forget(unsigned file)
{
	bool held = files[file].named;

	for (unsigned i = 0; i < FIDS; i++)
		held |= fids[i].file == file;
	files[file].used = held;
}

void server_replace(const char *name, const char *content)
{
	unsigned made;

	server_remove(name);
	made = make(ROOT, name, NINEP_MODE_FILE | 0644);
	files[made].len = strlen(content);
	memcpy(files[made].data, content, files[made].len);
}

void server_remove(const char *name)
{
	unsigned old = find(ROOT, name);

	if (old != 0) {
		files[old].named = false;
		forget(old);
	}
}

bool server_holds(const char *name, const void *data, size_t len)
{
	unsigned file = find(ROOT, name);

	return file != 0 && files[file].len == len && memcmp(files[file].data, data, len) == 0;
}

unsigned server_fids(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < FIDS; i++)
		count += fids[i].file > ROOT;
	return count;
}

void server_reset(void)
{
	memset(files, 0, sizeof(files));
	memset(fids, 0, sizeof(fids));
	memset(&server, 0, sizeof(server));
	next_path = 0;
	make(ROOT, "/", NINEP_MODE_DIRECTORY | 0755);
}

/* Requests: 0, or an errno. */
static struct fid *fid_take(void)
{
	uint32_t number = (uint32_t)take(4);

	return number < FIDS ? &fids[number] : &fids[FIDS - 1];
}

/* As QEMU does it: by what the fid's path is now, where it was not opened. */
static uint32_t fid_gone(const struct fid *fid)
{
	return fid->file == 0 || (!fid->open && !files[fid->file].named) ? 2 : 0;
}

static uint32_t walk(void)
{
	struct fid *from = fid_take();
	struct fid *to = fid_take();
	unsigned file = from->file;
	char name[NAME_ROOM];

	if (fid_gone(from) || to->file != 0)
		return from->file == 0 || to->file != 0 ? 22 : 2;
	if (take(2) == 0) {
		to->file = file;
		put(0, 2);
		return 0;
	}
	take_text(name, sizeof(name));
	file = strcmp(name, "..") == 0 ? files[file].parent : find(file, name);
	if (file == 0)
		return 2;
	to->file = file;
	put(1, 2);
	put_qid(&files[file]);
	return 0;
}

static uint32_t lopen(void)
{
	struct fid *fid = fid_take();
	uint32_t flags = (uint32_t)take(4);

	if (fid_gone(fid))
		return 2;
	if (fid->open)
		return 22;
	if ((flags & 3) != 0 && !(files[fid->file].mode & 0200))
		return 13;
	if ((flags & 3) != 1 && !(files[fid->file].mode & 0400))
		return 13;
	fid->open = true;
	fid->append = flags & NINEP_O_APPEND;
	put_qid(&files[fid->file]);
	put(0, 4);
	return 0;
}

static uint32_t lcreate(void)
{
	struct fid *fid = fid_take();
	char name[NAME_ROOM];
	unsigned made, flags;

	take_text(name, sizeof(name));
	flags = (unsigned)take(4);
	made = find(fid->file, name);
	if (made != 0 && !(flags & NINEP_O_TRUNC))
		return 17;
	if (made == 0 && (made = make(fid->file, name, NINEP_MODE_FILE | (uint32_t)take(4))) == 0)
		return 28;
	files[made].len = 0;
	fid->file = made;
	fid->open = true;
	put_qid(&files[made]);
	put(0, 4);
	return 0;
}

static uint32_t transfer(bool write)
{
	struct fid *fid = fid_take();
	struct file *file = &files[fid->file];
	uint64_t offset = take(8);
	size_t bytes = take(4);

	if (!fid->open)
		return 9;
	if (fid->append)
		offset = file->len;
	if (!write) {
		size_t some = offset >= file->len ? 0 : file->len - offset < bytes ? file->len - offset : bytes;

		put(some, 4);
		put_bytes(file->data + (some > 0 ? offset : 0), some);
		return 0;
	}
	if (offset > DATA_ROOM || bytes > DATA_ROOM - offset)
		return 28;
	memcpy(file->data + offset, in, bytes);
	in += bytes;
	if (offset + bytes > file->len)
		file->len = offset + bytes;
	put(bytes, 4);
	return 0;
}

static uint32_t getattr(void)
{
	struct fid *fid = fid_take();
	const struct file *file = &files[fid->file];

	if (fid_gone(fid))
		return 2;
	put(NINEP_GETATTR_BASIC, 8);
	put_qid(file);
	put(file->mode, 4);
	put(0, 8);
	put(1, 8);
	put(0, 8);
	put(file->len, 8);
	put(512, 8);
	put(1, 8);
	for (unsigned i = 0; i < 10; i++)
		put(1000 + i, 8);
	return 0;
}

static uint32_t setattr(void)
{
	struct fid *fid = fid_take();
	uint32_t what = (uint32_t)take(4), mode = (uint32_t)take(4);
	uint64_t size;

	if (fid_gone(fid))
		return 2;
	(void)take(8);
	size = take(8);
	if (what & NINEP_SET_MODE)
		files[fid->file].mode = (files[fid->file].mode & NINEP_MODE_TYPE) | mode;
	if ((what & NINEP_SET_SIZE) && size > DATA_ROOM)
		return 27;
	if (what & NINEP_SET_SIZE)
		files[fid->file].len = size;
	return 0;
}

static uint32_t readdir(void)
{
	struct fid *fid = fid_take();
	uint64_t offset = take(8);
	size_t room = take(4);
	uint8_t *count = out;

	if (!fid->open)
		return 9;
	put(0, 4);
	for (unsigned i = (unsigned)offset; i < FILES + 2; i++) {
		bool dots = i < 2;
		const char *name = dots ? ".." + (1 - i) : files[i - 2].name;
		const struct file *file = dots ? &files[ROOT] : &files[i - 2];

		if (!dots && (!file->named || file->parent != fid->file || i - 2 == ROOT))
			continue;
		if ((size_t)(out - count - 4) + 24 + strlen(name) > room)
			break;
		put_qid(file);
		put(i + 1, 8);
		put((file->mode & NINEP_MODE_TYPE) >> 12, 1);
		put(strlen(name), 2);
		put_bytes(name, strlen(name));
	}
	room = (size_t)(out - count - 4);
	for (unsigned i = 0; i < 4; i++)
		count[i] = (uint8_t)(room >> 8 * i);
	return 0;
}

static uint32_t named(uint32_t type)
{
	struct fid *fid = fid_take();
	unsigned other = type == NINEP_LINK ? fid_take()->file : 0;
	char name[NAME_ROOM];
	unsigned made;

	take_text(name, sizeof(name));
	if (find(fid->file, name) != 0)
		return 17;
	made = make(fid->file, name, type == NINEP_MKDIR ? NINEP_MODE_DIRECTORY | 0700 : type == NINEP_SYMLINK ? NINEP_MODE_LINK | 0777 : files[other].mode);
	if (made == 0)
		return 28;
	if (type == NINEP_SYMLINK) {
		take_text((char *)files[made].data, DATA_ROOM);
		files[made].len = strlen((char *)files[made].data);
	}
	if (type != NINEP_LINK)
		put_qid(&files[made]);
	return 0;
}

static uint32_t rename_at(void)
{
	struct fid *from = fid_take();
	char name[NAME_ROOM], to_name[NAME_ROOM];
	unsigned file, old;
	struct fid *to;

	take_text(name, sizeof(name));
	to = fid_take();
	take_text(to_name, sizeof(to_name));
	file = find(from->file, name);
	if (file == 0)
		return 2;
	old = find(to->file, to_name);
	if (old != 0) {
		files[old].named = false;
		forget(old);
	}
	files[file].parent = to->file;
	snprintf(files[file].name, NAME_ROOM, "%s", to_name);
	return 0;
}

static uint32_t unlink_at(void)
{
	struct fid *fid = fid_take();
	char name[NAME_ROOM];
	unsigned file;
	bool directory;

	take_text(name, sizeof(name));
	file = find(fid->file, name);
	if (file == 0)
		return 2;
	directory = (files[file].mode & NINEP_MODE_TYPE) == NINEP_MODE_DIRECTORY;
	if (directory != (take(4) == NINEP_UNLINK_DIRECTORY))
		return directory ? 21 : 20;
	files[file].named = false;
	forget(file);
	return 0;
}

static uint32_t other(uint32_t type)
{
	struct fid *fid;

	switch (type) {
	case NINEP_VERSION: /* a session of its own */
		memset(fids, 0, sizeof(fids));
		put(take(4), 4);
		put(8, 2);
		put_bytes(NINEP_VERSION_TEXT, 8);
		return 0;
	case NINEP_ATTACH:
		fid = fid_take();
		fid->file = ROOT;
		put_qid(&files[ROOT]);
		return 0;
	case NINEP_CLUNK:
		fid = fid_take();
		if (fid->file == 0)
			return 22;
		type = fid->file;
		*fid = (struct fid){ 0 };
		forget(type);
		return 0;
	case NINEP_FSYNC:
		return fid_take()->open ? 0 : 9;
	case NINEP_STATFS:
		put(1, 4);
		put(4096, 4);
		for (unsigned i = 0; i < 6; i++)
			put(100, 8);
		put(255, 4);
		return 0;
	case NINEP_READLINK:
		fid = fid_take();
		put(files[fid->file].len, 2);
		put_bytes(files[fid->file].data, files[fid->file].len);
		return 0;
	default:
		return 95;
	}
}

static bool changes(uint32_t type)
{
	return type == NINEP_LCREATE || type == NINEP_WRITE || type == NINEP_SETATTR || type == NINEP_SYMLINK || type == NINEP_MKDIR ||
	       type == NINEP_LINK || type == NINEP_RENAMEAT || type == NINEP_UNLINKAT;
}

static uint32_t answer(uint32_t type)
{
	if (server.read_only && changes(type))
		return 30;
	if (server.fail_with != 0 && type != NINEP_VERSION && type != NINEP_ATTACH && type != NINEP_CLUNK)
		return server.fail_with;
	switch (type) {
	case NINEP_WALK:
		return walk();
	case NINEP_LOPEN:
		return lopen();
	case NINEP_LCREATE:
		return lcreate();
	case NINEP_READ:
	case NINEP_WRITE:
		return transfer(type == NINEP_WRITE);
	case NINEP_GETATTR:
		return getattr();
	case NINEP_SETATTR:
		return setattr();
	case NINEP_READDIR:
		return readdir();
	case NINEP_SYMLINK:
	case NINEP_MKDIR:
	case NINEP_LINK:
		return named(type);
	case NINEP_RENAMEAT:
		return rename_at();
	case NINEP_UNLINKAT:
		return unlink_at();
	default:
		return other(type);
	}
}

size_t server_answer(const uint8_t *request, size_t bytes, uint8_t *reply, size_t room)
{
	uint32_t type = request[4], error;
	size_t len;

	if (bytes < NINEP_HEAD_BYTES || bits_le32(request) != bytes)
		abort();
	server.requests++;
	if (server.heard != NULL)
		server.heard(request, bytes);
	in = request + NINEP_HEAD_BYTES;
	in_end = request + bytes;
	out = reply + NINEP_HEAD_BYTES;
	out_end = reply + room;
	error = answer(type);
	if (error != 0) {
		out = reply + NINEP_HEAD_BYTES;
		put(error, 4);
		type = NINEP_LERROR;
	}
	len = (size_t)(out - reply);
	out = reply;
	put(len, 4);
	put(type + 1, 1);
	put_bytes(request + 5, 2);
	if (server.spoil != NULL)
		server.spoil(server.ctx, request[4], reply, &len, room);
	return len;
}
