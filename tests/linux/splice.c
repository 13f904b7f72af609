// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* splice, tee and vmsplice: places, refusals, and what is taken of what. */
#include "tests/linux/claims.h"
#include "tests/linux/pattern.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void places(void)
{
	int ends[2];
	int from = file_of("/tmp/from", 20000), to = file_of("/tmp/to", 0);
	loff_t at = 100, put = 5;
	ssize_t got;

	CLAIM(pipe(ends) == 0);
	CLAIM(splice(from, NULL, ends[1], NULL, 10, 0) == 10 && lseek(from, 0, SEEK_CUR) == 10);
	CLAIM(splice(from, &at, ends[1], NULL, 90, SPLICE_F_MOVE) == 90 && at == 190 && lseek(from, 0, SEEK_CUR) == 10);
	CLAIM(splice(ends[0], NULL, to, &put, 40, SPLICE_F_MORE) == 40 && put == 45 && lseek(to, 0, SEEK_CUR) == 0);
	CLAIM(splice(ends[0], NULL, to, NULL, 1000, 0) == 60 && lseek(to, 0, SEEK_CUR) == 60);
	CLAIM(pread(to, back, 5, 0) == 5 && memcmp(back, text + 130, 5) == 0);
	CLAIM(lseek(to, 0, SEEK_END) == 60 && pread(to, back, 60, 0) == 60 && memcmp(back, text + 130, 60) == 0);
	/* At the end there is nothing, and that is told. */
	at = 20000;
	CLAIM(splice(from, &at, ends[1], NULL, 10, 0) == 0 && at == 20000);
	/* As much as a pipe takes, and no more. */
	got = splice(from, NULL, ends[1], NULL, (size_t)1 << 62, 0);
	CLAIM(got == 19990);
	CLAIM(read(ends[0], back, BYTES) == got && memcmp(back, text + 10, (size_t)got) == 0);
	close(from);
	from = file_of("/tmp/from", BYTES);
	got = splice(from, NULL, ends[1], NULL, BYTES, 0);
	CLAIM(got == 65536 && lseek(from, 0, SEEK_CUR) == got);
	REFUSED(splice(from, NULL, ends[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	CLAIM(lseek(from, 0, SEEK_CUR) == got);
	CLAIM(read(ends[0], back, BYTES) == got && memcmp(back, text, (size_t)got) == 0);
	REFUSED(splice(ends[0], NULL, to, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	close(ends[1]);
	CLAIM(splice(ends[0], NULL, to, NULL, 1, 0) == 0);
	close(ends[0]);
	close(from);
	close(to);
}

static void refusals(void)
{
	int ends[2], other[2], dead[2];
	int file = file_of("/tmp/from", 100), event = eventfd(1, 0), directory = open("/tmp", O_RDONLY | O_DIRECTORY);
	int adds = open("/tmp/adds", O_CREAT | O_WRONLY | O_APPEND, 0644);
	loff_t at = 0, below = -1;

	CLAIM(pipe(ends) == 0 && pipe(other) == 0 && pipe(dead) == 0 && write(ends[1], "abc", 3) == 3);
	REFUSED(splice(ends[0], &at, file, NULL, 1, 0), ESPIPE);
	REFUSED(splice(file, NULL, ends[1], &at, 1, 0), ESPIPE);
	REFUSED(splice(ends[0], NULL, file, &below, 1, 0), EINVAL);
	REFUSED(splice(file, &below, ends[1], NULL, 1, 0), EINVAL);
	at = INT64_MAX - 5;
	REFUSED(splice(file, &at, ends[1], NULL, 10, 0), EINVAL);
	CLAIM(splice(file, &at, ends[1], NULL, 5, 0) == 0 && at == INT64_MAX - 5);
	at = 0;
	REFUSED(splice(file, NULL, adds, NULL, 1, 0), EINVAL);
	REFUSED(splice(ends[0], NULL, adds, NULL, 1, 0), EINVAL);
	REFUSED(splice(ends[0], NULL, ends[1], NULL, 1, 0), EINVAL);
	REFUSED(splice(event, NULL, ends[1], NULL, 8, 0), EINVAL);
	REFUSED(splice(directory, NULL, ends[1], NULL, 8, 0), EINVAL);
	REFUSED(splice(ends[0], NULL, file, NULL, 1, 16), EINVAL);
	REFUSED(splice(ends[1], NULL, file, NULL, 1, 0), EBADF);
	REFUSED(splice(file, NULL, ends[0], NULL, 1, 0), EBADF);
	REFUSED(splice(-1, NULL, ends[1], NULL, 1, 0), EBADF);
	REFUSED(splice(ends[0], NULL, 1000, NULL, 1, 0), EBADF);
	REFUSED(splice(ends[0], NULL, file, NULL, SIZE_MAX, 0), EINVAL);
	REFUSED(splice(ends[0], NULL, file, NULL, (size_t)SSIZE_MAX + 1, 0), EINVAL);
	at = LLONG_MAX - 1;
	REFUSED(splice(ends[0], NULL, file, &at, 100, 0), EINVAL);
	REFUSED(splice(ends[0], NULL, file, (void *)16, 1, 0), EFAULT);
	REFUSED(splice(file, (void *)(1ul << 60), ends[1], NULL, 1, 0), EFAULT);
	CLAIM(splice(-1, NULL, -1, NULL, 0, 99) == 0);
	CLAIM(tee(-1, -1, 0, 0) == 0);
	REFUSED(tee(ends[0], other[1], 1, 16), EINVAL);
	REFUSED(tee(ends[0], ends[1], 1, 0), EINVAL);
	REFUSED(tee(file, ends[1], 1, 0), EINVAL);
	REFUSED(tee(ends[0], -1, 1, 0), EBADF);
	REFUSED(tee(other[0], ends[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
	signal(SIGPIPE, SIG_IGN);
	close(dead[0]);
	REFUSED(splice(file, NULL, dead[1], NULL, 1, 0), EPIPE);
	REFUSED(splice(ends[0], NULL, dead[1], NULL, 1, 0), EPIPE);
	REFUSED(tee(ends[0], dead[1], 1, 0), EPIPE);
	signal(SIGPIPE, SIG_DFL);
	/* Nothing of that took anything. */
	CLAIM(lseek(file, 0, SEEK_CUR) == 0 && read(ends[0], back, 10) == 3 && memcmp(back, "abc", 3) == 0);
	close(adds);
	close(directory);
	close(event);
	close(file);
	close(dead[1]);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(other[i]);
	}
}

static void killed_by_sigpipe(void)
{
	int ends[2], dead[2], status = 0;
	pid_t child;

	CLAIM(pipe(ends) == 0 && pipe(dead) == 0 && write(ends[1], "abc", 3) == 3);
	close(dead[0]);
	child = fork();
	if (child == 0) {
		(void)!splice(ends[0], NULL, dead[1], NULL, 3, 0);
		_exit(0);
	}
	CLAIM(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	CLAIM(read(ends[0], back, 10) == 3);
	close(ends[0]);
	close(ends[1]);
	close(dead[1]);
}

static void tees(void)
{
	int in[2], out[2];

	CLAIM(pipe(in) == 0 && pipe(out) == 0 && write(in[1], text, 6000) == 6000);
	CLAIM(tee(in[0], out[1], 5000, 0) == 5000 && tee(in[0], out[1], SIZE_MAX, SPLICE_F_NONBLOCK) == 6000);
	CLAIM(read(out[0], back, BYTES) == 11000 && memcmp(back, text, 5000) == 0 && memcmp(back + 5000, text, 6000) == 0);
	CLAIM(splice(in[0], NULL, out[1], NULL, 4000, 0) == 4000 && splice(in[0], NULL, out[1], NULL, SIZE_MAX, 0) == 2000);
	CLAIM(read(out[0], back, BYTES) == 6000 && memcmp(back, text, 6000) == 0);
	close(in[1]);
	CLAIM(tee(in[0], out[1], 1, 0) == 0 && splice(in[0], NULL, out[1], NULL, 1, 0) == 0);
	close(in[0]);
	close(out[0]);
	close(out[1]);
}

static void memory(void)
{
	struct iovec pieces[12], bad[2] = { { text, 5 }, { (void *)16, 10 } }, many = { text, SIZE_MAX };
	int ends[2], file = file_of("/tmp/from", 10);
	ssize_t done;

	CLAIM(pipe(ends) == 0);
	for (int i = 0; i < 12; i++)
		pieces[i] = (struct iovec){ text + i * 100, 50 };
	CLAIM(vmsplice(ends[1], pieces, 12, 0) == 600);
	for (int i = 0; i < 12; i++)
		pieces[i] = (struct iovec){ back + i * 100, 50 };
	CLAIM(vmsplice(ends[0], pieces, 12, 0) == 600 && memcmp(back, text, 50) == 0 && memcmp(back + 1100, text + 1100, 50) == 0);
	REFUSED(vmsplice(ends[0], pieces, 1, SPLICE_F_NONBLOCK), EAGAIN);
	CLAIM(vmsplice(ends[0], pieces, 0, 0) == 0);
	REFUSED(vmsplice(file, pieces, 1, 0), EBADF);
	REFUSED(vmsplice(-1, pieces, 1, 0), EBADF);
	REFUSED(vmsplice(ends[1], pieces, 1, 32), EINVAL);
	REFUSED(vmsplice(ends[1], pieces, 1025, 0), EINVAL);
	REFUSED(vmsplice(ends[1], &many, 1, 0), EINVAL);
	REFUSED(vmsplice(ends[1], (void *)16, 1, 0), EFAULT);
	REFUSED(vmsplice(ends[1], bad + 1, 1, 0), EFAULT);
	done = vmsplice(ends[1], bad, 2, 0);
	CLAIM(done == 5 && read(ends[0], back, 10) == 5);
	pieces[0] = (struct iovec){ text, BYTES };
	done = vmsplice(ends[1], pieces, 1, 0); /* what there is room for */
	CLAIM(done > 0 && done <= 65536 && read(ends[0], back, BYTES) == done && memcmp(back, text, (size_t)done) == 0);
	close(file);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	pattern();
	places();
	refusals();
	killed_by_sigpipe();
	tees();
	memory();
	return claims_end("splice");
}
