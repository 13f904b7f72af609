// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What netlink tells: which interfaces there are, with which addresses and routes, and what is wrong with a question. */
#include "tests/linux/netlink.h"

#include <net/if.h>
#include <poll.h>
#include <unistd.h>

/* How many messages of a type there are before the end is told. */
static int counts(int fd, int sequence, int type, int (*good)(const struct nlmsghdr *header))
{
	int count = 0;

	for (;;) {
		long left = receives(fd), step;

		for (const char *at = got; left >= (long)sizeof(struct nlmsghdr); at += step, left -= step) {
			step = NLMSG_ALIGN(message(at)->nlmsg_len);
			CLAIM((int)message(at)->nlmsg_seq == sequence && message(at)->nlmsg_len <= left && (message(at)->nlmsg_flags & NLM_F_MULTI));
			if (message(at)->nlmsg_type == NLMSG_DONE) {
				CLAIM(at == got); /* in a datagram of its own */
				return count;
			}
			CLAIM(message(at)->nlmsg_type == type && good(message(at)));
			count++;
			if (step == 0)
				return -1;
		}
		if (left < 0)
			return -1;
	}
}

static const char *attribute(const struct nlmsghdr *header, size_t behind, int type)
{
	const char *at = (const char *)header + sizeof(*header) + NLMSG_ALIGN(behind), *end = (const char *)header + header->nlmsg_len;
	struct rtattr attribute;

	for (; at + sizeof(attribute) <= end; at += RTA_ALIGN(attribute.rta_len)) {
		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.rta_type == type)
			return at + sizeof(attribute);
		if (attribute.rta_len == 0)
			break;
	}
	return NULL;
}

static int is_link(const struct nlmsghdr *header)
{
	const struct ifinfomsg *link = (const void *)(header + 1);
	const char *name = attribute(header, sizeof(*link), IFLA_IFNAME);

	if (link->ifi_index == 1)
		CLAIM((link->ifi_flags & IFF_LOOPBACK) && link->ifi_type == 772 && name != NULL && strcmp(name, "lo") == 0);
	return link->ifi_index > 0 && name != NULL && name[0] != '\0' && attribute(header, sizeof(*link), IFLA_MTU) != NULL;
}

static int is_address(const struct nlmsghdr *header)
{
	const struct ifaddrmsg *address = (const void *)(header + 1);

	return (address->ifa_family == AF_INET || address->ifa_family == AF_INET6) && address->ifa_index > 0 && address->ifa_prefixlen > 0 &&
	       attribute(header, sizeof(*address), IFA_ADDRESS) != NULL;
}

static int is_of_4(const struct nlmsghdr *header)
{
	return ((const struct ifaddrmsg *)(const void *)(header + 1))->ifa_family == AF_INET && attribute(header, sizeof(struct ifaddrmsg), IFA_LOCAL) != NULL;
}

static void one_link(int fd)
{
	int sequence = asks(fd, RTM_GETLINK, NLM_F_REQUEST, AF_UNSPEC, 1);
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
		struct rtattr attribute;
		char name[4];
	} by_name = { { sizeof(by_name), RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, 5, 0 }, .attribute = { sizeof(struct rtattr) + 3, IFLA_IFNAME }, .name = "lo" };

	CLAIM(receives(fd) > 0 && message(got)->nlmsg_type == RTM_NEWLINK && message(got)->nlmsg_flags == 0 && is_link(message(got)) && (int)message(got)->nlmsg_seq == sequence);
	CLAIM(message(got)->nlmsg_pid == port_of(fd));
	CLAIM(send(fd, &by_name, sizeof(by_name), 0) == sizeof(by_name) && receives(fd) > 0 && message(got)->nlmsg_type == RTM_NEWLINK && is_link(message(got)));
	CLAIM(error_told(fd, 5) == 0 && message(got)->nlmsg_len == sizeof(struct nlmsghdr) + sizeof(struct nlmsgerr) && (message(got)->nlmsg_flags & NLM_F_CAPPED));
	by_name.name[1] = 'x';
	CLAIM(send(fd, &by_name, sizeof(by_name), 0) == sizeof(by_name) && error_told(fd, 5) == -ENODEV);
	by_name.attribute.rta_len = 200; /* more than there is */
	CLAIM(send(fd, &by_name, sizeof(by_name), 0) == sizeof(by_name) && error_told(fd, 5) == -EINVAL);
	CLAIM(error_told(fd, asks(fd, RTM_GETLINK, NLM_F_REQUEST, AF_UNSPEC, 999)) == -ENODEV);
	CLAIM(message(got)->nlmsg_len == sizeof(struct nlmsghdr) + 4 + sizeof(struct request) && message(got)->nlmsg_flags == 0);
	CLAIM(memcmp(got + sizeof(struct nlmsghdr) + 4, &(struct nlmsghdr){ .nlmsg_len = sizeof(struct request) }, 4) == 0);
	CLAIM(error_told(fd, asks(fd, RTM_GETLINK, NLM_F_REQUEST, AF_UNSPEC, 0)) == -EINVAL);
}

static int is_route(const struct nlmsghdr *header)
{
	const struct rtmsg *route = (const void *)(header + 1);

	return (route->rtm_family == AF_INET || route->rtm_family == AF_INET6) && attribute(header, sizeof(*route), RTA_TABLE) != NULL &&
	       (route->rtm_dst_len == 0 || attribute(header, sizeof(*route), RTA_DST) != NULL);
}

/* The way to one address. */
static void one_way(int fd)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		uint8_t to[4];
	} asked = { { sizeof(asked), RTM_GETROUTE, NLM_F_REQUEST, 8, 0 }, { .rtm_family = AF_INET, .rtm_dst_len = 32 }, { 8, RTA_DST }, { 127, 0, 0, 9 } };
	const struct rtmsg *told = (const void *)(got + sizeof(struct nlmsghdr));

	CLAIM(send(fd, &asked, sizeof(asked), 0) == sizeof(asked) && receives(fd) > 0 && message(got)->nlmsg_type == RTM_NEWROUTE && is_route(message(got)));
	CLAIM(told->rtm_type == RTN_LOCAL && told->rtm_dst_len == 32 && told->rtm_table == RT_TABLE_MAIN && (told->rtm_flags & RTM_F_CLONED));
	CLAIM(memcmp(attribute(message(got), sizeof(*told), RTA_DST), asked.to, 4) == 0 && memcmp(attribute(message(got), sizeof(*told), RTA_OIF), &(int){ 1 }, 4) == 0);
	CLAIM(memcmp(attribute(message(got), sizeof(*told), RTA_PREFSRC), "\x7f\0\0\1", 4) == 0 && attribute(message(got), sizeof(*told), RTA_GATEWAY) == NULL);
	asked.attribute.rta_len = 7;
	CLAIM(send(fd, &asked, sizeof(asked), 0) == sizeof(asked) && error_told(fd, 8) == -ERANGE);
	asked.header.nlmsg_len = sizeof(asked.header) + 11;
	CLAIM(send(fd, &asked, sizeof(asked), 0) == sizeof(asked) && error_told(fd, 8) == -EINVAL);
	asked.route.rtm_family = AF_UNIX;
	CLAIM(send(fd, &asked, sizeof(asked), 0) == sizeof(asked) && error_told(fd, 8) == -EOPNOTSUPP);
}

/* Of all: interfaces, addresses, routes. */
static void dumped(void)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE), sequence;
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT };
	struct sockaddr_nl from;
	socklen_t len = sizeof(from);

	CLAIM(poll(&poller, 1, 0) == 1 && poller.revents == POLLOUT);
	sequence = asks(fd, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, AF_UNSPEC, 0);
	CLAIM(poll(&poller, 1, 0) == 1 && poller.revents == (POLLIN | POLLOUT));
	CLAIM(recvfrom(fd, got, 4, MSG_PEEK, (struct sockaddr *)&from, &len) == 4 && len == sizeof(from) && from.nl_family == AF_NETLINK && from.nl_pid == 0 && from.nl_groups == 0);
	CLAIM(counts(fd, sequence, RTM_NEWLINK, is_link) >= 1);
	sequence = asks(fd, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ROOT | NLM_F_ACK, AF_UNSPEC, 0); /* and no word of an acknowledgement */
	CLAIM(counts(fd, sequence, RTM_NEWLINK, is_link) >= 1);
	sequence = asks(fd, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, AF_UNSPEC, 0);
	CLAIM(counts(fd, sequence, RTM_NEWADDR, is_address) >= 1);
	sequence = asks(fd, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, AF_INET, 0);
	CLAIM(counts(fd, sequence, RTM_NEWADDR, is_of_4) >= 1);
	sequence = asks(fd, RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, AF_UNSPEC, 0);
	CLAIM(counts(fd, sequence, RTM_NEWROUTE, is_route) >= 0);
	one_way(fd);
	REFUSED(recv(fd, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
	CLAIM(close(fd) == 0);
}

/* What comes of messages that are none, or that nobody serves. */
static void broken(void)
{
	static char large[300000];
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct nlmsghdr two[3] = { { sizeof(two[0]), NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, 1, 0 }, { sizeof(two[0]), RTM_GETLINK, NLM_F_ACK, 2, 0 },
				   { sizeof(two[0]), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 3, 0 } };

	one_link(fd);
	CLAIM(error_told(fd, asks(fd, 300, NLM_F_REQUEST, AF_UNSPEC, 0)) == -EOPNOTSUPP);
	CLAIM(error_told(fd, asks(fd, RTM_GETADDR, NLM_F_REQUEST, AF_INET, 0)) == -EOPNOTSUPP);
	CLAIM(asks(fd, RTM_GETLINK, 0, AF_UNSPEC, 1) > 0 && asks(fd, NLMSG_NOOP, NLM_F_REQUEST, AF_UNSPEC, 1) > 0);
	REFUSED(recv(fd, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
	CLAIM(send(fd, two, sizeof(two), 0) == sizeof(two)); /* the third is too short for an answer, and no error */
	CLAIM(error_told(fd, 1) == 0 && error_told(fd, 2) == 0);
	two[0].nlmsg_len = sizeof(two) - 8; /* as long as it can be, and one behind it that is not */
	CLAIM(send(fd, two, sizeof(two), 0) == sizeof(two) && error_told(fd, 1) == 0);
	REFUSED(recv(fd, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
	CLAIM(send(fd, got, 3, 0) == 3);
	memset(got, 0xff, 64); /* its length cannot be */
	CLAIM(send(fd, got, 64, 0) == 64);
	two[0].nlmsg_len = 15;
	CLAIM(send(fd, two, sizeof(two), 0) == sizeof(two));
	REFUSED(recv(fd, got, sizeof(got), MSG_DONTWAIT), EAGAIN);
	REFUSED(send(fd, large, sizeof(large), 0), EMSGSIZE);
	REFUSED(send(fd, (void *)16, 64, 0), EFAULT);
	CLAIM(close(fd) == 0);
}

int main(void)
{
	dumped();
	broken();
	return claims_end("links");
}
