# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A copy of the tree in which mutants are built: sources as they are, objects taken over from the tree's own build.

One line is changed, make builds what hangs on it, and then the source and its objects are put back with their old times:
nothing is compiled twice, and every mutant's program is linked anew.
"""
from __future__ import annotations

import filecmp
import os
import shutil
import signal
import subprocess
from pathlib import Path

from harness.mutant_operators import Mutant

SOURCES = ("apps", "capos", "ci", "docs", "fixtures", "hal", "harness", "kernel", "lib", "tests", "tools", "Makefile",
           "VERSION", "LICENSE", "deps.lock")
#: What of a build is taken over; archives of dependencies are shared.
BUILT = ("gen", "kernel", "debug", "host", "capos", "apps", "linux", "plugins", "fixtures", "tests", "librumpk.a", "librumpk-debug.a",
         "libcapos.a", "rumpk.img", "rumpk.elf", "rumpk-release.img", "rumpk.elf.first", "rumpk.elf.ksyms.S")
PREPARE = "all guest-images harness-images test-apps fixtures"
IMAGES = ("build/rumpk.img", "build/tests/guest.img")
BUILD_LIMIT_S = 900
OBJECT_FOLDERS = ("build/kernel", "build/host/asan", "build/host/tsan")
#: Unit programs that cover more than the file whose name they bear.
ALSO = {"lib/toml": ("kernel/payload/manifest",), "lib/cmdline": ("kernel/core/log_filter",), "lib/base64": ("lib/minisign",),
        "lib/utf8": ("lib/toml", "lib/minisign"), "lib/format_spec": ("lib/format",),
        "lib/virtqueue": ("hal/virtio/net", "hal/virtio/block")}
#: Folders whose unit programs cover one another's files.
TOGETHER = ("hal/virtio", "kernel/cap", "kernel/io/fs", "kernel/io/fs/ext4", "kernel/io/net", "kernel/payload")


class Unbuildable(Exception):
    """The tree does not build; its text is the build's output."""


def files_below(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder with its size and time, by relative path."""
    found = {}
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = Path(top, name)
            if not path.is_symlink():
                stat = path.stat()
                found[str(path.relative_to(folder))] = (stat.st_size, stat.st_mtime_ns)
    return found


class Tree:
    """One copy. `origin` has the sources, `build` what a build of them left."""

    def __init__(self, origin: Path, build: Path, folder: Path) -> None:
        self.origin = origin
        self.build = build
        self.folder = folder
        self.needs: dict[str, list[str]] = {}  # what make builds each target of

    def sync(self) -> None:
        """Makes the copy equal to the origin; objects are taken over once."""
        build = self.folder / "build"
        for kept in [*build.glob("kernel/**/*.kept"), *build.glob("host/**/*.kept")]:
            os.replace(kept, kept.with_suffix(""))  # of a run that was cut short
        (build / "librumpk.a").unlink(missing_ok=True)
        if not (build / "ready").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            build.mkdir(parents=True)
            for name in BUILT:
                source = self.build / name
                if source.is_dir():
                    shutil.copytree(source, build / name, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))  # of consoles
                elif source.exists():
                    shutil.copy2(source, build / name)
            (build / "deps").symlink_to((self.build / "deps").resolve())
        self.copy_sources()

    def copy_sources(self) -> None:
        """The sources alone, those that differ. Into a copy that was built already they come as new as they are to it: what was edited
        before that build and copied after it would be older than its object."""
        place = shutil.copyfile if (self.folder / "build" / "ready").exists() else shutil.copy2
        for name in SOURCES:
            source, copy = self.origin / name, self.folder / name
            if source.is_file():
                if not copy.exists() or copy.read_bytes() != source.read_bytes():
                    place(source, copy)
                    copy.chmod(source.stat().st_mode)
                continue
            have, want = files_below(copy) if copy.exists() else {}, files_below(source)
            for gone in have.keys() - want.keys():
                (copy / gone).unlink()
            for path, stat in want.items():
                if have.get(path) != stat and not (path in have and filecmp.cmp(source / path, copy / path, shallow=False)):
                    (copy / path).parent.mkdir(parents=True, exist_ok=True)
                    place(source / path, copy / path)
                    (copy / path).chmod((source / path).stat().st_mode)
            if place is shutil.copy2:
                for top, _, _ in os.walk(source):
                    if (copied := copy / Path(top).relative_to(source)).is_dir():  # not those that hold no files
                        shutil.copystat(top, copied)  # what is generated hangs on folders too

    def make(self, *targets: str, jobs: int = 1) -> str:
        """Builds targets, warnings allowed; nothing, or the output of a build that failed."""
        done = run(["make", "-s", f"-j{jobs}", "WARNINGS=-w", *targets], self.folder, BUILD_LIMIT_S)
        return "" if done[0] == 0 else done[1] or "make failed"

    def prepare(self) -> None:
        """Builds everything that mutants are tested by, unmutated."""
        problem = self.make(*PREPARE.split(), "unit-programs", jobs=2)
        if problem:
            raise Unbuildable(problem)
        (self.folder / "build" / "ready").touch()

    def unit_programs(self, file: str) -> list[str]:
        """The unit programs that cover a source file: those of its name, or of a part of it; then those of its folder, which may
        bear the folder's name and stand beside it."""
        stem = file.rsplit(".", 1)[0]
        parent = str(Path(stem).parent)
        found, around = [], []
        for test in sorted((self.folder / "tests" / "unit").glob("**/*_test.c")):
            unit = str(test.relative_to(self.folder / "tests" / "unit"))[:-len("_test.c")]
            if unit == stem or unit.startswith(stem + "_") or stem.startswith(unit + "_") or unit in ALSO.get(stem, ()):
                found.append(f"build/tests/unit/{unit}_test")
            elif str(Path(unit).parent) == parent in TOGETHER or unit == parent or unit.startswith(parent + "_"):
                around.append(f"build/tests/unit/{unit}_test")
        return found + around

    def made_of(self, program: str) -> set[str]:
        """All that make builds a unit program of, sources too: what is not of it cannot fail it."""
        if not self.needs:
            for line in run(["make", "-npq", "unit-programs"], self.folder, BUILD_LIMIT_S)[1].split("\n"):
                target, colon, needs = line.partition(": ")
                if colon and target.startswith("build/") and " := " not in line:
                    self.needs.setdefault(target, []).extend(needs.split())
        found, waiting = {program}, [program]
        while waiting:
            new = set(self.needs.get(waiting.pop(), ())) - found
            found |= new
            waiting += new
        return found

    def object_code(self, file: str) -> bytes:
        """The kernel's object of a source file without what only a debugger reads: equal for equal code."""
        suffix = ".o" if file.endswith(".c") else ".S.o"
        path = self.folder / "build" / "kernel" / (file[:-2] + suffix)
        bare = path.with_suffix(".bare")
        subprocess.run(["aarch64-linux-gnu-objcopy", "-g", str(path), str(bare)], check=True)
        try:
            return bare.read_bytes()
        finally:
            bare.unlink()

    def object_target(self, file: str) -> str:
        """The kernel's object of a source file, for make."""
        return f"build/kernel/{file[:-2]}" + (".o" if file.endswith(".c") else ".S.o")

    def mutate(self, mutant: Mutant) -> "Mutation":
        """The mutant in place, until the context ends."""
        return Mutation(self, mutant)


class Mutation:
    """One changed line; at its end the source and its objects are as they were, times too."""

    def __init__(self, tree: Tree, mutant: Mutant) -> None:
        self.tree = tree
        self.mutant = mutant
        self.path = tree.folder / mutant.file
        self.kept: list[tuple[Path, Path]] = []
        self.began_ns = 0

    def __enter__(self) -> "Mutation":
        lines = self.path.read_text(encoding="utf-8").split("\n")
        if lines[self.mutant.line] != self.mutant.before:
            raise ValueError(f"{self.mutant.name}: the line is another one")
        stem = self.mutant.file[:-2]
        objects = [self.tree.folder / top / (stem + end) for top in OBJECT_FOLDERS for end in (".o", ".S.o")]
        for path in [self.path, *(path for path in objects if path.exists())]:
            copy = path.with_name(path.name + ".kept")
            shutil.copy2(path, copy)
            self.kept.append((path, copy))
        lines[self.mutant.line] = self.mutant.after
        self.path.write_text("\n".join(lines), encoding="utf-8")
        self.began_ns = self.path.stat().st_mtime_ns
        return self

    def __exit__(self, *_: object) -> None:
        for path, copy in self.kept:
            os.replace(copy, path)
        (self.tree.folder / "build" / "librumpk.a").unlink(missing_ok=True)  # it holds the mutated object
        for path in (self.tree.folder / "build" / "host").glob("*/tests/**/*.o"):  # and so does a test that includes the source
            if path.stat().st_mtime_ns >= self.began_ns:
                path.unlink()


def run(command: list[str], folder: Path, limit_s: float) -> tuple[int, str]:
    """Runs a command in a process group of its own; its status (124: too long by the clock) and what it printed."""
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", process_group=0)
    try:
        output, _ = process.communicate(timeout=limit_s)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return 124, process.communicate()[0]
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
