// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Whom the modes of files keep out: of file systems that keep owners (/tmp, volumes, and what is in no file system: virtual.h). Others (the bundle, /host) tell modes, and keep nobody out.
 *
 * Spec: path_resolution(7), inode(7), capabilities(7); Linux, fs/namei.c: generic_permission(), may_create(), may_delete(); fs/attr.c: setattr_prepare()
 */
#ifndef KERNEL_SYS_LINUX_PERMISSIONS_H
#define KERNEL_SYS_LINUX_PERMISSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sys/linux/subject.h"
#include "lib/status.h"

struct fs_node;
struct fs_stat;
struct linux_dentry;
struct linux_walk;

/* Whether the subject may do all that is wanted (LINUX_MAY_*) with a file or directory. STATUS_EACCES. Context: as an operation of its file system. */
MUST_CHECK status_t linux_node_may(const struct linux_subject *who, struct fs_node *node, uint32_t wanted);

/* The same. Context of this and the others: fiber. */
MUST_CHECK status_t linux_may(const struct linux_subject *who, struct linux_dentry *dentry, uint32_t wanted);

/* Whether it is their own, or they may do as if it were (CAP_FOWNER). STATUS_EPERM. */
MUST_CHECK status_t linux_may_as_owner(const struct linux_subject *who, struct linux_dentry *dentry);

/* Whether who walked there may make a name in that directory: the process, and then its user. STATUS_EROFS, STATUS_EACCES. */
MUST_CHECK status_t linux_may_make(const struct linux_walk *walk);

/* Whether he may take the name that was found away. STATUS_EACCES; STATUS_EPERM: another's, in a directory with S_ISVTX. */
MUST_CHECK status_t linux_may_delete(const struct linux_walk *walk);

/*
 * Whether they may give it another name: not what is another's, and which they could not read and write, or which runs as its owner. STATUS_EPERM.
 * Spec: Linux, Documentation/admin-guide/sysctl/fs.rst: protected_hardlinks, protected_symlinks; Debian has both on
 */
MUST_CHECK status_t linux_may_link(const struct linux_subject *who, struct linux_dentry *dentry);

/* Whether they may follow a link that a path ends in: not another's in a directory such as /tmp, unless that is his, too. STATUS_EACCES. Context: as an operation of their file system. */
MUST_CHECK status_t linux_may_follow(const struct linux_subject *who, struct fs_node *directory, struct fs_node *link);

/* Whether they may change what `what` (FS_SET_*) names to `values`; `now`: times, to those of this moment. A mode loses S_ISGID for a group not theirs. */
MUST_CHECK status_t linux_may_set(const struct linux_subject *who, struct linux_dentry *dentry, uint32_t what, bool now, struct fs_stat *values);

#endif
