// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/payload/files.h"

#include <assert.h>

#include "capos/abi/dir.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/cap/fs_object.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/io/fs/app.h"
#include "kernel/io/fs/ext4/ext4.h"
#include "kernel/io/fs/flat.h"
#include "kernel/io/fs/log.h"
#include "kernel/io/fs/ninep/ninep.h"
#include "kernel/io/fs/post_mortem.h"
#include "kernel/io/fs/service.h"
#include "kernel/io/fs/sys.h"
#include "kernel/io/fs/tmp.h"
#include "kernel/payload/manifest_parser.h"
#include "kernel/sys/process.h"
#include "lib/format.h"

static_assert(MANIFEST_RIGHT_READ == CAPOS_DIR_RIGHT_READ && MANIFEST_RIGHT_WRITE == CAPOS_DIR_RIGHT_WRITE &&
		      MANIFEST_RIGHT_CREATE == CAPOS_DIR_RIGHT_CREATE && MANIFEST_RIGHT_EXEC == CAPOS_DIR_RIGHT_EXEC &&
		      MANIFEST_RIGHT_LIST == CAPOS_DIR_RIGHT_LIST,
	      "the manifest's rights are the interface's");

/* How long the machine's end waits for what is under way. */
#define PATIENCE_NS 10000000000ull

static struct span app_archive;

static status_t mount_app(struct fs **out, char *why, size_t why_bytes)
{
	(void)why;
	(void)why_bytes;
	return app_mount(app_archive, out);
}

static status_t mount_log(struct fs **out, char *why, size_t why_bytes)
{
	(void)why;
	(void)why_bytes;
	return log_mount(out);
}

static status_t mount_sys(struct fs **out, char *why, size_t why_bytes)
{
	(void)why;
	(void)why_bytes;
	return sys_mount(out);
}

static status_t mount_host(struct fs **out, char *why, size_t why_bytes)
{
	return ninep_mount("host", out, why, why_bytes);
}

/* The first disk. Where there is none, `why` has been said. */
static status_t mount_data(struct fs **out, char *why, size_t why_bytes)
{
	char reason[96];
	status_t status = ext4_mount(0, false, out, reason, sizeof(reason));

	if (status != STATUS_OK && status != STATUS_ENODEV)
		(void)format_print(why, why_bytes, "the volume cannot be used: %s", reason);
	return status;
}

static void unmount_data(struct fs *fs)
{
	status_t status = ext4_unmount(fs);

	if (status != STATUS_OK)
		log_line("files: what was written to /data last may be lost: error %d", status);
}

/* Those that all processes share. NULL: nothing of that kind is built in. */
static const struct mount {
	status_t (*mount)(struct fs **out, char *why, size_t why_bytes);
	void (*unmount)(struct fs *fs);
	const char *missing; /* what to say where there is none */
} mounts[MANIFEST_MOUNTS] = {
	[MANIFEST_MOUNT_APP] = { mount_app, app_unmount, "" },
	[MANIFEST_MOUNT_LOG] = { mount_log, log_unmount, "" },
	[MANIFEST_MOUNT_SYS] = { mount_sys, flat_unmount, "" },
	[MANIFEST_MOUNT_HOST] = { mount_host, ninep_unmount, "" },
	[MANIFEST_MOUNT_DATA] = { mount_data, unmount_data, "this machine has no volume (rumpk run --disk FILE)" },
};

static const struct span post_mortem_name = { .data = (const uint8_t *)POST_MORTEM_NAME, .len = sizeof(POST_MORTEM_NAME) - 1 };

static status_t host_put(struct fs *fs, struct span text)
{
	return ninep_put_at_panic(fs, post_mortem_name, text);
}

static status_t data_put(struct fs *fs, struct span text)
{
	return ext4_put_at_panic(fs, span_of(text.data, POST_MORTEM_BYTES));
}

/* Where a panic leaves a file. That it cannot is said, and keeps nobody from running. */
static void post_mortem_grant(enum manifest_mount which, struct fs *fs)
{
	const char *name = manifest_known_mounts[which].name;
	const struct post_mortem_place place = { .name = name, .fs = fs, .put = which == MANIFEST_MOUNT_HOST ? host_put : data_put };
	status_t status = fs->read_only ? STATUS_EROFS : STATUS_OK;

	if (status == STATUS_OK && which == MANIFEST_MOUNT_DATA)
		status = ext4_keep(fs, post_mortem_name, POST_MORTEM_BYTES);
	if (status == STATUS_OK)
		status = post_mortem_begin(&place);
	if (status != STATUS_OK)
		log_line("files: a panic would leave no %s/" POST_MORTEM_NAME ": error %d", name, status);
}

static struct fs_service *services[MANIFEST_MOUNTS]; /* W: the boot CPU. NULL: not mounted */

/* The service of a file system that all processes share; started where it is the first's. */
static status_t shared_service(enum manifest_mount which, struct fs_service **out, char *why, size_t why_bytes)
{
	const struct mount *mount = &mounts[which];
	status_t status = STATUS_ENODEV;
	struct fs *fs;

	*out = services[which];
	if (*out != NULL)
		return STATUS_OK;
	(void)format_print(why, why_bytes, "%s", mount->missing);
	if (mount->mount != NULL)
		status = mount->mount(&fs, why, why_bytes);
	if (status != STATUS_OK)
		return status;
	status = fs_service_start(fs, mount->unmount, out);
	if (status != STATUS_OK)
		mount->unmount(fs);
	else
		services[which] = *out;
	return status;
}

static status_t grant_shared(enum manifest_mount which, const struct manifest_process *spec, struct start *start, char *why, size_t why_bytes)
{
	struct fs_service *service;
	struct object *root;
	status_t status = shared_service(which, &service, why, why_bytes);

	if (status != STATUS_OK)
		return status;
	root = fs_object_root(service, NULL);
	if (root == NULL)
		return STATUS_ENOMEM;
	return start_grant(start, manifest_known_mounts[which].name, root, spec->files.rights[which]);
}

/* Of its own: it goes with the last capability of it. */
static status_t grant_tmp(const struct manifest_process *spec, unsigned cpu, struct start *start)
{
	struct budget *budget = start->process->budget;
	struct fs_service *service;
	struct object *root;
	struct fs *fs;
	status_t status = tmp_mount(budget, spec->files.tmp_bytes, cpu, &fs);

	if (status != STATUS_OK)
		return status;
	status = fs_service_start(fs, tmp_unmount, &service);
	if (status != STATUS_OK) {
		tmp_unmount(fs);
		return status;
	}
	root = fs_object_root(service, budget);
	fs_service_put(service);
	if (root == NULL)
		return STATUS_ENOMEM;
	return start_grant(start, manifest_known_mounts[MANIFEST_MOUNT_TMP].name, root, spec->files.rights[MANIFEST_MOUNT_TMP]);
}

status_t files_grant(struct span archive, const struct manifest_process *spec, unsigned cpu, struct start *start, char *why, size_t why_bytes)
{
	status_t status = STATUS_OK;

	app_archive = archive;
	for (unsigned i = 0; status == STATUS_OK && i < MANIFEST_MOUNTS; i++) {
		if (spec->files.rights[i] == 0)
			continue;
		why[0] = '\0';
		status = i == MANIFEST_MOUNT_TMP ? grant_tmp(spec, cpu, start) :
						   grant_shared((enum manifest_mount)i, spec, start, why, why_bytes);
		if (status == STATUS_OK && (spec->files.post_mortem & 1u << i) != 0)
			post_mortem_grant((enum manifest_mount)i, services[i]->fs);
		if (status == STATUS_ENODEV && (spec->files.optional & 1u << i) != 0)
			status = STATUS_OK;
	}
	return status;
}

/* Requests end; where one does not in time, by giving up. */
static void requests_end(void)
{
	if (fs_settle_until(hal_timer_now_ns() + PATIENCE_NS))
		return;
	for (unsigned i = 0; i < MANIFEST_MOUNTS; i++)
		if (services[i] != NULL && services[i]->fs->ops->give_up != NULL)
			services[i]->fs->ops->give_up(services[i]->fs);
	fs_settle();
}

void files_end(void)
{
	requests_end(); /* which hold objects, */
	object_settle();
	fs_settle(); /* which hold nodes */
	post_mortem_end();
	for (unsigned i = 0; i < MANIFEST_MOUNTS; i++) {
		if (services[i] == NULL)
			continue;
		fs_service_stop(services[i]);
		fs_service_put(services[i]);
		services[i] = NULL;
	}
}
