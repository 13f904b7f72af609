# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Compilers for Linux programs: Debian's cross compiler with musl, and Go's, Rust's and OCaml's own, unpacked beside the tree.

What tools/toolchains/<name>.lock names is unpacked into build/linux/<name>. The compilers themselves run on this machine; they are Debian's
packages for it, so another kind of machine has a lock of its own, made when it is first asked for.
"""
from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

from . import debian, debian_lock, ocaml
from .debian import Package
from .errors import BadInput

ROOT = debian.ROOT
BIN = ROOT / "tools/bin"
LOCKS = ROOT / "tools/toolchains"
#: Of the C library that every machine of ours has: two of one process do not mix.
_HOSTS_OWN = {"libc6", "libgcc-s1", "libstdc++6", "gcc-12-base", "libcrypt1"}
#: Name: packages that run on this machine, and packages for the target.
TOOLCHAINS: dict[str, tuple[list[str], list[str]]] = {
    "musl": ([], ["musl-dev", "linux-libc-dev"]),
    "go": (["golang-1.19-go", "golang-1.19-src"], []),
    "rust": (["rustc", "libstd-rust-1.63"], ["libstd-rust-dev"]),
    "ocaml": (ocaml.RUNS_HERE, ocaml.PACKAGES),
    "ocaml-cohttp": (ocaml.RUNS_HERE, ocaml.COHTTP_PACKAGES),
}


def _lock(name: str) -> Path:
    return LOCKS / (f"{name}-{debian.native_architecture()}.lock" if TOOLCHAINS[name][0] else f"{name}.lock")


def lock(name: str) -> None:
    """Locks a toolchain to what Debian has now."""
    here, target = TOOLCHAINS[name]
    chosen: list[Package] = []
    with debian.alone(debian.folder()):
        if here:
            apt = debian.Apt(debian.native_architecture())
            apt.update()
            chosen += [one for one in debian_lock.resolve(here, apt.packages()) if one.name not in _HOSTS_OWN]
        if target:
            apt = debian.Apt(debian.TARGET)
            apt.update()
            chosen += [apt.packages()[one] for one in target]
    debian_lock.write(_lock(name), chosen, f"the toolchain {name}", f"tools/rumpk toolchain --lock {name}")


def root(name: str) -> Path:
    """The folder of a toolchain, which is fetched where it is not there."""
    if not _lock(name).exists():
        lock(name)
    packages = debian_lock.read(_lock(name))
    here = debian.Apt(debian.native_architecture())
    target = debian.Apt(debian.TARGET)
    return debian.unpack(packages, debian.folder() / name, lambda one: target if one.architecture == debian.TARGET else here)


def _run(command: list[str | Path], source: Path, **environment: str) -> None:
    done = subprocess.run([str(word) for word in command], env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise BadInput(f"{source}: does not compile:\n{(done.stdout + done.stderr).rstrip()}")


def _compile_go(source: Path, output: Path) -> None:
    home = root("go")
    _run([home / "usr/lib/go-1.19/bin/go", "build", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", output.resolve(), source.resolve()], source,
         GOROOT=str(home / "usr/lib/go-1.19"), GOOS="linux", GOARCH="arm64", CGO_ENABLED="0", GO111MODULE="off", GOFLAGS="",
         GOCACHE=str(debian.folder() / "go-cache"), GOPATH=str(debian.folder() / "go-path"))


def _compile_rust(source: Path, output: Path) -> None:
    home = root("rust")
    libraries = sorted({str(path.parent) for path in home.glob("usr/lib/*-linux-gnu/*.so*")})
    _run([home / "usr/bin/rustc", "--sysroot", home / "usr", "--target", "aarch64-unknown-linux-gnu", "-C", "linker=aarch64-linux-gnu-gcc",
          "-C", "target-feature=+crt-static", "-C", "strip=symbols", "-C", "opt-level=2", f"--remap-path-prefix={source.parent}=.",
          "-o", output, source], source, LD_LIBRARY_PATH=":".join(libraries))


def _compile_ocaml(source: Path, output: Path) -> None:
    root("musl")
    home = root(ocaml.toolchain_of(source.read_text(encoding="utf-8")))
    ocaml.compile_source(home, BIN / "aarch64-rumpk-gcc", LOCKS / "glibc_compat.c", source, output)


def compile_source(source: Path, output: Path) -> None:
    """Compiles one file to a static program, by what its name ends with."""
    if not source.is_file():
        raise BadInput(f"{source}: no such file")
    if source.suffix == ".go":
        _compile_go(source, output)
    elif source.suffix == ".rs":
        _compile_rust(source, output)
    elif source.suffix == ".ml":
        _compile_ocaml(source, output)
    elif source.suffix == ".c":
        root("musl")
        _run([BIN / "aarch64-rumpk-gcc", "-O2", "-s", "-o", output, source], source)
    else:
        _run([BIN / "aarch64-rumpk-g++", "-O2", "-s", "-o", output, source], source)


def add(sub: argparse._SubParsersAction) -> None:
    """`rumpk toolchain`."""
    parser = sub.add_parser("toolchain", help="fetch what compiles Linux programs",
                            description="Fetches and unpacks what compiles Linux programs, and says where it is: musl (with tools/bin/"
                                        "aarch64-rumpk-gcc), go, rust, ocaml, ocaml-cohttp.")
    parser.add_argument("name", metavar="NAME", nargs="?", choices=sorted(TOOLCHAINS), default="musl", help="musl (the default), go, rust, ocaml, ocaml-cohttp")
    parser.add_argument("--lock", action="store_true", help="first take the versions that Debian has now")
    parser.set_defaults(function=_command)


def _command(arguments: argparse.Namespace) -> int:
    if arguments.lock:
        lock(arguments.name)
    print(root(arguments.name))
    return 0
