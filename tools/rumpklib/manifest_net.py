# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What a manifest says of the network: rules as kernel/io/net/policy.c reads them, and the machine's own address."""
from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from .errors import BadInput
from .manifest_values import Values

NET_KEYS = ("listen", "connect", "resolve")
NETWORK_KEYS = ("address", "gateway", "dns")
RULES_MAX = 16  # of a process, of both kinds together
_NUMBER = "(?:0|[1-9][0-9]{0,4})"
_PORTS = rf"(\*|{_NUMBER}(?:-{_NUMBER})?)"
_LISTEN = re.compile(rf"(tcp|udp):{_PORTS}")
_CONNECT = re.compile(rf"(.*):{_PORTS}/(tcp|udp)", re.DOTALL)
_PREFIXED = re.compile(r"([^/]*)(?:/(0|[1-9][0-9]{0,2}))?", re.DOTALL)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Rule:
    """One rule; `network` None: every address."""

    listen: bool
    protocol: str
    first: int
    last: int
    network: Network | None = None


@dataclass
class Net:
    """What a process may do with the network, as it was written."""

    listen: list[str] = field(default_factory=list)
    connect: list[str] = field(default_factory=list)
    resolve: bool = False

    def rules(self) -> list[Rule]:
        return [rule for rule in (*map(listen_rule, self.listen), *map(connect_rule, self.connect)) if rule]


@dataclass
class Static:
    """How the machine is on its network without DHCP."""

    address: str = ""
    gateway: str = ""
    dns: str = ""


def _ports(text: str) -> tuple[int, int] | None:
    low, _, high = ("1", "-", "65535") if text == "*" else text.partition("-")
    first, last = int(low), int(high or low)
    return (first, last) if 0 < first <= last <= 65535 else None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def _network(text: str) -> Network | None:
    found = _PREFIXED.fullmatch(text)
    if not found:
        return None
    bracketed = found[1][:1] == "[" and found[1][-1:] == "]"
    address = _address(found[1][1:-1] if bracketed else found[1])
    if address is None or bracketed != (address.version == 6):
        return None
    try:
        return ipaddress.ip_network(f"{address}/{found[2] or address.max_prefixlen}")
    except ValueError:
        return None  # bits behind the prefix, or one that is too long


def listen_rule(text: str) -> Rule | None:
    """A rule such as "tcp:80", or None."""
    found = _LISTEN.fullmatch(text)
    ports = _ports(found[2]) if found else None
    return Rule(True, found[1], *ports) if found and ports else None


def connect_rule(text: str) -> Rule | None:
    """A rule such as "10.0.2.0/24:53/udp", or None."""
    found = _CONNECT.fullmatch(text)
    ports = _ports(found[2]) if found else None
    network = _network(found[1]) if found and found[1] != "*" else None
    return Rule(False, found[3], *ports, network) if found and ports and (network or found[1] == "*") else None


def take_net(values: Values, net: Net) -> None:
    """A key of [net]."""
    if values.entry.key not in NET_KEYS:
        raise values.fail(f"unknown key (known: {', '.join(NET_KEYS)})")
    if values.entry.key == "resolve":
        net.resolve = values.truth()
        return
    listens = values.entry.key == "listen"
    read, example = (listen_rule, "tcp:80") if listens else (connect_rule, "10.0.2.0/24:53/udp")
    texts = values.texts()
    for text in texts:
        if not read(text):
            raise values.fail(f'"{text}" is not a rule such as "{example}"')
    if not texts:
        raise values.fail("no rules given")
    setattr(net, values.entry.key, texts)
    if len(net.listen) + len(net.connect) > RULES_MAX:
        raise values.fail(f"more than {RULES_MAX} rules for the network")


def take_network(values: Values, static: Static) -> None:
    """A key of [network]."""
    key = values.entry.key
    if key not in NETWORK_KEYS:
        raise values.fail(f"unknown key (known: {', '.join(NETWORK_KEYS)})")
    text = values.text()
    host, slash, prefix = text.partition("/")
    address = _address(host if key == "address" else text)
    if key == "address" and not (re.fullmatch("[1-9][0-9]?", prefix) and int(prefix) <= 32):
        address = None
    if address is None or (key != "dns" and address.version != 4):
        raise values.fail('must be an address like "10.0.2.15/24"' if key == "address" else 'must be an address like "10.0.2.2"')
    setattr(static, key, text)


def end_network(static: Static, lines: dict[str, int], line: int, where: str) -> None:
    """What only the whole of [network], in `line`, can show."""
    if line and not static.address:
        raise BadInput(f"{where}:{line}: address: missing")
    if static.gateway and ipaddress.ip_address(static.gateway) not in ipaddress.ip_network(static.address, strict=False):
        raise BadInput(f"{where}:{lines['gateway']}: gateway: is not in the network of address")
