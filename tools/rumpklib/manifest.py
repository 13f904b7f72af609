# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""manifest.toml of a bundle: the same rules and limits as kernel/payload/manifest.h, so that what packs also loads."""
from __future__ import annotations

from dataclasses import asdict, dataclass, field

from . import capabilities, manifest_files, manifest_net, manifest_values, toml_subset
from .errors import BadInput
from .manifest_files import Files
from .manifest_net import Net, Static
from .manifest_values import Values

FILE_NAME = "manifest.toml"
PROCESS_MAX = 16
PROCESS_TABLES = ("capabilities", "net", "files")
MEMORY_LIMIT = 2**64  # of all processes together


@dataclass
class Process:
    """A process, checked. Times are nanoseconds, 0 like `restarts` where it is never restarted."""

    name: str = ""
    exec: str = ""
    args: list[str] = field(default_factory=list)
    env: list[str] = field(default_factory=list)
    memory_bytes: int = 2**20
    stack_bytes: int = 64 * 2**10
    threads: int = 16
    cpu: int | None = None  # the kernel chooses
    restart: str = "never"
    backoff_ns: int = 0
    restarts: int = 0
    launch: bool = False
    jit: bool = False
    capabilities: dict[str, list[str]] = field(default_factory=dict)
    net: Net | None = None
    files: Files = field(default_factory=Files)


@dataclass
class Manifest:
    """A checked manifest."""

    name: str = ""
    main: int = 0  # index of the process whose exit status is the image's
    processes: list[Process] = field(default_factory=list)
    network: Static | None = None  # by DHCP

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class _Described:
    """A process on the way, and the lines of what was said of it."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.process = Process()
        self.lines: dict[str, int] = {}
        self.table_lines: dict[str, int] = {}
        self.net_lines: dict[str, int] = {}
        self.files_lines: dict[str, int] = {}
        self.is_main = False


class _Reader:
    """Fills a Manifest entry by entry; each error names file, line and key."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data, self.where = data, where
        self.values = Values(where)
        self.manifest = Manifest()
        self.described: list[_Described] = []
        self.only = _Described(0)  # what keys before any table describe
        self.network_line = 0
        self.network_lines: dict[str, int] = {}
        self.table = ""

    @property
    def now(self) -> _Described:
        return self.described[-1] if self.described else self.only

    def fail(self, line: int, key: str, why: str) -> BadInput:
        return BadInput(f"{self.where}:{line}: {key}: {why}")

    def read(self) -> Manifest:
        for entry in toml_subset.entries(self.data, self.where):
            self.values.entry = entry
            if entry.is_table:
                self.take_table(entry)
            elif self.table == "capabilities":
                self.take_capability(entry)
            elif self.table == "net":
                self.take_once(self.now.net_lines)
                manifest_net.take_net(self.values, self.now.process.net or Net())
            elif self.table == "files":
                self.take_once(self.now.files_lines)
                manifest_files.take_files(self.values, self.now.process.files)
            elif self.table == "network":
                self.take_once(self.network_lines)
                manifest_net.take_network(self.values, self.manifest.network or Static())
            elif self.table == "process" or entry.key != "name":
                self.take_key(entry)
            elif self.manifest.name:
                raise self.values.fail("given twice")
            else:
                self.manifest.name = self.values.name()
        self.end()
        return self.manifest

    def take_table(self, entry: toml_subset.Entry) -> None:
        what = (entry.key, entry.sub, entry.is_array)
        if what == ("process", "", True):
            self.take_process(entry)
        elif what == ("process", "", False):
            raise self.values.fail("must be [[process]]")
        elif what in ((name, "", False) for name in PROCESS_TABLES) or what in (("process", name, False) for name in PROCESS_TABLES):
            self.take_process_table(entry)
        elif what == ("network", "", False):
            self.take_network_table(entry)
        else:
            raise self.values.fail("unknown table (known: [[process]], [process.capabilities], [process.net], [process.files], "
                                   "[capabilities], [net], [files], [network])")

    def take_process(self, entry: toml_subset.Entry) -> None:
        if len(self.described) == PROCESS_MAX:
            raise self.values.fail(f"more than {PROCESS_MAX} processes")
        if self.described:
            self.end_process(self.now)
        elif self.only.lines or self.only.table_lines:
            raise self.values.fail("keys above it describe the only process already")
        self.described.append(_Described(entry.line))
        self.table = "process"

    def take_process_table(self, entry: toml_subset.Entry) -> None:
        table = entry.sub or entry.key
        if entry.sub and not self.described:
            raise self.values.fail("no [[process]] stands above it")
        if not entry.sub and self.described:
            raise self.values.fail(f"must be [process.{table}] below [[process]]")
        if table in self.now.table_lines:
            raise self.values.fail(f"given twice, first in line {self.now.table_lines[table]}")
        self.now.table_lines[table] = entry.line
        self.table = table
        if table == "net":
            self.now.process.net = Net()

    def take_network_table(self, entry: toml_subset.Entry) -> None:
        if self.network_line:
            raise self.values.fail(f"given twice, first in line {self.network_line}")
        self.network_line = entry.line
        self.table = "network"
        self.manifest.network = Static()

    def take_once(self, lines: dict[str, int]) -> None:
        """Remembers where the key stands, that it does so once."""
        entry = self.values.entry
        if entry.key in lines:
            raise self.values.fail(f"given twice, first in line {lines[entry.key]}")
        lines[entry.key] = entry.line

    def take_capability(self, entry: toml_subset.Entry) -> None:
        granted = self.now.process.capabilities
        known = capabilities.KNOWN.get(entry.key)
        if known is None:
            raise self.values.fail(f"unknown capability (known: {', '.join(capabilities.KNOWN)})")
        if entry.key in granted:
            raise self.values.fail("given twice")
        granted[entry.key] = self.values.rights(known)

    def take_key(self, entry: toml_subset.Entry) -> None:
        now = self.now
        if entry.key not in manifest_values.KEYS:
            raise self.values.fail(f"unknown key (known: {', '.join(manifest_values.KEYS)})")
        self.take_once(now.lines)
        attribute, read = manifest_values.KEYS[entry.key]
        value = read(self.values)
        if entry.key == "main":
            self.take_main(bool(value))
        else:
            setattr(now.process, attribute, value)
        if entry.key == "name" and any(other.process.name == value for other in self.described[:-1]):
            raise self.values.fail("another process has this name")

    def take_main(self, is_main: bool) -> None:
        if is_main and any(other.is_main for other in self.described):
            raise self.values.fail("another process is main")
        self.now.is_main = is_main

    def end_process(self, ended: _Described) -> None:
        """What only a whole process can show."""
        process, lines = ended.process, ended.lines
        if "exec" not in lines:
            raise self.fail(ended.line, "exec", "missing")
        if process.stack_bytes >= process.memory_bytes:
            raise self.fail(lines.get("stack") or lines["memory"], "stack", "must be smaller than memory")
        if sum(other.process.memory_bytes for other in self.described) >= MEMORY_LIMIT:
            raise self.fail(lines["memory"], "memory", "too large, all processes together")
        self.end_files(ended)
        for key in ("backoff", "restarts"):
            if process.restart == "never" and key in lines:
                raise self.fail(lines[key], key, "takes a restart that is not never")
        if process.restart != "never":
            process.backoff_ns = process.backoff_ns or manifest_values.BACKOFF_DEFAULT_NS
            process.restarts = process.restarts or manifest_values.RESTARTS_DEFAULT

    def end_files(self, ended: _Described) -> None:
        process, files = ended.process, ended.process.files
        line = ended.files_lines.get("tmp_bytes", 0)
        if line and "tmp" not in files.rights:
            raise self.fail(line, "tmp_bytes", "takes a tmp")
        if any(key not in files.rights for key in files.optional):
            raise self.fail(ended.files_lines["optional"], "optional", "names what is not granted")
        if not files.post_mortem_is_due():
            raise self.fail(ended.files_lines["post_mortem"], "post_mortem", "takes read in log, and write and create where it is to be")
        if files.tmp_bytes > process.memory_bytes:
            raise self.fail(line, "tmp_bytes", "is more than memory")
        if "tmp" in files.rights and not line:
            files.tmp_bytes = process.memory_bytes

    def end(self) -> None:
        """What only the whole can show."""
        last_line = self.data.count(b"\n") + 1
        if not self.manifest.name:
            raise self.fail(last_line, "name", "missing")
        if not self.described:
            self.only.line = last_line
            self.described = [self.only]
        self.end_process(self.now)
        manifest_net.end_network(self.manifest.network or Static(), self.network_lines, self.network_line, self.where)
        self.manifest.main = next((index for index, one in enumerate(self.described) if one.is_main), 0)
        for index, one in enumerate(self.described):
            if not one.process.name and len(self.described) > 1:
                raise self.fail(one.line, "name", "missing")
            if one.process.launch and index != self.manifest.main:
                raise self.fail(one.lines["launch"], "launch", "only the main process takes words")
            one.process.name = one.process.name or self.manifest.name
        self.manifest.processes = [one.process for one in self.described]


def parse(data: bytes, where: str = FILE_NAME) -> Manifest:
    """Reads and checks a manifest; BadInput says `where`:line: key: cause."""
    return _Reader(data, where).read()
