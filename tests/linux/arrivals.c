// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What recvmsg() tells of a datagram besides its bytes, and what sendmsg() says of one. */
#include "tests/linux/claims.h"
#include "tests/linux/inet.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 8280 };

static void asks(int fd, int level, int name)
{
	CLAIM(setsockopt(fd, level, name, &(int){ 1 }, sizeof(int)) == 0);
}

static struct received {
	struct sockaddr_storage from;
	char byte;
	_Alignas(8) char control[512];
	struct msghdr message;
} received;

/* One datagram, with as much control data as there is room for. */
static void take(int fd, size_t room)
{
	static struct iovec piece;

	memset(&received, 0, sizeof(received));
	piece = (struct iovec){ &received.byte, 1 };
	received.message = (struct msghdr){ .msg_name = &received.from, .msg_namelen = sizeof(received.from), .msg_iov = &piece, .msg_iovlen = 1,
					    .msg_control = received.control, .msg_controllen = room };
	CLAIM(recvmsg(fd, &received.message, 0) == 1);
}

/* Of what was received: the data of one kind, of so many bytes; NULL: it was not told. */
static const void *told(int level, int type, size_t bytes)
{
	for (struct cmsghdr *each = CMSG_FIRSTHDR(&received.message); each != NULL; each = CMSG_NXTHDR(&received.message, each))
		if (each->cmsg_level == level && each->cmsg_type == type) {
			CLAIM(each->cmsg_len == CMSG_LEN(bytes));
			return CMSG_DATA(each);
		}
	return NULL;
}

static int number_told(int level, int type)
{
	const int *number = told(level, type, sizeof(int));

	return number != NULL ? *number : -1;
}

/* Sends a byte with one header of control data. */
static ssize_t sends(int fd, const void *to, socklen_t to_bytes, int level, int type, const void *data, size_t bytes)
{
	_Alignas(8) char control[64] = { 0 };
	struct iovec piece = { "x", 1 };
	struct msghdr message = { .msg_name = (void *)to, .msg_namelen = to_bytes, .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = CMSG_SPACE(bytes) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(bytes), .cmsg_level = level, .cmsg_type = type };
	memcpy(CMSG_DATA(header), data, bytes);
	return sendmsg(fd, &message, 0);
}

static void of_ipv4(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = at(INADDR_LOOPBACK, PORT);

	CLAIM(binds(fd, INADDR_ANY, PORT) == 0 && sendto(from, "a", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1);
	take(fd, sizeof(received.control));
	CLAIM(received.message.msg_controllen == 0 && received.message.msg_flags == 0);
	asks(fd, IPPROTO_IP, IP_PKTINFO);
	asks(fd, IPPROTO_IP, IP_RECVTTL);
	asks(fd, IPPROTO_IP, IP_RECVTOS);
	CLAIM(setsockopt(from, IPPROTO_IP, IP_TTL, &(int){ 9 }, sizeof(int)) == 0 && setsockopt(from, IPPROTO_IP, IP_TOS, &(int){ 0xb8 }, sizeof(int)) == 0);
	CLAIM(sendto(from, "a", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1);
	take(fd, sizeof(received.control));
	const struct in_pktinfo *info = told(IPPROTO_IP, IP_PKTINFO, sizeof(*info));
	const unsigned char *tos = told(IPPROTO_IP, IP_TOS, 1);

	CLAIM(info != NULL && info->ipi_addr.s_addr == htonl(INADDR_LOOPBACK) && info->ipi_spec_dst.s_addr == htonl(INADDR_LOOPBACK) && info->ipi_ifindex == 1);
	CLAIM(number_told(IPPROTO_IP, IP_TTL) == 9 && tos != NULL && *tos == 0xb8 && received.byte == 'a');
	/* What there is no room for is cut off. */
	CLAIM(sendto(from, "a", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1);
	take(fd, CMSG_SPACE(sizeof(*info)) + 4);
	CLAIM((received.message.msg_flags & MSG_CTRUNC) && told(IPPROTO_IP, IP_PKTINFO, sizeof(*info)) != NULL);
	/* Who answers from where he was asked does not choose. */
	CLAIM(sends(from, &to, sizeof(to), IPPROTO_IP, IP_PKTINFO, &(struct in_pktinfo){ .ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK) }, sizeof(*info)) == 1);
	take(fd, sizeof(received.control));
	CLAIM(((struct sockaddr_in *)&received.from)->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	CLAIM(sends(from, &to, sizeof(to), IPPROTO_IP, IP_TTL, &(int){ 3 }, sizeof(int)) == 1);
	take(fd, sizeof(received.control));
	CLAIM(number_told(IPPROTO_IP, IP_TTL) == 3);
	CLAIM(sends(from, &to, sizeof(to), IPPROTO_IP, IP_TOS, &(int){ 8 }, sizeof(int)) == 1);
	take(fd, sizeof(received.control));
	tos = told(IPPROTO_IP, IP_TOS, 1);
	CLAIM(tos != NULL && *tos == 8 && number_told(IPPROTO_IP, IP_TTL) == 9);
	REFUSED(sends(from, &to, sizeof(to), IPPROTO_IP, IP_TTL, &(int){ 0 }, sizeof(int)), EINVAL);
	REFUSED(sends(from, &to, sizeof(to), IPPROTO_IP, IP_TTL, &(int){ 256 }, sizeof(int)), EINVAL);
	REFUSED(sends(from, &to, sizeof(to), IPPROTO_IP, IP_TTL, "x", 1), EINVAL);
	REFUSED(sends(from, &to, sizeof(to), IPPROTO_IP, IP_TOS, &(int){ 256 }, sizeof(int)), EINVAL);
	REFUSED(sends(from, &to, sizeof(to), IPPROTO_IP, IP_PKTINFO, &to, 8), EINVAL);
	REFUSED(sends(from, &to, sizeof(to), IPPROTO_IP, 99, &to, 8), EINVAL);
	CLAIM(sends(from, &to, sizeof(to), IPPROTO_IPV6, 99, &to, 8) == 1); /* of no interest to it */
	CLAIM(close(fd) == 0 && close(from) == 0);
}

static void of_ipv6(void)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(PORT), .sin6_addr = IN6ADDR_LOOPBACK_INIT }, any = to;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), from = socket(AF_INET6, SOCK_DGRAM, 0), from4 = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to4 = at(INADDR_LOOPBACK, PORT);
	struct in6_pktinfo mine = { .ipi6_addr = IN6ADDR_LOOPBACK_INIT };

	any.sin6_addr = in6addr_any;
	CLAIM(bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0);
	asks(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
	asks(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
	asks(fd, IPPROTO_IPV6, IPV6_RECVTCLASS);
	CLAIM(setsockopt(from, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &(int){ 9 }, sizeof(int)) == 0);
	CLAIM(sends(from, &to, sizeof(to), IPPROTO_IPV6, IPV6_PKTINFO, &mine, sizeof(mine)) == 1);
	take(fd, sizeof(received.control));
	const struct in6_pktinfo *info = told(IPPROTO_IPV6, IPV6_PKTINFO, sizeof(*info));

	CLAIM(info != NULL && memcmp(&info->ipi6_addr, &in6addr_loopback, 16) == 0 && info->ipi6_ifindex == 1);
	CLAIM(number_told(IPPROTO_IPV6, IPV6_HOPLIMIT) == 9 && number_told(IPPROTO_IPV6, IPV6_TCLASS) == 0);
	CLAIM(sends(from, &to, sizeof(to), IPPROTO_IPV6, IPV6_HOPLIMIT, &(int){ 5 }, sizeof(int)) == 1);
	take(fd, sizeof(received.control));
	CLAIM(number_told(IPPROTO_IPV6, IPV6_HOPLIMIT) == 5);
	CLAIM(sends(from, &to, sizeof(to), IPPROTO_IPV6, IPV6_TCLASS, &(int){ 0x20 }, sizeof(int)) == 1);
	take(fd, sizeof(received.control));
	CLAIM(number_told(IPPROTO_IPV6, IPV6_HOPLIMIT) == 9 && number_told(IPPROTO_IPV6, IPV6_TCLASS) == 0x20);
	REFUSED(sends(from, &to, sizeof(to), IPPROTO_IPV6, IPV6_PKTINFO, &mine, 8), EINVAL);
	REFUSED(sends(from, &to, sizeof(to), IPPROTO_IPV6, IPV6_HOPLIMIT, &(int){ 256 }, sizeof(int)), EINVAL);
	REFUSED(sends(from, &to, sizeof(to), IPPROTO_IPV6, IPV6_TCLASS, &(int){ -2 }, sizeof(int)), EINVAL);
	/* Of IPv4 where it came to is told as an address of IPv6. */
	CLAIM(sendto(from4, "a", 1, 0, (struct sockaddr *)&to4, sizeof(to4)) == 1);
	take(fd, sizeof(received.control));
	info = told(IPPROTO_IPV6, IPV6_PKTINFO, sizeof(*info));
	CLAIM(info != NULL && IN6_IS_ADDR_V4MAPPED(&info->ipi6_addr) && info->ipi6_addr.s6_addr[12] == 127 && told(IPPROTO_IPV6, IPV6_HOPLIMIT, 4) == NULL);
	CLAIM(close(fd) == 0 && close(from) == 0 && close(from4) == 0);
}

/* When it came, by the clock that programs read. */
static void times(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = at(INADDR_LOOPBACK, PORT);
	struct timespec before, after;

	CLAIM(binds(fd, INADDR_ANY, PORT) == 0);
	asks(fd, SOL_SOCKET, SO_TIMESTAMPNS);
	clock_gettime(CLOCK_REALTIME, &before);
	CLAIM(sendto(from, "a", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1);
	usleep(20000);
	clock_gettime(CLOCK_REALTIME, &after);
	usleep(20000);
	take(fd, sizeof(received.control));
	const struct timespec *fine = told(SOL_SOCKET, SO_TIMESTAMPNS, sizeof(*fine));

	CLAIM(fine != NULL && (fine->tv_sec > before.tv_sec || (fine->tv_sec == before.tv_sec && fine->tv_nsec >= before.tv_nsec)));
	CLAIM(fine != NULL && (fine->tv_sec < after.tv_sec || (fine->tv_sec == after.tv_sec && fine->tv_nsec <= after.tv_nsec)));
	CLAIM(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){ 0 }, sizeof(int)) == 0);
	asks(fd, SOL_SOCKET, SO_TIMESTAMP);
	CLAIM(sendto(from, "a", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1);
	take(fd, sizeof(received.control));
	const struct timeval *coarse = told(SOL_SOCKET, SO_TIMESTAMP, sizeof(*coarse));

	CLAIM(coarse != NULL && coarse->tv_sec >= after.tv_sec && coarse->tv_sec <= after.tv_sec + 5 && coarse->tv_usec < 1000000);
	CLAIM(close(fd) == 0 && close(from) == 0);
}

/* Several at once, each with its length; as many as are there, where only the first is waited for. */
static void several(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0);
	char words[4][8] = { "one", "three", "", "" };
	struct iovec pieces[4];
	struct mmsghdr messages[4] = { 0 };
	struct timespec brief = { .tv_nsec = 1000000 }, none = { 0 };

	for (int i = 0; i < 4; i++) {
		pieces[i] = (struct iovec){ words[i], strlen(words[i]) };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1 };
	}
	REFUSED(sendmmsg(from, messages, 2, 0), EDESTADDRREQ);
	REFUSED(sendmmsg(-1, messages, 2, 0), EBADF);
	CLAIM(binds(fd, INADDR_LOOPBACK, PORT) == 0 && connects(from, INADDR_LOOPBACK, PORT) == 0);
	CLAIM(sendmmsg(from, messages, 0, 0) == 0 && sendmmsg(from, messages, 2, 0) == 2 && messages[0].msg_len == 3 && messages[1].msg_len == 5);
	messages[2].msg_hdr.msg_iov = (void *)1;
	CLAIM(sendmmsg(from, messages, 4, 0) == 2); /* those before what cannot be sent */
	messages[2].msg_hdr.msg_iov = &pieces[2];
	for (int i = 0; i < 4; i++)
		pieces[i].iov_len = sizeof(words[i]);
	CLAIM(recvmmsg(fd, messages, 3, 0, NULL) == 3 && messages[0].msg_len == 3 && messages[1].msg_len == 5 && messages[2].msg_len == 3);
	CLAIM(recvmmsg(fd, messages, 4, MSG_WAITFORONE, NULL) == 1 && messages[0].msg_len == 5 && memcmp(words[0], "three", 5) == 0);
	REFUSED(recvmmsg(fd, messages, 4, MSG_DONTWAIT, NULL), EAGAIN);
	CLAIM(sendmmsg(from, messages, 1, 0) == 1 && sendmmsg(from, messages, 1, 0) == 1);
	CLAIM(recvmmsg(fd, messages, 4, 0, &none) == 1 && recvmmsg(fd, messages, 1, 0, &brief) == 1 && brief.tv_sec == 0 && brief.tv_nsec <= 1000000);
	REFUSED(recvmmsg(fd, messages, 1, 0, &(struct timespec){ .tv_nsec = -1 }), EINVAL);
	CLAIM(recvmmsg(fd, messages, 0, 0, NULL) == 0 && syscall(SYS_sendmmsg, fd, messages, 0, 0) == 0);
	REFUSED(recvmmsg(-1, messages, 0, 0, NULL), EBADF);
	REFUSED(recvmmsg(1, messages, 0, 0, NULL), ENOTSOCK);
	REFUSED(syscall(SYS_sendmmsg, -1, messages, 0, 0), EBADF);
	REFUSED(syscall(SYS_sendmmsg, 1, messages, 0, 0), ENOTSOCK);
	CLAIM(close(fd) == 0 && close(from) == 0);
}

int main(void)
{
	alarm(30); /* for who waits for ever */
	of_ipv4();
	of_ipv6();
	times();
	several();
	return claims_end("arrivals");
}
