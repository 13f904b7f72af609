# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The network of a run: what --net says, the ports that are forwarded, and QEMU's arguments for it."""
from __future__ import annotations

import errno
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from .errors import BadInput
from .manifest import Manifest

NET_HELP = "user[,hostfwd=tcp:[ADDR:]PORT-:GUESTPORT]..., tap=NAME, socket=PATH or none"
HOST = "127.0.0.1"  # where nothing else is said, only this machine gets in
RANGE_MAX = 16  # ports of a rule that are forwarded one by one
PORT_MAX = 65535
_FORWARD = re.compile(r"(tcp|udp):(?:([0-9.]*):)?([0-9]{1,5})-:([0-9]{1,5})")
_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


@dataclass(frozen=True)
class Forward:
    """A port of the host that leads to one of the guest."""

    protocol: str
    host: str
    port: int  # 0: any that is free
    guest_port: int

    def told(self) -> str:
        """What a user does with it."""
        host = HOST if self.host == "0.0.0.0" else self.host
        if (self.protocol, self.guest_port) == ("tcp", 80):
            return f"http://{host}:{self.port}/"
        return f"{self.protocol} {host}:{self.port} -> :{self.guest_port}"


@dataclass(frozen=True)
class Wanted:
    """What --net asks for; `value` of tap and socket."""

    kind: str
    value: str = ""
    forwards: tuple[Forward, ...] = ()


def _forward(text: str) -> Forward:
    found = _FORWARD.fullmatch(text)
    if not found or int(found[3]) > PORT_MAX or not 0 < int(found[4]) <= PORT_MAX:
        raise BadInput(f"--net user,hostfwd={text}: must be like hostfwd=tcp:8080-:80 or hostfwd=udp:0.0.0.0:7007-:7")
    return Forward(found[1], found[2] or HOST, int(found[3]), int(found[4]))


def parse(text: str) -> Wanted:
    """Reads the value of --net; BadInput where it is none."""
    kind, *parts = text.split(",")
    if kind == "none" and not parts:
        return Wanted("none")
    if kind == "user":
        for part in parts:
            if not part.startswith("hostfwd="):
                raise BadInput(f"--net user: unknown option {part!r} (known: hostfwd)")
        return Wanted("user", forwards=tuple(_forward(part.removeprefix("hostfwd=")) for part in parts))
    kind, _, value = text.partition("=")
    if kind in ("tap", "socket") and value:
        return Wanted(kind, value)
    raise BadInput(f"--net {text}: must be {NET_HELP}")


def usual(manifest: Manifest | None) -> Wanted:
    """What is done where --net is not given: a network for whom the manifest allows it."""
    return Wanted("user" if manifest and any(process.net for process in manifest.processes) else "none")


def _listened(manifest: Manifest) -> list[tuple[str, int]]:
    """Protocols and ports that processes may listen on, but for long ranges."""
    rules = [rule for process in manifest.processes if process.net for rule in process.net.rules() if rule.listen]
    return list(dict.fromkeys((rule.protocol, port) for rule in rules if rule.last - rule.first < RANGE_MAX
                              for port in range(rule.first, rule.last + 1)))


#: What shows other runs which ports we have chosen, before QEMU has them: abstract sockets, which are ours until this process ends.
_CHOSEN: dict[tuple[str, int], socket.socket] = {}


def _claim(protocol: str, port: int) -> None:
    """Raises OSError where another run has chosen that port."""
    if (protocol, port) in _CHOSEN:
        return
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0rumpk-{protocol}-{port}")
    except OSError:
        claim.close()
        raise
    _CHOSEN[protocol, port] = claim


def _bound(forward: Forward) -> socket.socket:
    """A socket that has the forward's port, to learn whether one can. Raises OSError."""
    bound = socket.socket(socket.AF_INET, _KINDS[forward.protocol])
    try:
        if forward.protocol == "tcp":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as QEMU does
        bound.bind((forward.host, forward.port))
        if forward.protocol == "tcp":
            bound.listen(1)
        _claim(forward.protocol, bound.getsockname()[1])
    except OSError:
        bound.close()
        raise
    return bound


def _free(protocol: str, guest_port: int) -> socket.socket:
    """A free port: one that looks like the guest's if it can be, so that it is often the same."""
    for port in (8000 + guest_port, 0):
        if port <= PORT_MAX:
            try:
                return _bound(Forward(protocol, HOST, port, guest_port))
            except OSError:
                continue
    raise BadInput(f"no free {protocol} port for the guest's {guest_port}")


def choose(wanted: Wanted, manifest: Manifest | None) -> list[Forward]:
    """The forwards of a run: those that were named, and one for each other port that the manifest lets processes listen on."""
    held: list[tuple[Forward, socket.socket]] = []
    try:
        for forward in wanted.forwards:
            try:
                held.append((forward, _bound(forward)))
            except OSError as error:
                cause = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
                raise BadInput(f"{forward.protocol} port {forward.port} of {forward.host} {cause}; "
                               f"another: --net user,hostfwd={forward.protocol}:PORT-:{forward.guest_port}") from error
        named = {(forward.protocol, forward.guest_port) for forward in wanted.forwards}
        for protocol, port in _listened(manifest) if manifest else []:
            if (protocol, port) not in named:
                held.append((Forward(protocol, HOST, 0, port), _free(protocol, port)))
        return [Forward(forward.protocol, forward.host, bound.getsockname()[1], forward.guest_port) for forward, bound in held]
    finally:
        for _, bound in held:
            bound.close()


def _escaped(text: str | Path) -> str:
    return str(text).replace(",", ",,")


def _mac() -> str:
    """An address of a network card that two guests on one wire do not share."""
    return "52:54:00:" + ":".join(f"{byte:02x}" for byte in os.urandom(3))


def _is_served(path: str) -> bool:
    """Whether somebody accepts connections there; what a dead one left behind is removed."""
    if os.path.exists(path) and not Path(path).is_socket():
        raise BadInput(f"--net socket={path}: is there, and no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
            return True
        except ConnectionRefusedError:
            os.unlink(path)
            return False
        except FileNotFoundError:
            return False
        except OSError as error:
            raise BadInput(f"--net socket={path}: {error.strerror or error}") from error


def _backend(wanted: Wanted, forwards: list[Forward], guest: str) -> str:
    if wanted.kind == "tap":
        return f"tap,id=net,ifname={_escaped(wanted.value)},script=no,downscript=no"
    if wanted.kind == "socket":
        server = "off" if _is_served(wanted.value) else "on"
        return f"stream,id=net,server={server},addr.type=unix,addr.path={_escaped(os.path.abspath(wanted.value))}"
    return "user,id=net" + "".join(
        f",hostfwd={forward.protocol}:{forward.host}:{forward.port}-{guest}:{forward.guest_port}" for forward in forwards)


def arguments(wanted: Wanted, forwards: list[Forward], manifest: Manifest | None, transport: str, pcap: str | None) -> tuple[str, ...]:
    """QEMU's arguments. `romfile=`: the boot ROM of a PC is not wanted."""
    if wanted.kind == "none":
        return ()
    guest = manifest.network.address.partition("/")[0] if manifest and manifest.network else ""
    card = "" if wanted.kind == "user" else f",mac={_mac()}"
    device = (("-global", "virtio-mmio.force-legacy=false", "-device", f"virtio-net-device,netdev=net{card}") if transport == "mmio"
              else ("-device", f"virtio-net-pci,netdev=net,romfile={card}"))
    dump = ("-object", f"filter-dump,id=dump,netdev=net,file={_escaped(pcap)}") if pcap else ()
    return ("-netdev", _backend(wanted, forwards, guest), *device, *dump)
