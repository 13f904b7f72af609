// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* TCP and UDP within the machine, socket pairs, names, descriptors sent along, and what is refused. */
#include "tests/linux/claims.h"
#include "tests/linux/rights.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { PORT = 8080, PORT_UDP = 5353, PORT_CLOSED = 9999, PORT_TRUNC = 8081, BULK = 1 << 20 };

static struct sockaddr_in own(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void *client(void *arg)
{
	struct sockaddr_in to = own(PORT);
	char *bulk = calloc(1, BULK);
	char answer[16];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)arg;
	CLAIM(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	REFUSED(connect(fd, (struct sockaddr *)&to, sizeof(to)), EISCONN);
	CLAIM(send(fd, "question", 8, 0) == 8);
	CLAIM(recv(fd, answer, sizeof(answer), MSG_PEEK) == 6);
	CLAIM(recv(fd, answer, 6, MSG_WAITALL) == 6 && memcmp(answer, "answer", 6) == 0);
	for (int i = 0; i < BULK; i++)
		bulk[i] = (char)(i * 7);
	CLAIM(write(fd, bulk, BULK) == BULK);
	CLAIM(shutdown(fd, SHUT_WR) == 0);
	CLAIM(read(fd, answer, sizeof(answer)) == 0);
	close(fd);
	free(bulk);
	return NULL;
}

static void serve(int listener)
{
	struct sockaddr_in peer;
	socklen_t bytes = sizeof(peer);
	char question[8];
	static char part[65536];
	long total = 0;
	int wrong = 0;
	ssize_t got;
	int fd = accept4(listener, (struct sockaddr *)&peer, &bytes, SOCK_CLOEXEC);

	CLAIM(fd >= 0 && bytes == sizeof(peer) && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	CLAIM(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CLAIM(recv(fd, question, sizeof(question), MSG_WAITALL) == 8);
	CLAIM(write(fd, "answer", 6) == 6);
	while ((got = read(fd, part, sizeof(part))) > 0) {
		for (ssize_t i = 0; i < got; i++)
			wrong += part[i] != (char)((total + i) * 7);
		total += got;
	}
	CLAIM(got == 0 && total == BULK && wrong == 0);
	close(fd);
}

static void tcp(void)
{
	struct sockaddr_in at = own(PORT);
	struct sockaddr_in closed = own(PORT_CLOSED);
	struct pollfd look = { .events = POLLIN };
	socklen_t bytes = sizeof(at);
	int one = 1;
	pthread_t thread;
	int second = socket(AF_INET, SOCK_STREAM, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	CLAIM(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
	CLAIM(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
	REFUSED(setsockopt(fd, IPPROTO_TCP, 999, &one, sizeof(one)), ENOPROTOOPT);
	CLAIM(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	CLAIM(listen(fd, 4) == 0);
	CLAIM(getsockname(fd, (struct sockaddr *)&at, &bytes) == 0 && ntohs(at.sin_port) == PORT);
	REFUSED(accept(fd, NULL, NULL), EAGAIN);
	REFUSED(getpeername(second, (struct sockaddr *)&at, &bytes), ENOTCONN);
	REFUSED(read(second, &one, 1), ENOTCONN);
	CLAIM(pthread_create(&thread, NULL, client, NULL) == 0);
	look.fd = fd;
	CLAIM(poll(&look, 1, 10000) == 1 && look.revents == POLLIN);
	CLAIM(fcntl(fd, F_SETFL, 0) == 0);
	serve(fd);
	pthread_join(thread, NULL);
	REFUSED(connect(second, (struct sockaddr *)&closed, sizeof(closed)), ECONNREFUSED);
	close(second);
	close(fd);
}

/* A pair of TCP sockets that are connected; the reader does not wait. */
static void tcp_pair(int pair[2])
{
	struct sockaddr_in at = own(PORT_TRUNC);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	CLAIM(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 && bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0);
	CLAIM(listen(listener, 1) == 0 && connect(pair[0], (struct sockaddr *)&at, sizeof(at)) == 0);
	pair[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	CLAIM(pair[1] >= 0 && close(listener) == 0);
}

/* What came over TCP is thrown away by MSG_TRUNC, and who asks for nothing is told whether something is there. */
static void tcp_discards(void)
{
	struct pollfd ready = { .events = POLLIN };
	int pair[2];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char data[16] = "as it was";

	REFUSED(recv(fd, data, 0, MSG_DONTWAIT), ENOTCONN);
	REFUSED(shutdown(fd, SHUT_RDWR), ENOTCONN);
	CLAIM(read(fd, data, 0) == 0 && recv(fd, data, 1, 0) == 0 && listen(fd, 1) == 0); /* it is shut down even so */
	REFUSED(recv(fd, data, 1, 0), ENOTCONN);
	CLAIM(close(fd) == 0);
	tcp_pair(pair);
	REFUSED(recv(pair[1], data, 0, 0), EAGAIN);
	REFUSED(recv(pair[1], data, 0, MSG_TRUNC), EAGAIN);
	CLAIM(read(pair[1], data, 0) == 0 && write(pair[0], "0123456789", 10) == 10);
	ready.fd = pair[1];
	CLAIM(poll(&ready, 1, -1) == 1 && recv(pair[1], data, 0, 0) == 0 && recv(pair[1], NULL, 3, MSG_TRUNC) == 3);
	CLAIM(recv(pair[1], (void *)16, 2, MSG_TRUNC | MSG_PEEK) == 2 && recv(pair[1], data, 2, MSG_TRUNC) == 2 && strcmp(data, "as it was") == 0);
	CLAIM(read(pair[1], data, sizeof(data)) == 5 && memcmp(data, "56789", 5) == 0 && close(pair[0]) == 0);
	CLAIM(poll(&ready, 1, -1) == 1 && recv(pair[1], data, 0, 0) == 0 && recv(pair[1], NULL, 3, MSG_TRUNC) == 0 && close(pair[1]) == 0);
}

static void udp(void)
{
	struct sockaddr_in at = own(PORT_UDP);
	struct sockaddr_in from;
	socklen_t bytes = sizeof(from);
	int there = -1;
	char data[16];
	int a = socket(AF_INET, SOCK_DGRAM, 0);
	int b = socket(AF_INET, SOCK_DGRAM, 0);

	CLAIM(bind(a, (struct sockaddr *)&at, sizeof(at)) == 0);
	REFUSED(send(b, "x", 1, 0), EDESTADDRREQ);
	CLAIM(ioctl(a, FIONREAD, &there) == 0 && there == 0 && ioctl(b, FIONREAD, &there) == 0 && there == 0);
	CLAIM(sendto(b, "datagram", 8, 0, (struct sockaddr *)&at, sizeof(at)) == 8);
	CLAIM(sendto(b, "x", 1, 0, (struct sockaddr *)&at, sizeof(at)) == 1 && recv(a, data, 1, MSG_PEEK) == 1);
	CLAIM(ioctl(a, FIONREAD, &there) == 0 && there == 8); /* the next one alone */
	REFUSED(ioctl(a, FIONREAD, (void *)16), EFAULT);
	CLAIM(recvfrom(a, data, 4, MSG_TRUNC, (struct sockaddr *)&from, &bytes) == 8 && recv(a, data, 8, 0) == 1);
	CLAIM(sendto(a, "back", 4, 0, (struct sockaddr *)&from, bytes) == 4);
	CLAIM(recv(b, data, sizeof(data), 0) == 4 && memcmp(data, "back", 4) == 0);
	REFUSED(recv(b, data, sizeof(data), MSG_DONTWAIT), EAGAIN);
	close(a);
	close(b);
}

/* Descriptors end a call that wants more than came with them, and none is lost with what comes behind. */
static void rights_end_a_call(void)
{
	char control[CMSG_SPACE(sizeof(int))];
	char data[2];
	struct iovec bytes = { data, sizeof(data) };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct pollfd end;
	int pair[2];
	int ends[2];
	int fd = -1;

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(ends) == 0);
	CLAIM(hand_over(pair[0], ends[1], 0) == 1 && write(pair[0], "b", 1) == 1 && close(ends[1]) == 0);
	CLAIM(recvmsg(pair[1], &message, MSG_WAITALL) == 1 && CMSG_FIRSTHDR(&message) != NULL);
	if (CMSG_FIRSTHDR(&message) != NULL)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	CLAIM(close(fd) == 0 && read(pair[1], data, 2) == 1 && data[0] == 'b');
	end = (struct pollfd){ .fd = ends[0] };
	CLAIM(poll(&end, 1, 0) == 1 && end.revents == POLLHUP);
	CLAIM(close(ends[0]) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* What was written in several parts is one stream, for who only looks as well; descriptors come with the bytes up to theirs. */
static void parts(void)
{
	char control[CMSG_SPACE(sizeof(int))];
	char data[16];
	struct iovec bytes = { data, sizeof(data) };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int pair[2];

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && write(pair[0], "abc", 3) == 3 && write(pair[0], "def", 3) == 3);
	CLAIM(recv(pair[1], data, 16, MSG_PEEK) == 6 && memcmp(data, "abcdef", 6) == 0 && recv(pair[1], data, 4, MSG_PEEK) == 4);
	CLAIM(read(pair[1], data, 2) == 2 && recv(pair[1], data, 16, MSG_PEEK) == 4 && memcmp(data, "cdef", 4) == 0);
	CLAIM(hand_over(pair[0], 0, 0) == 1 && write(pair[0], "behind", 6) == 6);
	CLAIM(recvmsg(pair[1], &message, 0) == 5 && memcmp(data, "cdefx", 5) == 0 && message.msg_controllen == sizeof(control));
	CLAIM(CMSG_FIRSTHDR(&message) != NULL && close(*(int *)(void *)CMSG_DATA(CMSG_FIRSTHDR(&message))) == 0);
	message.msg_controllen = sizeof(control);
	CLAIM(recvmsg(pair[1], &message, 0) == 6 && memcmp(data, "behind", 6) == 0 && message.msg_controllen == 0);
	/* Room for no more than the descriptor is told as that much. */
	message.msg_controllen = CMSG_LEN(sizeof(int));
	CLAIM(hand_over(pair[0], 0, 0) == 1 && recvmsg(pair[1], &message, 0) == 1 && message.msg_controllen == CMSG_LEN(sizeof(int)));
	CLAIM(close(*(int *)(void *)CMSG_DATA(CMSG_FIRSTHDR(&message))) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* Several things may go along: those for another layer are nothing to such a socket, and all the others go. */
static void controls(void)
{
	_Alignas(struct cmsghdr) char control[3 * CMSG_SPACE(sizeof(int))] = { 0 };
	char data[2] = "x";
	struct iovec bytes = { data, 1 };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int pair[2];
	int ends[2];
	int fds[2];

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(ends) == 0);
	for (int i = 0; i < 3; i++, header = CMSG_NXTHDR(&message, header)) {
		header->cmsg_len = CMSG_LEN(sizeof(int));
		header->cmsg_level = i != 0 ? SOL_SOCKET : IPPROTO_IP;
		header->cmsg_type = i != 0 ? SCM_RIGHTS : IP_PKTINFO;
		memcpy(CMSG_DATA(header), &ends[i != 1], sizeof(int));
	}
	CLAIM(sendmsg(pair[0], &message, 0) == 1 && close(ends[0]) == 0 && close(ends[1]) == 0);
	CLAIM(recvmsg(pair[1], &message, 0) == 1 && (header = CMSG_FIRSTHDR(&message)) != NULL && header->cmsg_len == CMSG_LEN(sizeof(fds)));
	if (header != NULL)
		memcpy(fds, CMSG_DATA(header), sizeof(fds));
	CLAIM(write(fds[1], "ab", 2) == 2 && read(fds[0], data, 2) == 2 && close(fds[0]) == 0 && close(fds[1]) == 0);
	/* Where one of several is wrong, nothing goes. */
	message.msg_controllen = sizeof(control);
	header = CMSG_FIRSTHDR(&message);
	header->cmsg_len = CMSG_LEN(sizeof(int));
	header = CMSG_NXTHDR(&message, header);
	*header = (struct cmsghdr){ .cmsg_len = 3, .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &pair[0], sizeof(int));
	REFUSED(sendmsg(pair[0], &message, 0), EINVAL);
	header->cmsg_len = 1000;
	REFUSED(sendmsg(pair[0], &message, 0), EINVAL);
	message.msg_controllen = 1 << 20;
	REFUSED(syscall(SYS_sendmsg, pair[0], &message, 0), ENOBUFS);
	REFUSED(recv(pair[1], data, 1, MSG_DONTWAIT), EAGAIN);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

/* Who sends may say who it is. */
static void credentials(void)
{
	struct ucred own = { .pid = getpid(), .uid = getuid(), .gid = getgid() };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(own))] = { 0 };
	struct iovec bytes = { "x", 1 };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int pair[2];
	char data;

	*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(own)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS };
	memcpy(CMSG_DATA(header), &own, sizeof(own));
	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && sendmsg(pair[0], &message, 0) == 1 && read(pair[1], &data, 1) == 1);
	header->cmsg_len = CMSG_LEN(sizeof(own) - 4);
	REFUSED(sendmsg(pair[0], &message, 0), EINVAL);
	CLAIM(close(pair[0]) == 0 && close(pair[1]) == 0);
}

static void pairs(void)
{
	struct pollfd look;
	char data[16];
	int pair[2];
	int ends[2];
	int fd;

	CLAIM(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CLAIM(write(pair[0], "abc", 3) == 3 && write(pair[0], "def", 3) == 3);
	CLAIM(recv(pair[1], data, 6, MSG_WAITALL) == 6 && memcmp(data, "abcdef", 6) == 0);
	CLAIM(pipe(ends) == 0);
	CLAIM(hand_over(pair[0], ends[1], 0) == 1);
	close(ends[1]);
	fd = take_over(pair[1], 0);
	CLAIM(write(fd, "through", 7) == 7 && read(ends[0], data, sizeof(data)) == 7);
	close(fd);
	CLAIM(read(ends[0], data, sizeof(data)) == 0);
	look = (struct pollfd){ .fd = pair[1], .events = POLLIN | POLLOUT };
	CLAIM(poll(&look, 1, 0) == 1 && look.revents == POLLOUT);
	close(pair[0]);
	CLAIM(poll(&look, 1, 0) == 1 && (look.revents & (POLLIN | POLLHUP)) == (POLLIN | POLLHUP));
	CLAIM(read(pair[1], data, sizeof(data)) == 0);
	REFUSED(send(pair[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	close(pair[1]);
	close(ends[0]);
	CLAIM(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	CLAIM(write(pair[0], "one", 3) == 3 && write(pair[0], "two", 3) == 3);
	CLAIM(read(pair[1], data, sizeof(data)) == 3 && read(pair[1], data, 1) == 1);
	REFUSED(socketpair(AF_INET, SOCK_STREAM, 0, pair), EOPNOTSUPP);
}

static void names(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/tmp/socket" };
	char data[16];
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int other;

	REFUSED(connect(fd, (struct sockaddr *)&name, sizeof(name)), ENOENT);
	CLAIM(bind(listener, (struct sockaddr *)&name, sizeof(name)) == 0);
	REFUSED(bind(fd, (struct sockaddr *)&name, sizeof(name)), EADDRINUSE);
	REFUSED(connect(fd, (struct sockaddr *)&name, sizeof(name)), ECONNREFUSED);
	CLAIM(listen(listener, 2) == 0);
	CLAIM(connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
	other = accept(listener, NULL, NULL);
	CLAIM(other >= 0 && write(fd, "hi", 2) == 2 && read(other, data, sizeof(data)) == 2);
	close(fd);
	close(other);
	close(listener);
	CLAIM(unlink("/tmp/socket") == 0);
}

int main(void)
{
	int fd = open("/dev/null", O_RDWR);

	tcp();
	tcp_discards();
	udp();
	pairs();
	rights_end_a_call();
	parts();
	controls();
	credentials();
	names();
	REFUSED(listen(fd, 1), ENOTSOCK);
	REFUSED(listen(-1, 1), EBADF);
	CLAIM(socket(AF_INET, SOCK_RAW, 1) == -1);
	REFUSED(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
	return claims_end("sockets");
}
