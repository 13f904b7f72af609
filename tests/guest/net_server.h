// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A server inside the kernel, for peers outside: test=net. */
#ifndef TESTS_GUEST_NET_SERVER_H
#define TESTS_GUEST_NET_SERVER_H

/*
 * Echoes on TCP and UDP port 7, swallows on TCP port 9, pours out on TCP port 19, until somebody connects to TCP port 99. The image's
 * exit status: 0 where the network started and all memory came back.
 */
int net_server_run(void);

#endif
