# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Frames that no honest peer sends: of a seed, always the same ones."""
from __future__ import annotations

import random
import struct
from typing import Iterator

from harness import frames
from harness.peer import ADDRESS, ADDRESS6, ALL_NODES, LINK_LOCAL, MAC, Peer

PORTS = (7, 9, 19, 53, 68, 546, 4000)


def _payload(dice: random.Random, source: bytes, to: bytes) -> tuple[int, bytes]:
    """A protocol and something that begins like it."""
    protocol = dice.choice((frames.TCP, frames.TCP, frames.UDP, frames.ICMP, frames.ICMP6, dice.randrange(44)))
    data = dice.randbytes(dice.choice((0, 1, 7, 8, 60, 600, 1400)))
    if protocol == frames.TCP:
        options = dice.randbytes(dice.randrange(41))
        body = frames.tcp(source, to, dice.randrange(65536), dice.choice(PORTS), dice.getrandbits(32), dice.getrandbits(32),
                          dice.randrange(256), data, dice.randrange(65536), options)
    elif protocol == frames.UDP:
        body = frames.udp(source, to, dice.randrange(65536), dice.choice(PORTS), data)
    elif protocol == frames.ICMP:
        body = frames.icmp(dice.randrange(20), data)
    elif protocol == frames.ICMP6:
        body = frames.icmp6(source, to, dice.choice((1, 2, 3, 128, 130, 132, 133, 134, 135, 136, 137, dice.randrange(256))), data)
    else:
        body = data
    return protocol, body


def _bend(dice: random.Random, frame: bytes) -> bytes:
    """Cuts it, adds to it, or changes bytes of its headers."""
    bent = bytearray(frame)
    for _ in range(dice.randrange(4)):
        bent[dice.randrange(12, min(len(bent), 80))] = dice.randrange(256)
    how = dice.randrange(6)
    if how == 0:
        del bent[dice.randrange(14, len(bent) + 1):]
    elif how == 1:
        bent += dice.randbytes(dice.randrange(1, 100))
    return bytes(bent[:1514])


def _fragments(dice: random.Random, peer: Peer, six: bool) -> Iterator[bytes]:
    """Pieces of one datagram that overlap, repeat, contradict each other in length, or go beyond 64 KiB; some are never complete."""
    ident = dice.randrange(65536)
    for _ in range(dice.randrange(1, 12)):
        offset = dice.choice((0, 1, 2, 60, 100, 8000, 8191, dice.randrange(8192)))
        flags = dice.choice((0, 0x2000, 0x2000))
        data = dice.randbytes(8 * dice.randrange(1, 100) + dice.choice((0, 0, 3)))
        packet = frames.ip4(ADDRESS, peer.guest, dice.choice((frames.UDP, frames.TCP)), data, ident, flags | offset)
        yield frames.ethernet(peer.mac, MAC, frames.IP4, packet)
    for _ in range(dice.randrange(6) if six else 0):
        head = struct.pack(">BBHI", frames.UDP, 0, dice.randrange(65536), ident)
        packet = frames.ip6(ADDRESS6, peer.guest6 or LINK_LOCAL, 44, head + dice.randbytes(dice.randrange(600)))
        yield frames.ethernet(peer.mac, MAC, frames.IP6, packet)


def _neighbours(dice: random.Random, peer: Peer) -> bytes:
    """Discovery and router messages with options that lie about their length, and ARP of anybody."""
    if dice.randrange(3) == 0:
        body = struct.pack(">HHBBH", 1, frames.IP4, 6, 4, dice.randrange(4)) + dice.randbytes(20)
        return frames.ethernet(dice.choice((frames.BROADCAST, peer.mac)), MAC, frames.ARP, body[:dice.randrange(8, 29)])
    kind = dice.choice((133, 134, 134, 135, 136, 137))
    source = dice.choice((LINK_LOCAL, ADDRESS6, LINK_LOCAL[:8] + dice.randbytes(8)))
    body = dice.randbytes(dice.choice((0, 4, 12, 20)))
    for _ in range(dice.randrange(4)):
        body += bytes([dice.choice((1, 2, 3, 5, 25, dice.randrange(256))), dice.choice((0, 1, 3, 4, 255))]) + dice.randbytes(dice.randrange(31))
    packet = frames.ip6(source, ALL_NODES, frames.ICMP6, frames.icmp6(source, ALL_NODES, kind, body), dice.choice((255, 255, 64)))
    return frames.ethernet(bytes.fromhex("333300000001"), MAC, frames.IP6, packet)


def malformed(peer: Peer, seed: int, count: int, fragments6: bool = False) -> Iterator[bytes]:
    """So many frames, or a few more. `fragments6`: of IPv6 too, which are kept for a minute (RFC 8200 §4.5)."""
    dice = random.Random(seed)
    for _ in range(count):
        what = dice.randrange(10)
        if what == 0:
            yield from _fragments(dice, peer, fragments6)
        elif what <= 2:
            yield _neighbours(dice, peer)
        elif what <= 4:
            kind = dice.choice((frames.IP4, frames.IP6, frames.ARP, 0x8100, dice.randrange(65536)))
            yield frames.ethernet(peer.mac, MAC, kind, dice.randbytes(dice.randrange(1500)))
        else:
            six = bool(peer.guest6) and dice.randrange(2) == 1
            source, to = (ADDRESS6, peer.guest6) if six else (ADDRESS, peer.guest)
            yield _bend(dice, peer.packet(source, to, *_payload(dice, source, to)))
