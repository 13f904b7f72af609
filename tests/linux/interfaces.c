// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The network's interfaces: what ioctl(2) and /proc/net tell of them, and the C library by either way. */
#include "tests/linux/inet.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct ifreq asked;

static int asks(int fd, unsigned long request, const char *name)
{
	memset(&asked, 0xaa, sizeof(asked));
	strcpy(asked.ifr_name, name);
	return ioctl(fd, request, &asked);
}

static in_addr_t address_told(void)
{
	struct sockaddr_in name;

	memcpy(&name, &asked.ifr_addr, sizeof(name));
	CLAIM(name.sin_family == AF_INET && name.sin_port == 0);
	return ntohl(name.sin_addr.s_addr);
}

/* What sockets of every family tell. */
static void told_by_any(int fd)
{
	CLAIM(asks(fd, SIOCGIFINDEX, "lo") == 0 && asked.ifr_ifindex == 1);
	CLAIM(asks(fd, SIOCGIFFLAGS, "lo") == 0 && (asked.ifr_flags & (IFF_LOOPBACK | IFF_UP | IFF_RUNNING | IFF_BROADCAST)) == (IFF_LOOPBACK | IFF_UP | IFF_RUNNING));
	CLAIM(asks(fd, SIOCGIFFLAGS, "lo:1") == 0 && (asked.ifr_flags & IFF_LOOPBACK) && strcmp(asked.ifr_name, "lo:1") == 0);
	CLAIM(asks(fd, SIOCGIFMTU, "lo") == 0 && asked.ifr_mtu == 65536);
	CLAIM(asks(fd, SIOCGIFMETRIC, "lo") == 0 && asked.ifr_metric == 0);
	CLAIM(asks(fd, SIOCGIFTXQLEN, "lo") == 0 && asked.ifr_qlen == 1000);
	CLAIM(asks(fd, SIOCGIFHWADDR, "lo") == 0 && asked.ifr_hwaddr.sa_family == 772 && memcmp(asked.ifr_hwaddr.sa_data, (char[6]){ 0 }, 6) == 0);
	REFUSED(asks(fd, SIOCGIFINDEX, "nowhere0"), ENODEV);
	REFUSED(asks(fd, SIOCGIFMTU, "l"), ENODEV);
	REFUSED(asks(fd, SIOCGIFFLAGS, ""), ENODEV);
	REFUSED(ioctl(fd, SIOCGIFMTU, (void *)16), EFAULT);
	REFUSED(ioctl(fd, SIOCGIFNAME, NULL), EFAULT);
	memset(&asked, 0xaa, sizeof(asked)); /* a name without an end */
	REFUSED(ioctl(fd, SIOCGIFINDEX, &asked), ENODEV);
	asked.ifr_ifindex = 1;
	CLAIM(ioctl(fd, SIOCGIFNAME, &asked) == 0 && strcmp(asked.ifr_name, "lo") == 0);
	asked.ifr_ifindex = 999;
	REFUSED(ioctl(fd, SIOCGIFNAME, &asked), ENODEV);
	asked.ifr_ifindex = -1;
	REFUSED(ioctl(fd, SIOCGIFNAME, &asked), ENODEV);
}

static void told_by_inet(int fd)
{
	CLAIM(asks(fd, SIOCGIFADDR, "lo") == 0 && address_told() == INADDR_LOOPBACK);
	CLAIM(asks(fd, SIOCGIFNETMASK, "lo") == 0 && address_told() == 0xff000000);
	CLAIM(asks(fd, SIOCGIFBRDADDR, "lo") == 0 && address_told() == 0);
	CLAIM(asks(fd, SIOCGIFDSTADDR, "lo") == 0 && address_told() == INADDR_LOOPBACK);
	REFUSED(asks(fd, SIOCGIFADDR, "nowhere0"), ENODEV);
}

static void all_told(int fd)
{
	struct ifreq room[20];
	struct ifconf all = { .ifc_len = 0 };
	int bytes;

	CLAIM(ioctl(fd, SIOCGIFCONF, &all) == 0 && all.ifc_len >= (int)sizeof(room[0]) && all.ifc_len % (int)sizeof(room[0]) == 0);
	bytes = all.ifc_len;
	memset(room, 0xaa, sizeof(room));
	all = (struct ifconf){ .ifc_len = sizeof(room), .ifc_req = room };
	CLAIM(ioctl(fd, SIOCGIFCONF, &all) == 0 && all.ifc_len == bytes && strcmp(room[0].ifr_name, "lo") == 0 && room[0].ifr_addr.sa_family == AF_INET);
	all = (struct ifconf){ .ifc_len = sizeof(room[0]) - 1, .ifc_req = room };
	CLAIM(ioctl(fd, SIOCGIFCONF, &all) == 0 && all.ifc_len == 0);
	all = (struct ifconf){ .ifc_len = sizeof(room[0]) + 1, .ifc_req = room };
	CLAIM(ioctl(fd, SIOCGIFCONF, &all) == 0 && all.ifc_len == sizeof(room[0]));
	all = (struct ifconf){ .ifc_len = -1, .ifc_req = room };
	CLAIM(ioctl(fd, SIOCGIFCONF, &all) == 0 && all.ifc_len == 0);
	all = (struct ifconf){ .ifc_len = sizeof(room), .ifc_req = (void *)16 };
	REFUSED(ioctl(fd, SIOCGIFCONF, &all), EFAULT);
}

static void by_ioctl(void)
{
	static const int kinds[][2] = { { AF_INET, SOCK_DGRAM }, { AF_INET, SOCK_STREAM }, { AF_INET6, SOCK_DGRAM }, { AF_UNIX, SOCK_STREAM }, { AF_NETLINK, SOCK_RAW } };

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int fd = socket(kinds[i][0], kinds[i][1], 0);

		CLAIM(fd >= 0);
		told_by_any(fd);
		all_told(fd);
		if (kinds[i][0] == AF_INET)
			told_by_inet(fd);
		else
			REFUSED(asks(fd, SIOCGIFADDR, "lo"), ENOTTY);
		CLAIM(close(fd) == 0);
	}
	REFUSED(asks(0, SIOCGIFINDEX, "lo"), ENOTTY);
}

/* The C library's ways. */
static void by_library(void)
{
	struct if_nameindex *names = if_nameindex();
	struct ifaddrs *all = NULL;
	int links = 0, addresses = 0;
	char name[IF_NAMESIZE];

	CLAIM(if_nametoindex("lo") == 1 && if_indextoname(1, name) != NULL && strcmp(name, "lo") == 0);
	CLAIM(if_nametoindex("nowhere0") == 0 && errno == ENODEV && if_indextoname(999, name) == NULL && errno == ENXIO);
	CLAIM(names != NULL && names[0].if_index == 1 && strcmp(names[0].if_name, "lo") == 0);
	if_freenameindex(names);
	CLAIM(getifaddrs(&all) == 0);
	for (struct ifaddrs *at = all; at != NULL; at = at->ifa_next) {
		int is_self = strcmp(at->ifa_name, "lo") == 0 && (at->ifa_flags & IFF_LOOPBACK);

		links += is_self && at->ifa_addr != NULL && at->ifa_addr->sa_family == AF_PACKET;
		if (!is_self || at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET)
			continue;
		addresses += ((struct sockaddr_in *)(void *)at->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
			     ((struct sockaddr_in *)(void *)at->ifa_netmask)->sin_addr.s_addr == htonl(0xff000000);
	}
	CLAIM(links == 1 && addresses == 1);
	freeifaddrs(all);
}

/* How many lines of a file there are, and whether one begins like that behind spaces. */
static int lines(const char *path, const char *beginning, int *found)
{
	FILE *file = fopen(path, "r");
	char line[512];
	int count = 0;

	CLAIM(file != NULL);
	*found = 0;
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		*found += strncmp(line + strspn(line, " "), beginning, strlen(beginning)) == 0;
		count++;
	}
	if (file != NULL)
		fclose(file);
	return count;
}

static void by_files(void)
{
	int found;

	CLAIM(lines("/proc/net/dev", "lo:", &found) >= 3 && found == 1);
	CLAIM(lines("/proc/self/net/dev", "Inter-|", &found) >= 3 && found == 1);
	CLAIM(lines("/proc/net/route", "Iface\tDestination\tGateway", &found) >= 1 && found == 1);
	CLAIM(lines("/proc/net/if_inet6", "00000000000000000000000000000001 01 80 10 80       lo\n", &found) >= 1 && found == 1);
	REFUSED(access("/proc/net/nothing", R_OK), ENOENT);
}

int main(void)
{
	by_ioctl();
	by_library();
	by_files();
	return claims_end("interfaces");
}
