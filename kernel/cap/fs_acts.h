// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the methods of dir and file share of what they do on the file system's side. Context of all: as an operation of the file system. */
#ifndef KERNEL_CAP_FS_ACTS_H
#define KERNEL_CAP_FS_ACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/cap/fs_request.h"
#include "lib/status.h"

/* The file system's operation in `field`, which changes something: 0 where it may be called. STATUS_EROFS, STATUS_ENOTSUP. */
#define FS_MAY(fs, field) fs_may_change((fs), (fs)->ops->field != NULL)
MUST_CHECK status_t fs_may_change(const struct fs *fs, bool has_operation);

/* Walks one of the request's paths, from `from`. On STATUS_OK the caller ends it by fs_walk_end(). */
MUST_CHECK status_t fs_walk(const struct fs_object *from, struct span path, bool follow, struct path_walk **out);
void fs_walk_end(const struct fs_object *from, struct path_walk *walk);

/* Tells about a node, as the request's reply. */
int64_t fs_act_stat(struct fs_request *request, struct fs_node *node);

/* Has what was written to a node outlive a power cut. */
int64_t fs_act_sync(struct fs_node *node);

/* Sets the size of a file. */
int64_t fs_act_set_size(struct fs_node *node, uint64_t size);

#endif
