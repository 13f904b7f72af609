// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* File systems as the manifest grants them: mounted once, refused with a reason, optional, given up and unmounted at the end. */
#include "tests/unit/kernel/cap/call.h"

#include "kernel/payload/files.c"

enum { APP = 1 << MANIFEST_MOUNT_APP, TMP = 1 << MANIFEST_MOUNT_TMP, HOST = 1 << MANIFEST_MOUNT_HOST, DATA = 1 << MANIFEST_MOUNT_DATA };

static const struct cap_interface interface = { .id = 1 };
static void give_up_one(struct fs *fs);
static const struct fs_ops ops = { .give_up = give_up_one };
static struct fs fss[MANIFEST_MOUNTS];
static struct fs_service served[MANIFEST_MOUNTS];
static struct object roots[MANIFEST_MOUNTS];
static status_t mount_status[MANIFEST_MOUNTS], serve_status, keep_status, unmount_status;
static unsigned mounted, unmounted, stopped, granted, given_up, kept, places, settles;
static uint32_t rights_of[MANIFEST_MOUNTS];
static bool no_root, settles_late;
static char said[256], why[128];
static struct start start = { .process = &world.process };

static status_t mount_one(unsigned which, struct fs **out)
{
	mounted += mount_status[which] == STATUS_OK;
	fss[which] = (struct fs){ .ops = &ops, .read_only = fss[which].read_only };
	*out = &fss[which];
	return mount_status[which];
}

static unsigned which_is(const struct fs *fs)
{
	CU_ASSERT_FATAL(fs >= fss && fs < fss + MANIFEST_MOUNTS);
	return (unsigned)(fs - fss);
}

status_t app_mount(struct span archive, struct fs **out)
{
	CU_ASSERT_EQUAL(archive.len, 7);
	return mount_one(MANIFEST_MOUNT_APP, out);
}

status_t log_mount(struct fs **out)
{
	return mount_one(MANIFEST_MOUNT_LOG, out);
}

status_t sys_mount(struct fs **out)
{
	return mount_one(MANIFEST_MOUNT_SYS, out);
}

status_t ninep_mount(const char *tag, struct fs **out, char *to, size_t why_bytes)
{
	CU_ASSERT(strcmp(tag, "host") == 0 && why_bytes == sizeof(why) && to == why);
	return mount_one(MANIFEST_MOUNT_HOST, out);
}

status_t ext4_mount(unsigned block_device, bool read_only, struct fs **out, char *reason, size_t reason_bytes)
{
	CU_ASSERT(block_device == 0 && !read_only);
	snprintf(reason, reason_bytes, "it is broken");
	return mount_one(MANIFEST_MOUNT_DATA, out);
}

status_t tmp_mount(struct budget *budget, uint64_t limit_bytes, unsigned cpu, struct fs **out)
{
	CU_ASSERT(budget == &world.budget && limit_bytes == 4096 && cpu == 3);
	return mount_one(MANIFEST_MOUNT_TMP, out);
}

static void unmount_one(struct fs *fs)
{
	(void)which_is(fs);
	unmounted++;
}

void app_unmount(struct fs *fs)
{
	unmount_one(fs);
}

void log_unmount(struct fs *fs)
{
	unmount_one(fs);
}

void flat_unmount(struct fs *fs)
{
	unmount_one(fs);
}

void ninep_unmount(struct fs *fs)
{
	unmount_one(fs);
}

void tmp_unmount(struct fs *fs)
{
	unmount_one(fs);
}

status_t ext4_unmount(struct fs *fs)
{
	unmount_one(fs);
	return unmount_status;
}

status_t ninep_put_at_panic(struct fs *fs, struct span name, struct span text)
{
	CU_ASSERT(which_is(fs) == MANIFEST_MOUNT_HOST && name.len == sizeof(POST_MORTEM_NAME) - 1 && text.len == 9);
	return STATUS_OK;
}

status_t ext4_put_at_panic(struct fs *fs, struct span text)
{
	CU_ASSERT(which_is(fs) == MANIFEST_MOUNT_DATA && text.len == POST_MORTEM_BYTES);
	return STATUS_OK;
}

status_t ext4_keep(struct fs *fs, struct span name, uint32_t bytes)
{
	CU_ASSERT(which_is(fs) == MANIFEST_MOUNT_DATA && name.len == sizeof(POST_MORTEM_NAME) - 1 && bytes == POST_MORTEM_BYTES);
	kept++;
	return keep_status;
}

status_t post_mortem_begin(const struct post_mortem_place *place)
{
	CU_ASSERT_EQUAL(strcmp(place->name, which_is(place->fs) == MANIFEST_MOUNT_HOST ? "/host" : "/data"), 0);
	CU_ASSERT_EQUAL(place->put(place->fs, span_of("a report.", 9)), STATUS_OK);
	places++;
	return STATUS_OK;
}

void post_mortem_end(void)
{
	places = 0;
}

status_t fs_service_start(struct fs *fs, void (*gone)(struct fs *fs), struct fs_service **out)
{
	*out = &served[which_is(fs)];
	**out = (struct fs_service){ .fs = fs, .gone = gone, .holds = 1 };
	return serve_status;
}

void fs_service_put(struct fs_service *service)
{
	if (--service->holds == 0)
		service->gone(service->fs);
}

void fs_service_stop(struct fs_service *service)
{
	(void)service;
	stopped++;
}

bool fs_settle_until(uint64_t deadline_ns)
{
	CU_ASSERT_EQUAL(deadline_ns, 1000 + PATIENCE_NS);
	return !settles_late;
}

void fs_settle(void)
{
	settles++;
}

void object_settle(void)
{
}

uint64_t hal_timer_now_ns(void)
{
	return 1000;
}

static void give_up_one(struct fs *fs)
{
	(void)which_is(fs);
	given_up++;
}

struct object *fs_object_root(struct fs_service *service, struct budget *budget)
{
	unsigned which = which_is(service->fs);

	CU_ASSERT_PTR_EQUAL(budget, which == MANIFEST_MOUNT_TMP ? &world.budget : NULL);
	if (no_root)
		return NULL;
	if (which == MANIFEST_MOUNT_TMP)
		service->holds++;
	roots[which] = (struct object){ .interface = &interface, .holds = 1 };
	return &roots[which];
}

status_t start_grant(struct start *to, const char *name, struct object *object, uint32_t rights)
{
	unsigned which = (unsigned)(object - roots);

	CU_ASSERT(to == &start && strcmp(name, manifest_known_mounts[which].name) == 0);
	granted |= 1u << which;
	rights_of[which] = rights;
	return STATUS_OK;
}

void log_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
}

static void begin(void)
{
	call_begin(NULL, 0, NULL, 0);
	memset(mount_status, 0, sizeof(mount_status));
	memset(fss, 0, sizeof(fss));
	serve_status = keep_status = unmount_status = STATUS_OK;
	mounted = unmounted = stopped = granted = given_up = kept = places = settles = 0;
	no_root = settles_late = false;
	said[0] = why[0] = '\0';
}

static status_t grant(unsigned which, uint32_t optional, uint32_t post_mortem)
{
	static struct manifest_process spec;

	spec = (struct manifest_process){ .files = { .tmp_bytes = 4096, .optional = optional, .post_mortem = post_mortem } };
	for (unsigned i = 0; i < MANIFEST_MOUNTS; i++)
		spec.files.rights[i] = which & 1u << i ? i + 1 : 0;
	return files_grant(span_of("archive", 7), &spec, 3, &start, why, sizeof(why));
}

static void each_is_mounted_for_the_first_and_unmounted_at_the_end(void)
{
	const unsigned all = (1u << MANIFEST_MOUNTS) - 1;

	begin();
	CU_ASSERT_EQUAL(grant(APP | DATA, 0, 0), STATUS_OK);
	CU_ASSERT(mounted == 2 && granted == (APP | DATA) && rights_of[MANIFEST_MOUNT_DATA] == MANIFEST_MOUNT_DATA + 1);
	CU_ASSERT_EQUAL(grant(all, 0, 0), STATUS_OK);
	CU_ASSERT(mounted == MANIFEST_MOUNTS && granted == all && unmounted == 0);
	CU_ASSERT_EQUAL(grant(TMP, 0, 0), STATUS_OK); /* each has its own */
	CU_ASSERT_EQUAL(mounted, MANIFEST_MOUNTS + 1);
	files_end();
	CU_ASSERT(unmounted == MANIFEST_MOUNTS - 1 && stopped == MANIFEST_MOUNTS - 1 && settles == 1 && given_up == 0 && said[0] == '\0');
	files_end();
	CU_ASSERT_EQUAL(unmounted, MANIFEST_MOUNTS - 1);
}

static void what_cannot_be_mounted_is_an_error_with_its_reason(void)
{
	begin();
	mount_status[MANIFEST_MOUNT_DATA] = STATUS_ENODEV;
	CU_ASSERT_EQUAL(grant(DATA, 0, 0), STATUS_ENODEV);
	CU_ASSERT_STRING_EQUAL(why, "this machine has no volume (rumpk run --disk FILE)");
	CU_ASSERT_EQUAL(grant(APP | DATA, DATA, 0), STATUS_OK);
	CU_ASSERT_EQUAL(granted, APP);
	CU_ASSERT_EQUAL(grant(APP | DATA, APP, 0), STATUS_ENODEV);
	mount_status[MANIFEST_MOUNT_DATA] = STATUS_EIO;
	CU_ASSERT_EQUAL(grant(DATA, DATA, 0), STATUS_EIO);
	CU_ASSERT_STRING_EQUAL(why, "the volume cannot be used: it is broken");
	mount_status[MANIFEST_MOUNT_TMP] = STATUS_ENOMEM;
	CU_ASSERT_EQUAL(grant(TMP, 0, 0), STATUS_ENOMEM);
	mount_status[MANIFEST_MOUNT_DATA] = mount_status[MANIFEST_MOUNT_TMP] = STATUS_OK;
	serve_status = STATUS_ENOMEM;
	CU_ASSERT_EQUAL(grant(DATA, 0, 0), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(unmounted, 1);
	CU_ASSERT_EQUAL(grant(TMP, 0, 0), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(unmounted, 2);
	serve_status = STATUS_OK;
	no_root = true;
	CU_ASSERT_EQUAL(grant(TMP, 0, 0), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(unmounted, 3);
	CU_ASSERT_EQUAL(grant(DATA, 0, 0), STATUS_ENOMEM);
	CU_ASSERT_EQUAL(granted, APP);
	files_end();
}

static void a_panic_has_a_place_where_one_can_be_written(void)
{
	begin();
	CU_ASSERT_EQUAL(grant(HOST | DATA, 0, HOST | DATA), STATUS_OK);
	CU_ASSERT(places == 2 && kept == 1 && said[0] == '\0');
	keep_status = STATUS_ENOSPC;
	CU_ASSERT_EQUAL(grant(DATA, 0, DATA), STATUS_OK);
	CU_ASSERT_STRING_EQUAL(said, "files: a panic would leave no /data/" POST_MORTEM_NAME ": error -28");
	keep_status = STATUS_OK;
	fss[MANIFEST_MOUNT_HOST].read_only = true;
	CU_ASSERT_EQUAL(grant(HOST, 0, HOST), STATUS_OK);
	CU_ASSERT_STRING_EQUAL(said, "files: a panic would leave no /host/" POST_MORTEM_NAME ": error -30");
	CU_ASSERT_EQUAL(places, 2);
	files_end();
	CU_ASSERT_EQUAL(places, 0);
}

static void requests_that_do_not_end_in_time_are_given_up(void)
{
	begin();
	CU_ASSERT_EQUAL(grant(APP | HOST, 0, 0), STATUS_OK);
	settles_late = true;
	files_end();
	CU_ASSERT(given_up == 2 && settles == 2 && unmounted == 2);
}

static void a_volume_that_cannot_be_written_back_is_said(void)
{
	begin();
	CU_ASSERT_EQUAL(grant(DATA, 0, 0), STATUS_OK);
	unmount_status = STATUS_EIO;
	files_end();
	CU_ASSERT_STRING_EQUAL(said, "files: what was written to /data last may be lost: error -5");
}

static const struct unit_case cases[] = {
	UNIT_CASE(each_is_mounted_for_the_first_and_unmounted_at_the_end),
	UNIT_CASE(what_cannot_be_mounted_is_an_error_with_its_reason),
	UNIT_CASE(a_panic_has_a_place_where_one_can_be_written),
	UNIT_CASE(requests_that_do_not_end_in_time_are_given_up),
	UNIT_CASE(a_volume_that_cannot_be_written_back_is_said),
};

UNIT_MAIN("kernel/payload/files", cases)
