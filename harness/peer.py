# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A machine beside the guest, made of frames: it answers ARP and neighbours, leases an address, advertises a prefix, and connects."""
from __future__ import annotations

import struct
import threading
import time

from harness import frames
from harness.machine import Machine
from harness.wire import Wire, begin

MAC = bytes.fromhex("525400000002")
ADDRESS = bytes([10, 9, 8, 1])
LEASED = bytes([10, 9, 8, 7])
PREFIX = bytes.fromhex("fd00000000000001")
LINK_LOCAL = bytes.fromhex("fe80") + bytes(6) + bytes.fromhex("505400fffe000002")
ADDRESS6 = PREFIX + LINK_LOCAL[8:]
ALL_NODES = bytes.fromhex("ff02") + bytes(13) + b"\x01"
#: What lies between a segment and its repetition, and the most it is repeated.
REPEAT_S = 0.2
NAMES = {ADDRESS, ADDRESS6, LINK_LOCAL}


class Connection:
    """TCP as a client, as plain as it gets: in order or not at all. Context: one thread of the test's."""

    def __init__(self, peer: "Peer", to: bytes, port: int, own_port: int, mss: int = 1460) -> None:
        self._peer, self._to, self._port, self._own_port = peer, to, port, own_port
        self._source = ADDRESS if len(to) == 4 else ADDRESS6
        self._changed = threading.Condition()
        self._options = struct.pack(">BBH", 2, 4, mss if len(to) == 4 else mss - 20)
        self._mss = mss - (20 if len(to) == 16 else 0)
        self.sent = self._acked = own_port * 65537  # sequence numbers; `sent` is what the next segment has
        self._expected = 0
        self._window = 0
        self.open = self.ended = self.reset = False
        self._data = bytearray()

    def _segment(self, flags: int, sequence: int, data: bytes = b"", options: bytes = b"") -> None:
        body = frames.tcp(self._source, self._to, self._own_port, self._port, sequence, self._expected, flags, data, options=options)
        self._peer.send_ip(self._source, self._to, frames.TCP, body)

    def take(self, segment: frames.Segment) -> None:
        """Context: the wire's thread."""
        with self._changed:
            if segment.flags & frames.RST:
                self.reset = True
            elif segment.flags & frames.SYN:
                if not self.open:
                    self._expected = (segment.sequence + 1) & 0xFFFFFFFF
                self.open = True
                self._acked = segment.acknowledged
                self._segment(frames.ACK, segment.acknowledged)
            else:
                self._take_data(segment)
            self._window = segment.window
            self._changed.notify_all()

    def _take_data(self, segment: frames.Segment) -> None:
        if (segment.acknowledged - self._acked) & 0xFFFFFFFF < 1 << 31:
            self._acked = segment.acknowledged
        fin = bool(segment.flags & frames.FIN)
        if segment.sequence == self._expected and not self.ended:
            self._data += segment.data
            self._expected = (self._expected + len(segment.data) + fin) & 0xFFFFFFFF
            self.ended = fin
        if segment.data or fin:
            self._segment(frames.ACK, self.sent)

    def connect(self, limit_s: float) -> float:
        """Shakes hands; the seconds it took. TimeoutError, ConnectionResetError."""
        begun = time.monotonic()
        with self._changed:
            while not self.open:
                self._segment(frames.SYN, self.sent, options=self._options)
                self._changed.wait_for(lambda: self.open or self.reset, REPEAT_S)
                self._check(begun + limit_s)
            self.sent = (self.sent + 1) & 0xFFFFFFFF
        return time.monotonic() - begun

    def _check(self, end: float) -> None:
        if self.reset:
            raise ConnectionResetError(f"port {self._port}")
        if time.monotonic() > end:
            raise TimeoutError(f"port {self._port}")

    def send(self, data: bytes, limit_s: float = 10.0, fin: bool = False) -> None:
        """Sends all of it and waits until it is acknowledged; what is not is sent again from there."""
        end, first, at = time.monotonic() + limit_s, self.sent, 0
        with self._changed:
            total = len(data) + fin
            while True:
                done = (self._acked - first) & 0xFFFFFFFF
                if done < 1 << 31 and done >= total:
                    break
                done = 0 if done >= 1 << 31 else done
                while at < total and (at - done < min(self._window, 32 * self._mss) or at == done):
                    part = data[at:at + self._mss]
                    last = fin and at + len(part) == len(data)
                    self._segment(frames.ACK | (frames.FIN if last else frames.PSH), first + at, part)
                    at += len(part) + last
                    self.sent = (first + at) & 0xFFFFFFFF
                before = self._acked
                if not self._changed.wait_for(lambda: self._acked != before or self.reset, REPEAT_S):
                    at = done
                self._check(end)

    def send_apart(self, data: bytes) -> None:
        """One segment in two fragments of IPv4, its header alone in the first; sent once."""
        with self._changed:
            segment = frames.tcp(self._source, self._to, self._own_port, self._port, self.sent, self._expected, frames.ACK | frames.PSH, data, options=b"\1" * 4)
            head = len(segment) - len(data)
            for part, place in ((segment[:head], 0x2000), (segment[head:], head // 8)):
                packet = frames.ip4(self._source, self._to, frames.TCP, part, ident=self.sent & 0xFFFF, fragment=place)
                self._peer.wire.send(frames.ethernet(self._peer.mac, MAC, frames.IP4, packet))
            self.sent = (self.sent + len(data)) & 0xFFFFFFFF

    def receive(self, count: int, limit_s: float = 10.0) -> bytes:
        """Exactly so many bytes."""
        end = time.monotonic() + limit_s
        with self._changed:
            while len(self._data) < count:
                self._changed.wait(REPEAT_S)
                if len(self._data) < count:
                    self._check(end)
            got, self._data = bytes(self._data[:count]), self._data[count:]
        return got

    def close(self, limit_s: float = 10.0) -> None:
        """Both ends close."""
        self.send(b"", limit_s, fin=True)
        end = time.monotonic() + limit_s
        with self._changed:
            while not self.ended:
                self._changed.wait(REPEAT_S)
                self._check(end)
        self._peer.forget(self._own_port)

    def abort(self) -> None:
        self._segment(frames.RST | frames.ACK, self.sent)
        self._peer.forget(self._own_port)


class Peer:
    """The machine. `guest` is the guest's IPv4 address, once it has taken the lease; `guest6` where it has said so."""

    def __init__(self, machine: Machine, leases: bool = True, advertises: bool = False, guest: bytes = LEASED) -> None:
        self._leases, self._advertises = leases, advertises
        self.guest, self.guest6, self.mac = guest, b"", b""
        self.ready, self.ready6 = threading.Event(), threading.Event()
        self._connections: dict[int, Connection] = {}
        self._datagrams: list[bytes] = []
        self._arrived = threading.Condition()
        self._next_port = 20000
        self.asked = False  # for an address
        self.heard = self.flooded = 0  # frames, in and out: of tests that count
        self.wire = Wire(machine, self._take)
        begin(machine)

    def send_ip(self, source: bytes, to: bytes, protocol: int, body: bytes) -> None:
        self.wire.send(self.packet(source, to, protocol, body))

    def packet(self, source: bytes, to: bytes, protocol: int, body: bytes) -> bytes:
        """A frame to the guest with one IP packet."""
        if len(to) == 4:
            return frames.ethernet(self.mac, MAC, frames.IP4, frames.ip4(source, to, protocol, body))
        return frames.ethernet(self.mac, MAC, frames.IP6, frames.ip6(source, to, protocol, body, 255))

    def connect(self, port: int, limit_s: float = 10.0, six: bool = False, mss: int = 1460) -> Connection:
        self._next_port += 1
        own = self._next_port
        connection = Connection(self, self.guest6 if six else self.guest, port, own, mss)
        self._connections[own] = connection
        connection.connect(limit_s)
        return connection

    def forget(self, own_port: int) -> None:
        self._connections.pop(own_port, None)

    def ask(self, port: int, data: bytes, six: bool = False, limit_s: float = 5.0) -> bytes:
        """A datagram there, and what comes back."""
        source, to = (ADDRESS6, self.guest6) if six else (ADDRESS, self.guest)
        with self._arrived:
            self._datagrams.clear()
            self.send_ip(source, to, frames.UDP, frames.udp(source, to, 5000, port, data))
            if not self._arrived.wait_for(lambda: self._datagrams, limit_s):
                raise TimeoutError(f"udp port {port}")
            return self._datagrams[0]

    # The wire's thread.

    def _take(self, frame: bytes) -> None:
        kind = struct.unpack_from(">H", frame, 12)[0]
        self.mac = frame[6:12]
        self.heard += 1
        if kind == frames.ARP:
            self._take_arp(frame[14:42])
            return
        packet = frames.read_ip(frame)
        if packet is None:
            return
        if packet.protocol == frames.TCP:
            segment = frames.read_tcp(packet.payload)
            connection = self._connections.get(segment.port) if segment else None
            if connection and segment and packet.to in NAMES:
                connection.take(segment)
        elif packet.protocol == frames.UDP:
            self._take_udp(packet)
        elif packet.protocol == frames.ICMP6:
            self._take_icmp6(packet)

    def _take_arp(self, body: bytes) -> None:
        operation, mac, source, _, target = struct.unpack_from(">6xH6s4s6s4s", body)
        if operation == 1 and target == ADDRESS:
            answer = struct.pack(">HHBBH", 1, frames.IP4, 6, 4, 2) + MAC + ADDRESS + mac + source
            self.wire.send(frames.ethernet(mac, MAC, frames.ARP, answer))
        if source == self.guest:
            self.ready.set()

    def _take_udp(self, packet: frames.Packet) -> None:
        source_port, port = struct.unpack_from(">HH", packet.payload)
        if port == 67:
            self.asked = True
            if self._leases:
                self._lease(packet.payload[8:])
        elif packet.to in NAMES and source_port != 68:
            with self._arrived:
                self._datagrams.append(packet.payload[8:])
                self._arrived.notify_all()

    def _lease(self, request: bytes) -> None:
        """DHCP: whoever asks gets the one address there is."""
        kind = request[request.index(b"\x35\x01", 240) + 2]
        answer = struct.pack(">BBBBIHH4s4s4s4s16s192xI", 2, 1, 6, 0, struct.unpack_from(">I", request, 4)[0], 0, 0, bytes(4), self.guest,
                             ADDRESS, bytes(4), request[28:44], 0x63825363)
        for option, value in ((53, bytes([2 if kind == 1 else 5])), (54, ADDRESS), (51, struct.pack(">I", 86400)),
                              (1, bytes([255, 255, 255, 0])), (3, ADDRESS)):
            answer += bytes([option, len(value)]) + value
        body = frames.udp(ADDRESS, b"\xff" * 4, 67, 68, answer + b"\xff")
        self.wire.send(frames.ethernet(frames.BROADCAST, MAC, frames.IP4, frames.ip4(ADDRESS, b"\xff" * 4, frames.UDP, body)))
        if kind == 3:
            self.ready.set()

    def _take_icmp6(self, packet: frames.Packet) -> None:
        kind, body = packet.payload[0], packet.payload[4:]
        if kind == 133 and self._advertises:
            self._advertise()
        elif kind == 135 and body[4:20] in NAMES and packet.source != bytes(16):
            answer = struct.pack(">I16sBB6s", 0x60000000, body[4:20], 2, 1, MAC)
            self.send_ip(body[4:20], packet.source, frames.ICMP6, frames.icmp6(body[4:20], packet.source, 136, answer))
        elif kind == 135 and packet.source == bytes(16) and body[4:12] == PREFIX:
            self.guest6 = body[4:20]  # it looks whether somebody has it: nobody does
            threading.Timer(3.0, self.ready6.set).start()

    def _advertise(self) -> None:
        """RFC 4861 §4.2 and §4.6.2: a router with one prefix, for addresses of their own making."""
        body = struct.pack(">BBHII", 64, 0, 1800, 0, 0) + struct.pack(">BB6s", 1, 1, MAC)
        body += struct.pack(">BBBBIII", 3, 4, 64, 0xC0, 86400, 14400, 0) + PREFIX + bytes(8)
        answer = frames.icmp6(LINK_LOCAL, ALL_NODES, 134, body)
        self.wire.send(frames.ethernet(bytes.fromhex("333300000001"), MAC, frames.IP6,
                                       frames.ip6(LINK_LOCAL, ALL_NODES, frames.ICMP6, answer, 255)))
