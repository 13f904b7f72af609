# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Debian's native OCaml compiler for arm64, run on this machine by qemu-user; what it calls, assembler and linker, are this machine's cross tools.

A source says in its first line what it is linked with, as findlib calls it: `(* libraries: lwt.unix *)`. The program is static, with musl;
with the word `dynamic` among the libraries it is dynamic, with glibc, and its recipe names the packages of the shared ones.
"""
from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from .errors import BadInput

RUNS_HERE = ["qemu-user-static"]
#: The compiler, findlib, and Lwt with what that needs.
PACKAGES = [
    "libc6", "libev-dev", "libev4", "libfindlib-ocaml", "libgcc-s1", "liblwt-ocaml", "liblwt-ocaml-dev",
    "libocaml-compiler-libs-ocaml-dev", "libocplib-endian-ocaml", "libocplib-endian-ocaml-dev", "libppx-derivers-ocaml-dev",
    "libppxlib-ocaml-dev", "libreact-ocaml", "libreact-ocaml-dev", "libsexplib0-ocaml", "libsexplib0-ocaml-dev", "ocaml", "ocaml-base", "ocaml-findlib",
]
#: For servers by cohttp besides.
COHTTP_PACKAGES = [
    *PACKAGES,
    "libangstrom-ocaml", "libangstrom-ocaml-dev", "libastring-ocaml", "libastring-ocaml-dev", "libbase-ocaml", "libbase-ocaml-dev",
    "libbase64-ocaml", "libbase64-ocaml-dev", "libbigstringaf-ocaml", "libbigstringaf-ocaml-dev", "libcohttp-lwt-ocaml",
    "libcohttp-lwt-ocaml-dev", "libcohttp-lwt-unix-ocaml", "libcohttp-lwt-unix-ocaml-dev", "libcohttp-ocaml", "libcohttp-ocaml-dev",
    "libconduit-lwt-ocaml", "libconduit-lwt-ocaml-dev", "libconduit-ocaml", "libconduit-ocaml-dev", "libcstruct-ocaml",
    "libcstruct-ocaml-dev", "libdomain-name-ocaml", "libdomain-name-ocaml-dev", "libfmt-ocaml", "libfmt-ocaml-dev", "libipaddr-ocaml",
    "libipaddr-ocaml-dev", "liblogs-ocaml", "liblogs-ocaml-dev", "liblwt-ssl-ocaml", "liblwt-ssl-ocaml-dev", "libmagic-mime-ocaml",
    "libmagic-mime-ocaml-dev", "libnum-ocaml", "libnum-ocaml-dev", "libparsexp-ocaml", "libparsexp-ocaml-dev", "libppx-sexp-conv-ocaml",
    "libppx-sexp-conv-ocaml-dev", "libre-ocaml-dev", "libsexplib-ocaml", "libsexplib-ocaml-dev", "libssl-ocaml", "libssl-ocaml-dev",
    "libstringext-ocaml", "libstringext-ocaml-dev", "liburi-ocaml", "liburi-ocaml-dev", "libssl-dev", "libssl3",
]
#: Threads first: they have a program's main module.
THREADS = "threads.posix"
_FIRST = re.compile(r"\(\* libraries:([a-z0-9._ -]*)\*\)")


def libraries(text: str) -> list[str]:
    """What a source's first line asks for."""
    found = _FIRST.match(text)
    return found[1].split() if found else []


def toolchain_of(text: str) -> str:
    """The toolchain that has them."""
    return "ocaml-cohttp" if any("cohttp" in name for name in libraries(text)) else "ocaml"


def _run(home: Path, words: list[str | Path], source: Path) -> str:
    standard = home / "usr/lib/ocaml"
    config = home.parent / "findlib.conf"
    config.write_text(f'destdir="{standard}"\npath="{standard}"\nstdlib="{standard}"\nldconf="ignore"\n', encoding="utf-8")
    done = subprocess.run([str(word) for word in (home / "usr/bin/qemu-aarch64-static", "-L", home, *words)], stdin=subprocess.DEVNULL,
                          env={**os.environ, "OCAMLLIB": str(standard), "OCAMLFIND_CONF": str(config)}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(f"{source}: does not compile:\n{(done.stdout + done.stderr).rstrip()}")
    return done.stdout


def _query(home: Path, form: str, names: list[str], source: Path) -> list[str]:
    return _run(home, [home / "usr/bin/ocamlfind", "query", "-recursive", "-predicates", "native,mt,mt_posix", form, *names], source).split()


def compile_source(home: Path, compiler: Path, compat: Path, source: Path, output: Path) -> None:
    """Compiles one file. `compiler`: for static programs; `compat`: what of glibc's names musl has not, in C."""
    wanted = libraries(source.read_text(encoding="utf-8"))
    names = [THREADS, *(name for name in wanted if name != "dynamic")] if any("lwt" in name for name in wanted) else \
        [name for name in wanted if name != "dynamic"]
    built = output.with_name(output.name + ".build")
    built.mkdir(parents=True, exist_ok=True)
    copied = built / source.name.replace("-", "_")  # results lie beside it
    copied.write_bytes(source.read_bytes())
    links: list[str | Path] = ["-ccopt", f"-L{home / 'usr/lib/aarch64-linux-gnu'} -s"]
    if "dynamic" not in wanted:
        made = built / "compat.o"
        subprocess.run([compiler, "-O2", "-c", "-o", made, compat], check=True)
        links += ["-cc", compiler, made]
    lists = [*_query(home, "-i-format", names, source), *_query(home, "-a-format", names, source)] if names else []
    _run(home, [home / "usr/bin/ocamlopt.opt", "-o", output, *lists, *links, copied], source)
