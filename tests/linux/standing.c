// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* How a TCP socket stands: TCP_INFO, TCP_MAXSEG, IP_MTU; and how much has to be there before it is told: SO_RCVLOWAT. */
#include "tests/linux/claims.h"
#include "tests/linux/inet.h"

#include <linux/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <unistd.h>

enum { PORT = 8270, ESTABLISHED = 1, SYN_SENT = 2, FIN_WAIT2 = 5, CLOSED = 7, CLOSE_WAIT = 8, LISTENS = 10 };

static struct tcp_info info_of(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0x77, sizeof(info));
	CLAIM(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && len >= offsetof(struct tcp_info, tcpi_total_retrans) + 4);
	return info;
}

static int number_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	CLAIM(getsockopt(fd, level, name, &value, &len) == 0 && len == sizeof(value));
	return value;
}

static void states_are_told(void)
{
	int listener = tcp(), fd = tcp(), value;
	socklen_t len = sizeof(value);

	CLAIM(info_of(fd).tcpi_state == CLOSED && info_of(fd).tcpi_rto == 1000000 && info_of(fd).tcpi_snd_mss == 536 && info_of(fd).tcpi_options == 0);
	REFUSED(getsockopt(fd, IPPROTO_IP, IP_MTU, &value, &len), ENOTCONN);
	REFUSED(setsockopt(fd, IPPROTO_TCP, TCP_INFO, &value, sizeof(value)), ENOPROTOOPT);
	CLAIM(binds(listener, INADDR_LOOPBACK, PORT) == 0 && listen(listener, 5) == 0);
	CLAIM(info_of(listener).tcpi_state == LISTENS && info_of(listener).tcpi_unacked == 0 && info_of(listener).tcpi_sacked == 5);
	CLAIM(connects(fd, INADDR_LOOPBACK, PORT) == 0);
	usleep(20000);
	CLAIM(info_of(listener).tcpi_unacked == 1);
	int to = accept(listener, NULL, NULL);
	struct tcp_info info = info_of(fd);

	CLAIM(info_of(listener).tcpi_unacked == 0 && info.tcpi_state == ESTABLISHED && info_of(to).tcpi_state == ESTABLISHED);
	CLAIM((info.tcpi_options & (TCPI_OPT_TIMESTAMPS | TCPI_OPT_WSCALE)) == (TCPI_OPT_TIMESTAMPS | TCPI_OPT_WSCALE));
	CLAIM(info.tcpi_snd_cwnd > 0 && info.tcpi_rto > 0 && info.tcpi_retransmits == 0 && info.tcpi_rcv_space > 0 && info.tcpi_unacked == 0);
	CLAIM(info.tcpi_snd_mss > 536 && number_of(fd, IPPROTO_TCP, TCP_MAXSEG) == (int)info.tcpi_snd_mss);
	CLAIM(number_of(fd, IPPROTO_IP, IP_MTU) == 65535 && info.tcpi_pmtu == 65535);
	/* As much as there is room for. */
	memset(&info, 0x77, sizeof(info));
	len = 3;
	CLAIM(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && len == 3 && info.tcpi_state == ESTABLISHED && info.tcpi_probes == 0x77);
	CLAIM(shutdown(fd, SHUT_WR) == 0);
	usleep(20000);
	CLAIM(info_of(fd).tcpi_state == FIN_WAIT2 && info_of(to).tcpi_state == CLOSE_WAIT);
	CLAIM(close(to) == 0 && close(fd) == 0 && close(listener) == 0);
}

static int readable(int fd)
{
	return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 20);
}

/* Less than that is as good as nothing to who waits, but not to who does not, nor where no more is to come. */
static void little_is_not_told(void)
{
	int listener = tcp(), fd = tcp();
	char got[16];

	CLAIM(binds(listener, INADDR_LOOPBACK, PORT) == 0 && listen(listener, 1) == 0 && connects(fd, INADDR_LOOPBACK, PORT) == 0);
	int to = accept(listener, NULL, NULL);

	CLAIM(setsockopt(to, SOL_SOCKET, SO_RCVLOWAT, &(int){ 4 }, sizeof(int)) == 0);
	CLAIM(write(fd, "abc", 3) == 3 && readable(to) == 0);
	CLAIM(recv(to, got, sizeof(got), MSG_DONTWAIT) == 3);
	CLAIM(write(fd, "abc", 3) == 3 && write(fd, "d", 1) == 1 && readable(to) == 1 && recv(to, got, sizeof(got), 0) == 4);
	CLAIM(write(fd, "ab", 2) == 2 && recv(to, got, 2, 0) == 2); /* all that was asked for */
	CLAIM(write(fd, "ab", 2) == 2 && shutdown(fd, SHUT_WR) == 0 && readable(to) == 1 && recv(to, got, sizeof(got), 0) == 2 && recv(to, got, sizeof(got), 0) == 0);
	CLAIM(close(to) == 0 && close(fd) == 0 && close(listener) == 0);
}

int main(void)
{
	alarm(30); /* for who waits for ever */
	states_are_told();
	little_is_not_told();
	return claims_end("standing");
}
