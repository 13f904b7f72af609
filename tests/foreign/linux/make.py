#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Makes what suite.toml boots: Debian's arm64 Linux kernel, and an initial RAM disk with one small program.

Needs no root and leaves the system's apt alone: lists and archives are below build/foreign/apt, and apt checks the archive's
signature and hash. What is there already is taken. Exit status: 0 all there, 1 it cannot be had here, and why.
"""
from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
OUT = ROOT / "build" / "foreign"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR, SUITE = "http://deb.debian.org/debian", "bookworm"
LIMIT_S = 300
INIT_BUILD = ("aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-Wl,--build-id=none")


def run(*argv: str | Path, cwd: Path | None = None) -> str:
    """A command's output; RuntimeError with its last words where it fails."""
    try:
        done = subprocess.run([str(word) for word in argv], cwd=cwd, capture_output=True, text=True, timeout=LIMIT_S,
                              stdin=subprocess.DEVNULL, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(str(error)) from None
    if done.returncode:
        raise RuntimeError(f"{argv[0]}: {(done.stderr.strip() or done.stdout.strip())[-300:]}")
    return done.stdout


def private_apt(apt: Path) -> list[str]:
    """Options for apt-get and apt-cache that keep all they know about Debian's arm64 packages below `apt`; its lists are up to date."""
    for folder in ("state/lists/partial", "cache/archives/partial", "download"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb [arch=arm64 signed-by={KEYRING}] {MIRROR} {SUITE} main\n", encoding="ascii")
    options = ["-qq"]
    for option in (f"Dir::State={apt}/state", f"Dir::State::status={apt}/status", f"Dir::Cache={apt}/cache",
                   f"Dir::Etc::sourcelist={apt}/sources.list", "Dir::Etc::sourceparts=/dev/null", "APT::Sandbox::User=",
                   "Acquire::Languages=none", "APT::Architecture=arm64", "APT::Architectures=arm64",
                   "Acquire::Retries=2", "Acquire::http::Timeout=20", "APT::Update::Error-Mode=any"):
        options += ["-o", option]
    run("apt-get", *options, "update")
    return options


def kernel_package(options: list[str]) -> str:
    """The package that linux-image-arm64 stands for."""
    depends = run("apt-cache", *options, "depends", "linux-image-arm64")
    return next(line.split()[-1] for line in depends.splitlines() if "Depends: linux-image-" in line)


def unpack(apt: Path, options: list[str], packages: list[str]) -> Path:
    """Fetches packages and unpacks them, all into one folder."""
    run("apt-get", *options, "download", *packages, cwd=apt / "download")
    for archive in sorted((apt / "download").glob("*.deb")):
        run("dpkg-deb", "--extract", archive, apt / "unpacked")
    return apt / "unpacked"


def fetch_kernel(kernel: Path) -> None:
    """Debian's kernel package, unpacked for its image alone."""
    apt = OUT / "apt"
    options = private_apt(apt)
    image = next((unpack(apt, options, [kernel_package(options)]) / "boot").glob("vmlinuz-*"))
    shutil.copy(image, kernel.with_suffix(".new"))
    kernel.with_suffix(".new").rename(kernel)
    shutil.rmtree(apt)


def entry(name: str, mode: int, data: bytes, device: tuple[int, int] = (0, 0)) -> bytes:
    """One entry of a newc archive. Spec: Linux, Documentation/driver-api/early-userspace/buffer-format.rst."""
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def make_ramdisk(ramdisk: Path) -> None:
    """The program as /init, and a console for it to print on."""
    program = OUT / "init"
    run(*INIT_BUILD, "-o", program, HERE / "init.S")
    parts = (entry("dev", 0o040755, b""), entry("dev/console", 0o020600, b"", (5, 1)),
             entry("init", 0o100755, program.read_bytes()), entry("TRAILER!!!", 0, b""))
    ramdisk.write_bytes(b"".join(parts))


def main() -> int:
    """The program."""
    OUT.mkdir(parents=True, exist_ok=True)
    kernel, ramdisk = OUT / "linux.img", OUT / "linux-init.cpio"
    try:
        if not kernel.exists():
            print("fetching: Debian's arm64 kernel", flush=True)
            fetch_kernel(kernel)
        make_ramdisk(ramdisk)
    except (RuntimeError, OSError, StopIteration) as error:
        print(f"cannot be had here: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
