# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The kernel's reading of manifests beside that of tools/rumpk: what packs loads, what loads packs, and as the same."""
from __future__ import annotations

import ipaddress
import random
import re
import subprocess
import sys
import tomllib
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import ROOT  # noqa: E402
from manifest_table import REFUSED, TAKEN  # noqa: E402
from rumpklib import capabilities, manifest, manifest_files, manifest_net  # noqa: E402
from rumpklib.errors import BadInput  # noqa: E402

DUMP = ROOT / "build/tests/tools/manifest_dump"
IDL = ROOT / "capos/idl"
RESTARTS = ("never", "on-failure", "always")
#: Pieces that random changes put into a text.
PIECES = [piece.encode() for piece in (
    "\n", "\r\n", "\r", '"', "[", "]", "[[", "]]", ".", ",", "=", "#", " ", "\\", "\\u0041", "\\u00", "0", "-1", "64", "65",
    "true", "false", "[[process]]\n", "[process.capabilities]\n", "[capabilities]\n", 'name = "x"\n', 'exec = "x"\n', "main = true\n",
    "launch = true\n", 'restart = "always"\n', 'backoff = "1s"\n', "restarts = 2\n", 'memory = "4K"\n', 'stack = "4K"\n', "K", "ms",
    "[net]\n", "[process.net]\n", "[network]\n", 'listen = ["tcp:80"]\n', '"udp:1-*"', '"*:443/tcp"', "::", "resolve = true\n",
    'address = "10.0.2.15/24"\n', 'connect = ["10.0.2.0/24:53/udp"]\n', "tcp", "/", ":", "*", "255", '"[fe80::]/10:*/udp",',
    "[files]\n", "[process.files]\n", 'tmp_bytes = "8K"\n', 'tmp = ["read", "write"]\n', 'app = ["list"]\n', '"exec",', '"create"',
    'host = ["read"]\n', 'data = ["list"]\n', 'optional = ["host"]\n', 'optional = ["host", "data"]\n', 'post_mortem = ["host"]\n', 'post_mortem = ["data"]\nlog = ["read"]\n',
    'data = ["write", "create"]\nlog = ["read"]\n', '"data",',
    'clock = ["read", "wait"]\n', 'env = ["A=b"]\n', "\u00e9", "\0", "\x7f", "\u2028")] + [b"\xff", b"\xc3", b"\xed\xa0\x80"]


def kernel(texts: list[bytes]) -> list[str]:
    """What the kernel says of each text."""
    stdin = b"".join(b"%d\n%s" % (len(text), text) for text in texts)
    done = subprocess.run([DUMP], input=stdin, capture_output=True, check=True)
    answers = done.stdout.decode("ascii").split("\n.\n")
    assert len(answers) == len(texts) + 1 and not answers[-1]
    return [rules_sorted(answer) for answer in answers[:-1]]


def rules_sorted(answer: str) -> str:
    """An answer with the rules of each process in an order of their own: which table or key came first counts for nothing."""
    lines: list[str] = []
    rules: list[str] = []
    for line in [*answer.split("\n"), ""]:
        if line.startswith(("listen ", "connect ")):
            rules.append(line)
        else:
            lines += [*sorted(rules), line]
            rules = []
    return "\n".join(lines[:-1])


def described(process: manifest.Process) -> list[str]:
    """A process as manifest_dump.c writes it."""
    rights = {name: sum(1 << capabilities.KNOWN[name].rights.index(right) for right in given)
              for name, given in process.capabilities.items()}
    return [f"process {process.name}", f"exec {process.exec.encode().hex()}",
            f"memory {process.memory_bytes} stack {process.stack_bytes}",
            f"threads {process.threads} cpu {-1 if process.cpu is None else process.cpu} launch {int(process.launch)} jit {int(process.jit)}",
            f"restart {RESTARTS.index(process.restart)} backoff {process.backoff_ns} restarts {process.restarts}",
            *(f"arg {arg.encode().hex()}" for arg in process.args), *(f"env {variable.encode().hex()}" for variable in process.env),
            *(f"capability {name} {capabilities.KNOWN[name].interface} {bits}" for name, bits in rights.items()),
            *(described_net(process.net) if process.net else []), *described_files(process.files)]


def described_files(files: manifest_files.Files) -> list[str]:
    """Its directories, in the order of the table."""
    bits = {key: sum(1 << manifest_files.DIR.rights.index(right) for right in files.rights[key])
            for key in manifest_files.KNOWN if key in files.rights}
    return [*(f"files {key} {rights}" for key, rights in bits.items()),
            *(f"optional {key}" for key in manifest_files.KNOWN if key in files.optional), *(f"post_mortem {key}" for key in manifest_files.KNOWN if key in files.post_mortem),
            *([f"tmp_bytes {files.tmp_bytes}"] if files.tmp_bytes else [])]


def described_address(text: str) -> str:
    """An address, or none, as manifest_dump.c writes it."""
    address = ipaddress.ip_address(text) if text else None
    return f"{4 if address.version == 4 else 6} {address.packed.hex():0<32}" if address else "0 " + "0" * 32


def described_net(net: manifest_net.Net) -> list[str]:
    """What a process may do with the network, in the order in which it was written."""
    lines = [f"net resolve {int(net.resolve)}"]
    for rule in net.rules():
        network = rule.network
        address, prefix = (str(network.network_address), network.prefixlen) if network else ("", 0)
        lines += [f"{'listen' if rule.listen else 'connect'} {rule.protocol} {rule.first} {rule.last} {described_address(address)} "
                  f"{prefix}"]
    return [lines[0], *sorted(lines[1:])]


def described_network(static: manifest_net.Static) -> str:
    host, _, prefix = static.address.partition("/")
    return f"network {prefix} " + " ".join(map(described_address, (host, static.gateway, static.dns)))


def ours(text: bytes) -> str:
    """What rumpk says of a text, as manifest_dump.c would write it, or `refused` and the message."""
    try:
        parsed = manifest.parse(text)
    except BadInput as error:
        return f"refused {error}"
    network = [described_network(parsed.network)] if parsed.network else []
    return "\n".join([f"manifest {parsed.name} main {parsed.main}", *network, *(line for one in parsed.processes for line in described(one))])


def changed(text: bytes, chance: random.Random) -> bytes:
    """A text with a few random pieces put in, taken out or put elsewhere."""
    for _ in range(chance.randint(1, 3)):
        at, end = sorted(chance.randint(0, len(text)) for _ in range(2))
        end = min(end, at + chance.choice((0, 1, 2, 10, 40)))
        middle = chance.choice((b"", chance.choice(PIECES), text[at:end] * 2, bytes([chance.randrange(256)])))
        text = text[:at] + middle + text[end:]
    return text


class KernelTest(unittest.TestCase):
    def test_both_take_the_same_as_the_same(self) -> None:
        texts = [text.encode() for text in TAKEN]
        for text, theirs in zip(texts, kernel(texts)):
            with self.subTest(text=text):
                self.assertEqual(theirs, ours(text))

    def test_both_refuse_the_same_at_the_same_line_and_key(self) -> None:
        texts = [text.encode() for text in REFUSED]
        for text, theirs, why in zip(texts, kernel(texts), REFUSED.values()):
            line, key = re.match(r"([0-9]+): (?:([a-z_-]+): )?", why).groups()  # type: ignore[union-attr]
            with self.subTest(text=text):
                self.assertTrue(theirs.startswith(f"refused manifest.toml line {line}: " + (f"{key}: " if key else "")),
                                f"{theirs}, but {why}")

    def test_both_agree_on_random_changes(self) -> None:
        chance = random.Random(5)
        seeds = [text.encode() for text in (*TAKEN * 20, *REFUSED) if len(text) < 1000]
        texts = [changed(chance.choice(seeds), chance) for _ in range(40000)]
        taken = 0
        for text, theirs in zip(texts, kernel(texts)):
            mine = ours(text)
            taken += not mine.startswith("refused")
            if mine.startswith("refused") and theirs.startswith("refused"):
                continue
            self.assertEqual(theirs, mine, text)
        self.assertGreater(taken, 1000)  # else it would have tried little


class CapabilitiesTest(unittest.TestCase):
    def test_both_know_the_same_capabilities(self) -> None:
        theirs = subprocess.run([DUMP, "--capabilities"], capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertEqual(theirs, [" ".join([name, str(known.interface), *known.rights])
                                  for name, known in capabilities.KNOWN.items()])

    def test_both_know_the_same_directories(self) -> None:
        theirs = subprocess.run([DUMP, "--mounts"], capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertEqual(theirs, [" ".join([key, name, *rights]) for key, (name, rights) in manifest_files.KNOWN.items()])

    @unittest.skipUnless(IDL.is_dir(), "no interface definitions")
    def test_they_are_those_of_the_interface_definitions(self) -> None:
        for name, known in capabilities.KNOWN.items():
            with self.subTest(name=name):
                interface = tomllib.loads((IDL / f"{name}.toml").read_text(encoding="utf-8"))
                self.assertEqual((interface["name"], interface["id"]), (name, known.interface))
                self.assertEqual({right: entry["value"] for right, entry in interface["rights"].items()},
                                 {right: 1 << bit for bit, right in enumerate(known.rights)})


if __name__ == "__main__":
    unittest.main()
