// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A file left in the folder by a panic. Whatever was under way is forgotten: the device is reset, which ends the session, and a new one has
 * two fids, one request at a time, and the memory of the mount's first slot.
 */
#include "hal/contract/timer.h"
#include "kernel/io/fs/ninep/mount.h"
#include "kernel/io/fs/ninep/ninep.h"

enum { ROOT_FID, FILE_FID };

/* Of a WRITE's message, what is not data. */
enum { WRITE_HEAD_BYTES = NINEP_HEAD_BYTES + 16 };

struct talk {
	struct hal_ninep *channel;
	struct ninep_slot *slot;
	uint64_t deadline_ns;
	struct ninep_asked asked;
	struct ninep_writer out;
	struct ninep_reply reply;
};

static struct ninep_writer *ask_begin(struct talk *talk, enum ninep_type type)
{
	talk->asked = (struct ninep_asked){ .type = type, .tag = type == NINEP_VERSION ? NINEP_NO_TAG : 0 };
	ninep_begin(&talk->out, talk->slot->request, sizeof(talk->slot->request), type, talk->asked.tag);
	return &talk->out;
}

/* Sends it, with `data` behind it, and looks until the reply is there. */
static status_t ask(struct talk *talk, struct span data)
{
	struct hal_ninep_piece pieces[3];
	struct hal_ninep_request request = { .pieces = pieces, .writable = 1, .token = talk };
	const char *why = NULL;
	uint32_t bytes = 0;
	status_t status;
	void *token;

	if (!ninep_end(&talk->out, (uint32_t)data.len))
		return STATUS_EINVAL;
	pieces[request.readable++] = (struct hal_ninep_piece){ talk->slot->request, (uint32_t)talk->out.len };
	if (data.len > 0)
		pieces[request.readable++] = (struct hal_ninep_piece){ (void *)(uintptr_t)data.data, (uint32_t)data.len };
	pieces[request.readable] = (struct hal_ninep_piece){ talk->slot->reply, sizeof(talk->slot->reply) };
	status = hal_ninep_submit(talk->channel, &request);
	if (status != STATUS_OK)
		return status;
	hal_ninep_kick(talk->channel);
	while (!hal_ninep_done(talk->channel, &token, &bytes, &status))
		if (!hal_timer_rest(talk->deadline_ns))
			return STATUS_ETIMEDOUT;
	if (status == STATUS_OK)
		status = ninep_reply_read(span_of(talk->slot->reply, bytes < sizeof(talk->slot->reply) ? bytes : sizeof(talk->slot->reply)), bytes,
					  &talk->asked, &talk->reply, &why);
	return status == STATUS_EPROTO || status == STATUS_ECANCELED ? STATUS_EIO : status;
}

/* Up to the file, opened and empty. `*most`: bytes of a message. */
static status_t file_open(struct talk *talk, struct span name, uint32_t *most)
{
	const struct span none = { 0 };
	struct ninep_writer *out = ask_begin(talk, NINEP_VERSION);
	status_t status;

	talk->asked.bytes = NINEP_MESSAGE_BYTES;
	ninep_put_version(out, NINEP_MESSAGE_BYTES);
	status = ask(talk, none);
	*most = talk->reply.bytes;
	if (status != STATUS_OK)
		return status;
	ninep_put_attach(ask_begin(talk, NINEP_ATTACH), ROOT_FID);
	status = ask(talk, none);
	if (status != STATUS_OK)
		return status;
	ninep_put_walk(ask_begin(talk, NINEP_WALK), ROOT_FID, FILE_FID, NULL);
	status = ask(talk, none);
	if (status != STATUS_OK)
		return status;
	ninep_put_create(ask_begin(talk, NINEP_LCREATE), FILE_FID, name, NINEP_O_WRONLY | NINEP_O_CREATE | NINEP_O_TRUNC, 0644);
	return ask(talk, none);
}

static status_t text_write(struct talk *talk, struct span text, uint32_t most)
{
	status_t status = STATUS_OK;

	for (size_t done = 0; status == STATUS_OK && done < text.len; done += talk->reply.bytes) {
		uint32_t step = text.len - done < most - WRITE_HEAD_BYTES ? (uint32_t)(text.len - done) : most - WRITE_HEAD_BYTES;

		ninep_put_io(ask_begin(talk, NINEP_WRITE), FILE_FID, done, step);
		talk->asked.bytes = step;
		status = ask(talk, span_of(text.data + done, step));
		if (status == STATUS_OK && talk->reply.bytes == 0)
			status = STATUS_EIO;
	}
	return status;
}

status_t ninep_put_at_panic(struct fs *fs, struct span name, struct span text)
{
	struct ninep *mount = ninep_of(fs);
	struct talk talk = { .channel = mount->channel, .slot = mount->slots };
	const struct span none = { 0 };
	uint32_t most = 0;
	status_t status = hal_ninep_start_at_panic(mount->channel);

	talk.deadline_ns = hal_timer_now_ns() + NINEP_AT_PANIC_NS;
	if (status == STATUS_OK)
		status = file_open(&talk, name, &most);
	if (status == STATUS_OK)
		status = text_write(&talk, text, most);
	if (status != STATUS_OK)
		return status;
	ninep_put32(ask_begin(&talk, NINEP_FSYNC), FILE_FID);
	ninep_put32(&talk.out, 0); /* not the data alone */
	return ask(&talk, none);
}
