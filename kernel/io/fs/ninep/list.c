// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Lists of directories. The server's offset of an entry is our cookie. */
#include "kernel/core/page.h"
#include "kernel/io/fs/ninep/mount.h"

enum { LIST_ORDER = 4, EMPTY_MAX = 8 /* lists without an entry in a row: no directory has so many dots */ };

static enum fs_type type_of(const struct ninep_entry *entry)
{
	switch (entry->type) {
	case NINEP_ENTRY_FILE:
		return FS_FILE;
	case NINEP_ENTRY_DIRECTORY:
		return FS_DIRECTORY;
	case NINEP_ENTRY_LINK:
		return FS_LINK;
	case NINEP_ENTRY_UNKNOWN:
		return entry->qid.type & NINEP_QID_DIRECTORY ? FS_DIRECTORY : entry->qid.type & NINEP_QID_LINK ? FS_LINK : FS_FILE;
	default:
		return FS_OTHER;
	}
}

struct listing {
	bool (*each)(void *ctx, const struct fs_entry *entry);
	void *ctx;
	uint64_t cookie;
	bool stopped;
	unsigned empty; /* lists without an entry, in a row */
};

/* Hands out the entries of one reply. */
static status_t entries_give(struct listing *listing, struct span rest)
{
	struct ninep_entry entry;
	bool some = false;

	while (rest.len > 0 && !listing->stopped) {
		if (ninep_entry_next(&rest, &entry) != STATUS_OK)
			return STATUS_EIO;
		if (!ninep_entry_is_dots(&entry)) {
			const struct fs_entry given = { span_of(entry.name, entry.name_len), entry.qid.path, type_of(&entry), entry.offset };

			some = true;
			if (!listing->each(listing->ctx, &given)) {
				listing->stopped = true;
				break;
			}
		}
		listing->cookie = entry.offset;
	}
	listing->empty = some ? 0 : listing->empty + 1;
	return listing->empty > EMPTY_MAX ? STATUS_EIO : STATUS_OK;
}

status_t ninep_list(struct fs_node *directory, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	struct ninep *mount = ninep_of(directory->fs);
	struct listing listing = { .each = each, .ctx = ctx, .cookie = cookie };
	unsigned order = LIST_ORDER;
	uint64_t pa = 0;
	uint32_t fid;
	status_t status = ninep_opened_list(mount, ninep_node_of(directory), &fid);

	if (status != STATUS_OK || cookie > INT64_MAX) /* which no host gives: it is behind the end */
		return status;
	while ((pa = page_alloc(order)) == 0 && order > 0)
		order--;
	if (pa == 0)
		return STATUS_ENOMEM;
	while (status == STATUS_OK && !listing.stopped) {
		struct ninep_call call;

		ninep_call_begin(mount, &call, NINEP_READDIR);
		call.asked.bytes = (uint32_t)HAL_PAGE_BYTES << order;
		if (call.asked.bytes > mount->message_bytes - 24)
			call.asked.bytes = mount->message_bytes - 24;
		call.room = hal_direct_va(pa);
		ninep_put_io(&call.out, fid, listing.cookie, call.asked.bytes);
		status = ninep_gone(ninep_call_run(mount, &call));
		if (status != STATUS_OK || call.reply.bytes == 0)
			break;
		status = entries_give(&listing, span_of(call.room, call.reply.bytes));
	}
	page_free(pa, order);
	return status;
}
