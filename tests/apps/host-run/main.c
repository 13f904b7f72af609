// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Starts each program that it is told of, one after the other, with its console, and says how that went. Of the first that can be had, it is also
 * tried to start it from a directory without the right to, and with a capability that is no program.
 */
#include <capos/capos.h>
#include <capos/file.h>
#include <capos/process.h>

static int64_t run(capos_cap_t processes, capos_cap_t program, int64_t *code)
{
	const struct capos_program started = { .name = "guest", .program = program };
	const struct capos_transfer console = { .cap = capos_capset_get("console"), .rights = 1, .name = "console" };
	struct capos_process_wait_result end;
	capos_cap_t process;
	int64_t result = capos_process_start(processes, &started, &console, 1, &process);

	if (result < 0)
		return result;
	result = capos_process_wait(process, &end, CAPOS_WAIT_FOREVER);
	(void)capos_close(process);
	*code = end.end == CAPOS_PROCESS_EXITED ? end.code : -1;
	return result;
}

int main(int argc, char **argv)
{
	capos_cap_t processes = capos_capset_get("processes");
	capos_cap_t program;
	int64_t code = -1;

	for (int i = 1; i < argc; i++) {
		int64_t bytes = capos_program_open(argv[i], &program);
		int64_t result = bytes > 0 ? run(processes, program, &code) : bytes;

		(void)capos_print("%s: %lld", argv[i], (long long)(result == 0 ? code : result));
		if (bytes > 0) {
			(void)capos_print("size %s", capos_program_size(program) == bytes ? "told" : "wrong");
			(void)capos_close(program);
		}
	}
	(void)capos_print("what is none: %lld", (long long)run(processes, capos_capset_get("console"), &code));
	(void)capos_print("without the right: %lld", (long long)capos_program_open("/tmp/x", &program));
	return 0;
}
