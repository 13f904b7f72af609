// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/copy.h"

#include "hal/contract/user.h"
#include "kernel/sys/linux/mm.h"
#include "kernel/sys/linux/room.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"
#include "lib/string.h"

static uint64_t left_in_page(uint64_t va)
{
	return HAL_PAGE_BYTES - va % HAL_PAGE_BYTES;
}

/* Bytes of one page; the page is had as often as somebody takes it away meanwhile. */
static status_t part_in(struct thread *thread, void *to, uint64_t va, size_t bytes)
{
	struct process *process = thread->process;
	status_t status = STATUS_OK;

	while (status == STATUS_OK && hal_user_copy_in(&process->space, to, va, bytes) != STATUS_OK)
		status = linux_mm_fault(process, va, LINUX_PROT_READ);
	return status == STATUS_OK ? STATUS_OK : STATUS_EFAULT;
}

static status_t part_out(struct thread *thread, uint64_t va, const void *from, size_t bytes)
{
	struct process *process = thread->process;
	status_t status = STATUS_OK;

	while (status == STATUS_OK && hal_user_copy_out(&process->space, va, from, bytes) != STATUS_OK)
		status = linux_mm_fault(process, va, LINUX_PROT_WRITE);
	return status == STATUS_OK ? STATUS_OK : STATUS_EFAULT;
}

/* Page by page, where not all of it is there: how many bytes could be. */
static __attribute__((noinline)) size_t slow_in(struct thread *thread, uint8_t *to, uint64_t va, size_t bytes)
{
	size_t done = 0;

	while (done < bytes && va + done < LINUX_VA_END) {
		size_t part = left_in_page(va + done) < bytes - done ? left_in_page(va + done) : bytes - done;

		if (part_in(thread, to + done, va + done, part) != STATUS_OK)
			break;
		done += part;
	}
	return done;
}

static __attribute__((noinline)) size_t slow_out(struct thread *thread, uint64_t va, const uint8_t *from, size_t bytes)
{
	size_t done = 0;

	while (done < bytes && va + done < LINUX_VA_END) {
		size_t part = left_in_page(va + done) < bytes - done ? left_in_page(va + done) : bytes - done;

		if (part_out(thread, va + done, from + done, part) != STATUS_OK)
			break;
		done += part;
	}
	return done;
}

static size_t some_in(struct thread *thread, void *to, uint64_t va, size_t bytes)
{
	return hal_user_copy_in(&thread->process->space, to, va, bytes) == STATUS_OK ? bytes : slow_in(thread, to, va, bytes);
}

static size_t some_out(struct thread *thread, uint64_t va, const void *from, size_t bytes)
{
	return hal_user_copy_out(&thread->process->space, va, from, bytes) == STATUS_OK ? bytes : slow_out(thread, va, from, bytes);
}

status_t linux_copy_in(struct thread *thread, void *to, uint64_t from_va, size_t bytes)
{
	return some_in(thread, to, from_va, bytes) == bytes ? STATUS_OK : STATUS_EFAULT;
}

status_t linux_copy_out(struct thread *thread, uint64_t to_va, const void *from, size_t bytes)
{
	return some_out(thread, to_va, from, bytes) == bytes ? STATUS_OK : STATUS_EFAULT;
}

status_t linux_copy_struct_in(struct thread *thread, void *to, size_t known, uint64_t from_va, uint64_t bytes)
{
	uint8_t byte;

	if (bytes > HAL_PAGE_BYTES)
		return STATUS_E2BIG;
	for (uint64_t at = known; at < bytes; at++) {
		if (linux_copy_in(thread, &byte, from_va + at, sizeof(byte)) != STATUS_OK)
			return STATUS_EFAULT;
		if (byte != 0)
			return STATUS_E2BIG;
	}
	memset(to, 0, known);
	return linux_copy_in(thread, to, from_va, bytes < known ? bytes : known);
}

int64_t linux_copy_string(struct thread *thread, char *to, uint64_t from_va, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		uint64_t left = left_in_page(from_va + done);
		size_t part = left < bytes - done ? left : bytes - done;
		const char *end;

		if (part > 256)
			part = 256; /* most are short */
		if (from_va + done < from_va || part_in(thread, to + done, from_va + done, part) != STATUS_OK)
			return STATUS_EFAULT;
		end = memchr(to + done, 0, part);
		if (end != NULL)
			return end - to;
		done += part;
	}
	return STATUS_ENAMETOOLONG;
}

status_t linux_pieces_in(struct thread *thread, struct linux_piece *pieces, uint64_t va, unsigned count, uint64_t *bytes)
{
	*bytes = 0;
	if (linux_copy_in(thread, pieces, va, count * sizeof(*pieces)) != STATUS_OK)
		return STATUS_EFAULT;
	for (unsigned i = 0; i < count; i++) {
		if (pieces[i].bytes > INT64_MAX)
			return STATUS_EINVAL;
		if (pieces[i].bytes > LINUX_BYTES_MAX - *bytes)
			pieces[i].bytes = LINUX_BYTES_MAX - *bytes;
		*bytes += pieces[i].bytes;
	}
	return STATUS_OK;
}

status_t linux_pieces_begin(struct linux_pieces *own, struct linux_data *data, struct thread *thread, uint64_t va, uint64_t count)
{
	struct linux_piece *pieces = own->small;

	own->many = NULL;
	if (count > LINUX_PIECES_MAX)
		return STATUS_EINVAL;
	if (count > LINUX_PIECES_SMALL) {
		own->thread = thread;
		own->many_bytes = count * sizeof(*pieces);
		own->many = pieces = linux_room_take(thread->process->budget, own->many_bytes);
	}
	if (pieces == NULL)
		return STATUS_ENOMEM;
	*data = (struct linux_data){ .thread = thread, .pieces = pieces, .count = (unsigned)count };
	return linux_pieces_in(thread, pieces, va, (unsigned)count, &data->left);
}

void linux_pieces_end(struct linux_pieces *own)
{
	if (own->many != NULL)
		linux_room_give(own->thread->process->budget, own->many, own->many_bytes);
}

status_t linux_data_user(struct linux_data *data, struct thread *thread, uint64_t va, uint64_t bytes)
{
	if (bytes > LINUX_BYTES_MAX)
		bytes = LINUX_BYTES_MAX;
	if (va > LINUX_VA_END || bytes > LINUX_VA_END - va)
		return STATUS_EFAULT;
	data->thread = thread;
	data->one = (struct linux_piece){ .va = va, .bytes = bytes };
	data->pieces = &data->one;
	data->count = 1;
	data->left = bytes;
	return STATUS_OK;
}

void linux_data_kernel(struct linux_data *data, void *memory, size_t bytes)
{
	data->one = (struct linux_piece){ .va = (uint64_t)(uintptr_t)memory, .bytes = bytes };
	data->pieces = &data->one;
	data->count = 1;
	data->at = 0;
	data->left = bytes;
}

/* What comes next of the process's: at least a byte where `left` is not 0. */
static size_t piece_here(struct linux_data *data, size_t bytes, uint64_t *va)
{
	while (data->at == data->pieces->bytes) {
		data->pieces++;
		data->count--;
		data->at = 0;
	}
	*va = data->pieces->va + data->at;
	if (bytes > data->pieces->bytes - data->at)
		bytes = data->pieces->bytes - data->at;
	return bytes;
}

/* Of memory of the kernel's all can be moved. */
static __attribute__((noinline)) size_t kernel_move(uint64_t va, uint8_t *to, const uint8_t *from, size_t bytes)
{
	if (to != NULL)
		memcpy(to, (const void *)(uintptr_t)va, bytes);
	else
		memcpy((void *)(uintptr_t)va, from, bytes);
	return bytes;
}

static int64_t data_move(struct linux_data *data, uint8_t *to, const uint8_t *from, size_t bytes)
{
	size_t done = 0;

	if (bytes > data->left)
		bytes = data->left;
	while (done < bytes) {
		uint64_t va;
		size_t part = piece_here(data, bytes - done, &va);
		size_t moved;

		if (__builtin_expect(data->thread == NULL, 0))
			moved = kernel_move(va, to != NULL ? to + done : NULL, to != NULL ? NULL : from + done, part);
		else
			moved = to != NULL ? some_in(data->thread, to + done, va, part) : some_out(data->thread, va, from + done, part);
		data->at += moved;
		data->left -= moved;
		done += moved;
		if (moved < part)
			return done > 0 ? (int64_t)done : STATUS_EFAULT;
	}
	return (int64_t)done;
}

int64_t linux_data_take(struct linux_data *data, void *to, size_t bytes)
{
	return data_move(data, to, NULL, bytes);
}

int64_t linux_data_give(struct linux_data *data, const void *from, size_t bytes)
{
	return data_move(data, NULL, from, bytes);
}

int64_t linux_data_skip(struct linux_data *data, size_t bytes)
{
	size_t done = 0;

	while (done < bytes && data->left > 0) {
		uint64_t va;
		size_t part = piece_here(data, bytes - done, &va);

		data->at += part;
		data->left -= part;
		done += part;
	}
	return (int64_t)done;
}
