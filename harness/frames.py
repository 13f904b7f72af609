# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Ethernet frames made and read by hand: ARP, IPv4, IPv6, ICMP, UDP, TCP. Addresses are bytes: 4 of IPv4, 16 of IPv6."""
from __future__ import annotations

import struct
from dataclasses import dataclass

ARP, IP4, IP6 = 0x0806, 0x0800, 0x86DD
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
BROADCAST = b"\xff" * 6


def checksum(data: bytes) -> int:
    """RFC 1071's sum."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ethernet(to: bytes, source: bytes, kind: int, payload: bytes) -> bytes:
    """A frame; padded to what a wire wants."""
    return (to + source + struct.pack(">H", kind) + payload).ljust(60, b"\0")


def ip4(source: bytes, to: bytes, protocol: int, payload: bytes, ident: int = 0, fragment: int = 0, ttl: int = 64,
        options: bytes = b"") -> bytes:
    """`fragment`: the whole field, flags and offset in units of 8 bytes."""
    words = 5 + len(options) // 4
    head = struct.pack(">BBHHHBBH4s4s", 0x40 | words, 0, words * 4 + len(payload), ident, fragment, ttl, protocol, 0, source, to) + options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ip6(source: bytes, to: bytes, protocol: int, payload: bytes, hops: int = 64) -> bytes:
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, hops) + source + to + payload


def _pseudo(source: bytes, to: bytes, protocol: int, length: int) -> bytes:
    if len(source) == 4:
        return source + to + struct.pack(">BBH", 0, protocol, length)
    return source + to + struct.pack(">II", length, protocol)


def _summed(source: bytes, to: bytes, protocol: int, segment: bytes, at: int) -> bytes:
    total = checksum(_pseudo(source, to, protocol, len(segment)) + segment)
    return segment[:at] + struct.pack(">H", total or (0xFFFF if protocol == UDP else 0)) + segment[at + 2:]


def udp(source: bytes, to: bytes, source_port: int, port: int, data: bytes) -> bytes:
    return _summed(source, to, UDP, struct.pack(">HHHH", source_port, port, 8 + len(data), 0) + data, 6)


def tcp(source: bytes, to: bytes, source_port: int, port: int, sequence: int, acknowledged: int, flags: int, data: bytes = b"",
        window: int = 65535, options: bytes = b"") -> bytes:
    options = options.ljust(-(-len(options) // 4) * 4, b"\0")
    head = struct.pack(">HHIIBBHHH", source_port, port, sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF,
                       (5 + len(options) // 4) << 4, flags, window, 0, 0)
    return _summed(source, to, TCP, head + options + data, 16)


def icmp6(source: bytes, to: bytes, kind: int, body: bytes, code: int = 0) -> bytes:
    return _summed(source, to, ICMP6, struct.pack(">BBH", kind, code, 0) + body, 2)


def icmp(kind: int, body: bytes, code: int = 0) -> bytes:
    head = struct.pack(">BBH", kind, code, 0) + body
    return head[:2] + struct.pack(">H", checksum(head)) + head[4:]


@dataclass(frozen=True)
class Packet:
    """What was read of a frame, as far as it is IP."""

    source: bytes
    to: bytes
    protocol: int
    payload: bytes


def read_ip(frame: bytes) -> Packet | None:
    """The packet in a frame; None where there is none, or a part of one."""
    kind, at = struct.unpack_from(">H", frame, 12)[0], 14
    if kind == IP4 and len(frame) >= 34:
        head, total = (frame[at] & 15) * 4, struct.unpack_from(">H", frame, at + 2)[0]
        if struct.unpack_from(">H", frame, at + 6)[0] & 0x3FFF:
            return None
        return Packet(frame[26:30], frame[30:34], frame[23], frame[at + head:at + total])
    if kind == IP6 and len(frame) >= 54:
        total = struct.unpack_from(">H", frame, at + 4)[0]
        return Packet(frame[22:38], frame[38:54], frame[20], frame[54:54 + total])
    return None


@dataclass(frozen=True)
class Segment:
    """What was read of a TCP segment."""

    source_port: int
    port: int
    sequence: int
    acknowledged: int
    flags: int
    window: int
    options: bytes
    data: bytes


def read_tcp(payload: bytes) -> Segment | None:
    if len(payload) < 20:
        return None
    source_port, port, sequence, acknowledged, words, flags, window = struct.unpack_from(">HHIIBBH", payload)
    head = (words >> 4) * 4
    return Segment(source_port, port, sequence, acknowledged, flags, window, payload[20:head], payload[head:])
