# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Debian's binary packages for another machine, without root and without touching the host's apt.

apt keeps its lists under build/linux/apt/<architecture>, checks them by Debian's own keyring, and downloads what a lock names; what was
downloaded is believed only when its SHA-256 is the lock's. RUMPK_DEPS_CACHE and RUMPK_DEBIAN_MIRROR are as for tools/fetch-deps.sh.
"""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

from .errors import BadInput, Refused

ROOT = Path(__file__).resolve().parents[2]
SUITE = "bookworm"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
TARGET = "arm64"
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")


def folder() -> Path:
    """Where packages, lists and roots are kept."""
    return ROOT / "build/linux"


def mirror() -> str:
    return os.environ.get("RUMPK_DEBIAN_MIRROR", "http://deb.debian.org/debian")


def cache() -> Path:
    """Where downloaded packages are kept; work trees may share it."""
    return Path(os.environ.get("RUMPK_DEPS_CACHE") or folder() / "archives")


def name_is_valid(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True)
class Package:
    """A package of one version; `depends` has, of each dependency, the alternatives' names, and is known of a list's packages alone."""

    name: str
    version: str
    architecture: str  # of the machine it is for; "all" is fetched as the target's
    sha256: str
    section: str = ""
    depends: tuple[tuple[str, ...], ...] = field(default=(), compare=False)

    @property
    def archive(self) -> str:
        """The file's name, as apt has it."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"


def native_architecture() -> str:
    """What Debian calls the machine this runs on."""
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


class Apt:
    """An apt with nothing installed, for one architecture."""

    def __init__(self, architecture: str) -> None:
        if not shutil.which("apt-get"):
            raise Refused("there is no apt-get here: packages of Debian are fetched by it")
        if not KEYRING.exists():
            raise Refused(f"{KEYRING} is missing: install debian-archive-keyring")
        self.architecture = architecture
        self.home = folder() / "apt" / architecture
        self.listed: dict[str, Package] | None = None

    def _get(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        settings = {
            "Dir::State": self.home / "state", "Dir::State::status": self.home / "status", "Dir::Cache": self.home / "cache",
            "Dir::Etc::sourcelist": self.home / "sources.list", "Dir::Etc::sourceparts": "/dev/null", "APT::Sandbox::User": "",
            "APT::Architecture": self.architecture, "APT::Architectures::": self.architecture, "Acquire::Languages": "none",
            "Acquire::GzipIndexes": "false", "Acquire::Retries": "2", "APT::Update::Error-Mode": "any",
        }
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        return subprocess.run(["apt-get", "-qq", *options, *words], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)

    def update(self) -> None:
        """Fetches the lists; Refused where the mirror cannot be reached."""
        for part in ("state/lists/partial", "cache/archives/partial"):
            (self.home / part).mkdir(parents=True, exist_ok=True)
        (self.home / "status").write_text("")
        (self.home / "sources.list").write_text(f"deb [arch={self.architecture} signed-by={KEYRING}] {mirror()} {SUITE} main\n")
        done = self._get("update")
        if done.returncode:
            raise Refused(f"apt-get update from {mirror()}: {done.stderr.strip()}")
        self.listed = None

    def _lists(self) -> list[Path]:
        return sorted((self.home / "state/lists").glob("*_Packages"))

    def packages(self) -> dict[str, Package]:
        """Every package of the list, by name; the list is fetched where there is none."""
        if self.listed is None:
            if not self._lists():
                self.update()
            self.listed = {}
            for path in self._lists():
                self.listed.update((one.name, one) for one in read_list(path.read_text(encoding="utf-8")))
        return self.listed

    def download(self, package: Package, into: Path) -> Path:
        """The archive, checked; Refused where the mirror has it no more, or another."""
        if not self._lists():
            self.update()
        wanted = f"{package.name}={package.version}"
        if self._get("download", wanted, cwd=into).returncode:
            self.update()  # lists that are too old name files that have gone
            done = self._get("download", wanted, cwd=into)
            if done.returncode:
                raise Refused(f"{package.name} {package.version}: {mirror()} does not have it: {done.stderr.strip()}")
        fetched = into / package.archive
        if not fetched.exists():
            raise Refused(f"{package.name}: apt-get left no {package.archive}")
        return fetched


def read_list(text: str) -> list[Package]:
    """The packages of a list as apt has it (deb822)."""
    found = []
    for paragraph in text.split("\n\n"):
        fields = {}
        for line in paragraph.split("\n"):
            key, colon, value = line.partition(": ")
            if colon and not line.startswith(" "):
                fields[key] = value
        if "Package" not in fields or "SHA256" not in fields:
            continue
        needs = ", ".join(fields[key] for key in ("Pre-Depends", "Depends") if key in fields)
        found.append(Package(fields["Package"], fields["Version"], fields["Architecture"], fields["SHA256"],
                             fields.get("Section", ""), _alternatives(needs)))
    return found


def _alternatives(needs: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(re.split(r"[ (:]", other.strip(), maxsplit=1)[0] for other in need.split("|"))
                 for need in needs.split(", ") if need)


def is_genuine(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def fetch(package: Package, apt: Apt) -> Path:
    """The package's archive in the cache, fetched where it is not there."""
    kept = cache() / package.archive
    if is_genuine(kept, package.sha256):
        return kept
    print(f"fetching: {package.archive}", file=sys.stderr, flush=True)  # what comes on standard output is for who asked
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as temporary:
        fetched = apt.download(package, Path(temporary))
        if not is_genuine(fetched, package.sha256):
            raise Refused(f"{package.archive}: not the file that is locked (SHA-256 {package.sha256})")
        fetched.replace(kept)
    return kept


@contextlib.contextmanager
def alone(folder_of: Path) -> Iterator[None]:
    """Nobody else works in that folder meanwhile: another process is waited for. The kernel lets go of the lock however one ends."""
    folder_of.mkdir(parents=True, exist_ok=True)
    with open(folder_of / ".lock", "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another rumpk, which works in {folder_of}", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def unpack(packages: list[Package], root: Path, apt_of: Callable[[Package], Apt]) -> Path:
    """A folder with the content of the packages and nothing else; made anew when they are others than before."""
    stamp = root.parent / f".{root.name}.stamp"
    wanted = "".join(f"{package.name} {package.sha256}\n" for package in packages)

    def there() -> bool:
        return root.is_dir() and stamp.exists() and stamp.read_text() == wanted

    if there():
        return root
    with alone(folder()):
        if not there():
            _unpack([fetch(package, apt_of(package)) for package in packages], root, stamp, wanted)
    return root


def _unpack(archives: list[Path], root: Path, stamp: Path, wanted: str) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    shutil.rmtree(root, ignore_errors=True)
    for archive in archives:
        done = subprocess.run(["dpkg-deb", "-x", archive, root], capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            raise BadInput(f"{archive}: {' '.join(done.stderr.split())}")
    stamp.write_text(wanted)
