// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Netlink sockets: their names, with whom they speak, how datagrams are received, and their options. */
#include "tests/linux/netlink.h"

#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_nl of(uint32_t port)
{
	return (struct sockaddr_nl){ .nl_family = AF_NETLINK, .nl_pid = port };
}

static void made(void)
{
	struct sockaddr_nl name = of(0);
	socklen_t len = sizeof(name);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), other = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE), value = -1;

	REFUSED(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE), ESOCKTNOSUPPORT);
	REFUSED(socket(AF_NETLINK, SOCK_SEQPACKET, NETLINK_ROUTE), ESOCKTNOSUPPORT);
	REFUSED(socket(AF_NETLINK, SOCK_STREAM, 99), ESOCKTNOSUPPORT);
	REFUSED(socket(AF_NETLINK, SOCK_RAW, 99), EPROTONOSUPPORT);
	REFUSED(socket(AF_NETLINK, SOCK_RAW, -1), EPROTONOSUPPORT);
	CLAIM(port_of(fd) == 0);
	REFUSED(bind(fd, (struct sockaddr *)&name, 4), EINVAL);
	name.nl_family = AF_INET;
	REFUSED(bind(fd, (struct sockaddr *)&name, len), EINVAL);
	name = of(0);
	CLAIM(bind(fd, (struct sockaddr *)&name, len) == 0 && port_of(fd) == (uint32_t)getpid());
	CLAIM(bind(fd, (struct sockaddr *)&(struct sockaddr_nl){ AF_NETLINK, 0, (uint32_t)getpid(), 1 }, len) == 0);
	CLAIM(getsockname(fd, (struct sockaddr *)&name, &len) == 0 && name.nl_groups == 1);
	name = of((uint32_t)getpid());
	REFUSED(bind(other, (struct sockaddr *)&name, len), EADDRINUSE);
	name = of(0);
	REFUSED(bind(fd, (struct sockaddr *)&name, len), EINVAL);
	CLAIM(bind(other, (struct sockaddr *)&name, len) == 0 && port_of(other) != 0 && port_of(other) != (uint32_t)getpid());
	CLAIM(close(fd) == 0 && close(other) == 0);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	name = of(123456789);
	CLAIM(bind(fd, (struct sockaddr *)&name, len) == 0 && port_of(fd) == 123456789);
	len = sizeof(value);
	CLAIM(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &len) == 0 && value == AF_NETLINK && getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &len) == 0 && value == 0);
	REFUSED(recv(fd, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
	REFUSED(shutdown(fd, SHUT_RDWR), EOPNOTSUPP);
	REFUSED(listen(fd, 1), EOPNOTSUPP);
	REFUSED(accept(fd, NULL, NULL), EOPNOTSUPP);
	REFUSED(ioctl(fd, FIONREAD, &value), ENOTTY);
	CLAIM(close(fd) == 0);
}

/* With whom it speaks. */
static void joined(void)
{
	struct sockaddr_nl name = of(0), peer = of(7);
	socklen_t len = sizeof(name);
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	CLAIM(getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.nl_family == AF_NETLINK && peer.nl_pid == 0);
	REFUSED(connect(fd, (struct sockaddr *)&name, 4), EINVAL);
	REFUSED(connect(fd, (struct sockaddr *)&name, 1), EINVAL);
	name.nl_family = AF_UNIX;
	REFUSED(connect(fd, (struct sockaddr *)&name, len), EINVAL);
	REFUSED(sendto(fd, got, 16, 0, (struct sockaddr *)&name, len), EINVAL);
	name = of(4000000);
	REFUSED(sendto(fd, got, 16, 0, (struct sockaddr *)&name, 11), EINVAL);
	REFUSED(sendto(fd, got, 16, 0, (struct sockaddr *)&name, len), ECONNREFUSED);
	CLAIM(connect(fd, (struct sockaddr *)&name, len) == 0 && port_of(fd) == (uint32_t)getpid());
	CLAIM(getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.nl_pid == 4000000);
	REFUSED(send(fd, got, 16, 0), ECONNREFUSED);
	CLAIM(connect(fd, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)) == 0);
	CLAIM(error_told(fd, asks(fd, RTM_GETLINK, NLM_F_REQUEST, AF_UNSPEC, 999)) == -ENODEV);
	REFUSED(send(fd, got, 0, 0), ENODATA);
	REFUSED(send(fd, got, 16, MSG_OOB), EOPNOTSUPP);
	REFUSED(recv(fd, got, 16, MSG_OOB), EOPNOTSUPP);
	CLAIM(close(fd) == 0);
}

/* Datagrams are received whole, in pieces, or cut. */
static void received(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), poll_fd = epoll_create1(0), on = 1;
	char first[20], second[8000], control[64];
	struct iovec pieces[] = { { first, sizeof(first) }, { second, sizeof(second) } };
	struct msghdr header = { .msg_iov = pieces, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof(control) };
	struct epoll_event event = { .events = EPOLLIN };
	long whole;

	CLAIM(epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) == 0 && epoll_wait(poll_fd, &event, 1, 0) == 0);
	CLAIM(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 && asks(fd, RTM_GETLINK, NLM_F_REQUEST, AF_UNSPEC, 1) > 0);
	CLAIM(epoll_wait(poll_fd, &event, 1, 0) == 1 && event.events == EPOLLIN);
	whole = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	CLAIM(whole > 100 && recvmsg(fd, &header, MSG_PEEK) == whole && header.msg_flags == 0 && !memcmp(first + 16, "\0\0\4\3", 4) && !memcmp(second, "\1\0\0\0", 4));
	CLAIM(header.msg_controllen > 0 && CMSG_FIRSTHDR(&header)->cmsg_type == SCM_CREDENTIALS && !memcmp(CMSG_DATA(CMSG_FIRSTHDR(&header)), (int[3]){ 0 }, 12));
	header.msg_iovlen = 1;
	CLAIM(recvmsg(fd, &header, 0) == sizeof(first) && header.msg_flags == MSG_TRUNC);
	REFUSED(recv(fd, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
	CLAIM(asks(fd, RTM_GETLINK, NLM_F_REQUEST, AF_UNSPEC, 1) > 0 && read(fd, got, 7) == 7 && epoll_wait(poll_fd, &event, 1, 0) == 0);
	CLAIM(close(fd) == 0 && close(poll_fd) == 0);
}

static void *asks_later(void *arg)
{
	usleep(20000);
	CLAIM(asks(*(int *)arg, RTM_GETLINK, NLM_F_REQUEST, AF_UNSPEC, 1) > 0);
	return NULL;
}

static void waited(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct timeval little = { .tv_usec = 1000 };
	pthread_t other;

	CLAIM(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &little, sizeof(little)) == 0);
	REFUSED(recv(fd, got, sizeof(got), 0), EAGAIN);
	little.tv_usec = 0;
	CLAIM(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &little, sizeof(little)) == 0);
	CLAIM(pthread_create(&other, NULL, asks_later, &fd) == 0);
	CLAIM(recv(fd, got, sizeof(got), 0) > 0 && message(got)->nlmsg_type == RTM_NEWLINK && pthread_join(other, NULL) == 0);
	CLAIM(close(fd) == 0);
}

/* More answers than lie with a socket: some are lost, and that is told once. */
static void lost(void)
{
	static struct nlmsghdr many[2048];
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), on = 1, error = 0, count = 0;
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	socklen_t len = sizeof(error);

	for (unsigned i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		many[i] = (struct nlmsghdr){ sizeof(many[0]), NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, i, 0 };
	CLAIM(send(fd, many, sizeof(many), 0) == sizeof(many) && poll(&poller, 1, 0) == 1 && poller.revents == (POLLIN | POLLERR));
	REFUSED(recv(fd, got, sizeof(got), 0), ENOBUFS);
	CLAIM(error_told(fd, 0) == 0 && error_told(fd, 1) == 0);
	while (recv(fd, got, sizeof(got), MSG_DONTWAIT) > 0)
		count++;
	CLAIM(errno == EAGAIN && count > 50 && count < 2040);
	CLAIM(send(fd, many, sizeof(many), 0) == sizeof(many) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == ENOBUFS);
	CLAIM(error_told(fd, 0) == 0);
	while (recv(fd, got, sizeof(got), MSG_DONTWAIT) > 0)
		;
	CLAIM(setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on)) == 0 && send(fd, many, sizeof(many), 0) == sizeof(many) && error_told(fd, 0) == 0);
	CLAIM(close(fd) == 0);
}

static int option_is(int fd, int name, int expected)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_NETLINK, name, &value, &len) == 0 && len == sizeof(value) && value == expected;
}

static void optional(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), on = 1, group = RTNLGRP_IPV4_IFADDR;
	struct sockaddr_nl name;
	socklen_t len = sizeof(name);
	uint32_t groups[2] = { 0 };

	CLAIM(option_is(fd, NETLINK_CAP_ACK, 0) && setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) == 0 && option_is(fd, NETLINK_CAP_ACK, 1));
	CLAIM(error_told(fd, asks(fd, RTM_GETLINK, NLM_F_REQUEST, AF_UNSPEC, 999)) == -ENODEV);
	CLAIM(message(got)->nlmsg_len == sizeof(struct nlmsghdr) + sizeof(struct nlmsgerr) && message(got)->nlmsg_flags == NLM_F_CAPPED);
	CLAIM(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) == 0 && option_is(fd, NETLINK_EXT_ACK, 1) && option_is(fd, NETLINK_PKTINFO, 0));
	CLAIM(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0 && getsockname(fd, (struct sockaddr *)&name, &len) == 0);
	len = sizeof(groups);
	CLAIM(name.nl_groups == RTMGRP_IPV4_IFADDR && getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups, &len) == 0);
	CLAIM(len == sizeof(groups) && groups[0] == RTMGRP_IPV4_IFADDR && groups[1] == 0);
	len = sizeof(name);
	CLAIM(setsockopt(fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &group, sizeof(group)) == 0 && getsockname(fd, (struct sockaddr *)&name, &len) == 0 && name.nl_groups == 0);
	group = 1000;
	REFUSED(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)), EINVAL);
	group = 0;
	REFUSED(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)), EINVAL);
	REFUSED(setsockopt(fd, SOL_NETLINK, 77, &on, sizeof(on)), ENOPROTOOPT);
	REFUSED(setsockopt(fd, 6, 1, &on, sizeof(on)), ENOPROTOOPT);
	REFUSED(getsockopt(fd, 6, 1, &on, &(socklen_t){ sizeof(on) }), ENOPROTOOPT);
	CLAIM(close(fd) == 0);
}

/* Who may change nothing. */
static void unprivileged(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	struct sockaddr_nl name = of(4000000);
	int fd, status;
	pid_t child = fork();

	if (child == 0) {
		claims_failed = 0;
		CLAIM(syscall(SYS_capget, &header, data) == 0);
		data[0].effective = data[0].permitted &= ~(1u << CAP_NET_ADMIN);
		CLAIM(syscall(SYS_capset, &header, data) == 0);
		fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
		CLAIM(error_told(fd, asks(fd, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, AF_UNSPEC, 1)) == -EPERM);
		CLAIM(error_told(fd, asks(fd, RTM_DELROUTE, NLM_F_REQUEST, AF_INET, 0)) == -EPERM);
		REFUSED(connect(fd, (struct sockaddr *)&name, sizeof(name)), EPERM);
		REFUSED(sendto(fd, got, 16, 0, (struct sockaddr *)&name, sizeof(name)), EPERM);
		CLAIM(error_told(fd, asks(fd, RTM_GETLINK, NLM_F_REQUEST, AF_UNSPEC, 999)) == -ENODEV);
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
	made();
	joined();
	received();
	waited();
	lost();
	optional();
	unprivileged();
	return claims_end("netlink");
}
