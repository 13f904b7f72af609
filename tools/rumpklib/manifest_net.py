# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The tables of the network in a manifest, as kernel/payload/manifest_net.c and kernel/io/net/policy.c read them."""
from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from .manifest_values import Values

RULES_MAX = 16  # of a process, listen and connect together, but for "dns"
DNS = "dns"
NET_KEYS = ("listen", "connect")
NETWORK_KEYS = ("address", "gateway", "server")

_PORTS = r"(?:\*|(?P<first>[1-9][0-9]{0,4})(?:-(?P<last>[1-9][0-9]{0,4}))?)"
_LISTEN = re.compile(rf"(?:tcp|udp):{_PORTS}", re.ASCII)
_CONNECT = re.compile(rf"(?P<network>\*|[0-9.]+(?:/[0-9]+)?|\[[0-9A-Fa-f:.]+\](?:/[0-9]+)?):{_PORTS}/(?:tcp|udp)", re.ASCII)
_NUMBER = re.compile(r"0|[1-9][0-9]*", re.ASCII)


@dataclass
class Net:
    """What a process may do with the network: rules as they stand in the manifest."""

    listen: list[str] = field(default_factory=list)
    connect: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)  # in which the two were there


@dataclass
class Network:
    """The machine's address; empty strings: from DHCP, or none."""

    address: str = ""
    gateway: str = ""
    server: str = ""


def _ports_are_right(found: re.Match[str]) -> bool:
    first = int(found["first"] or 1)
    return first <= int(found["last"] or found["first"] or 65535) <= 65535


def _network_is_right(text: str) -> bool:
    if text == "*":
        return True
    address, slash, prefix = text.partition("/")
    if slash and not _NUMBER.fullmatch(prefix):
        return False
    try:
        if address.startswith("["):
            ipaddress.IPv6Network(address[1:-1] + slash + prefix)
        else:
            ipaddress.IPv4Network(address + slash + prefix)
    except ValueError:
        return False
    return True


def _listen_is_right(rule: str) -> bool:
    found = _LISTEN.fullmatch(rule)
    return found is not None and _ports_are_right(found)


def _connect_is_right(rule: str) -> bool:
    found = _CONNECT.fullmatch(rule)
    return rule == DNS or found is not None and _ports_are_right(found) and _network_is_right(found["network"])


def take_net(net: Net, key: str, values: Values, rules_before: int) -> int:
    """Reads `listen` or `connect`; how many rules there are then."""
    rules = values.texts()
    for rule in rules:
        if key == "listen" and not _listen_is_right(rule):
            raise values.fail(f"{rule!r} is not like tcp:80, udp:53 or tcp:8000-8010")
        if key == "connect" and not _connect_is_right(rule):
            raise values.fail(f"{rule!r} is not like 10.0.2.0/24:53/udp, [2001:db8::]/32:443/tcp, *:443/tcp or dns")
        rules_before += rule != DNS
        if rules_before > RULES_MAX:
            raise values.fail(f"more than {RULES_MAX} rules")
    setattr(net, key, rules)
    net.order.append(key)
    return rules_before


def take_network(network: Network, key: str, values: Values) -> None:
    """Reads a key of [network]."""
    text = values.text()
    try:
        if key == "address":
            address, slash, prefix = text.partition("/")
            ipaddress.IPv4Address(address)
            if not slash or not re.fullmatch(r"[0-9]{1,2}", prefix, re.ASCII) or not 1 <= int(prefix) <= 32:
                raise ValueError
        elif key == "gateway":
            ipaddress.IPv4Address(text)
        elif "%" in text:
            raise ValueError
        else:
            ipaddress.ip_address(text)
    except ValueError:
        raise values.fail({"address": "must be like 10.0.2.15/24", "gateway": "must be an IPv4 address"}.get(key, "must be an address")) from None
    setattr(network, key, text)
