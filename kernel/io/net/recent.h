// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * lwIP looks for a segment's connection along a list, and puts what it found first: where many connections take turns, each is at the end when
 * its turn comes. Here the list is walked by the ports alone, which is a few instructions a connection, and lwIP finds it at once.
 */
#ifndef KERNEL_IO_NET_RECENT_H
#define KERNEL_IO_NET_RECENT_H

struct pbuf;

/*
 * Puts the connection that a received frame's ports name first. Only the order of the list changes: which connection the segment is for, if any,
 * lwIP decides. Frames are hostile; what is no whole TCP header changes nothing. Context: the network fiber, before lwIP has the frame.
 */
void net_recent_first(const struct pbuf *frame);

#endif
