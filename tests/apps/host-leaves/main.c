// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Ends while the host's folder is being read. */
#include <capos/capos.h>
#include <capos/file.h>
#include <capos/operation.h>

#define PATIENCE_NS 200000000

int main(void)
{
	static char buffer[4096];
	static struct capos_operation operation;
	const struct capos_file_read params = { .offset = 0 };
	struct capos_submission submission;
	capos_cap_t file;

	if (capos_open("/host/file", 0, CAPOS_DIR_RIGHT_READ, &file) != 0)
		return 1;
	submission = capos_file_read_submission(file, &params, buffer, sizeof(buffer), 0);
	if (capos_submit(&submission, &operation) != 0 || capos_enter() != 0)
		return 2;
	return capos_operation_wait(&operation, PATIENCE_NS) == 0 ? 4 : 3;
}
