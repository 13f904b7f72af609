# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Which functions a test's machine runs, by the plugin that counts instructions: a mutant of a function that a test never
enters cannot fail it, so that test is not booted.

By function, not by line: the optimiser moves lines about within one. What stands outside functions, and what is not C, is
taken as reached by every test.
"""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterable

from harness import paths, suite
from harness.counting import Image, kernel
from harness.cover_lines import guest_lines, line_table
from harness.mutant_operators import functions, masked

#: What is reached, as `file:function`.
Places = set[str]


def places_of(text: str) -> dict[int, str]:
    """The function of each line of a C file, counted from 1; macros are not in one."""
    lines = masked(text)
    return {at + 1: name for at, name in functions(lines) if not lines[at].startswith("#")}


def place(file: str, line: int, root: Path = paths.ROOT) -> str:
    """Where a line (counted from 0) is, as `file:function`; nothing where that is in no function."""
    if not file.endswith(".c"):
        return ""
    name = places_of((root / file).read_text(encoding="utf-8")).get(line + 1, "")
    return f"{file}:{name}" if name else ""


class Counting:
    """Boots cases with the plugin; remembers each image's line table."""

    def __init__(self, folder: Path) -> None:
        self.counts = folder / "reach.counts"
        self.images: dict[Path, tuple[Image, list[tuple[str, int, int, int]]] | None] = {}
        self.names: dict[str, dict[int, str]] = {}

    def _image(self, path: Path) -> tuple[Image, list[tuple[str, int, int, int]]] | None:
        if path not in self.images:
            image = Image.beside(path)
            self.images[path] = (replace(image, counts=self.counts), line_table(image.elf)) if image else None
        return self.images[path]

    def reached(self, case: suite.Case, boot: Callable[[suite.Case], object]) -> Places | None:
        """What a case's machine ran; None where that cannot be counted."""
        found = self._image(kernel(case.machine))
        if found is None:
            return None
        image, table = found
        self.counts.unlink(missing_ok=True)
        boot(image.count(case))
        if not self.counts.exists():
            return None
        ran = guest_lines(table, self.counts.read_bytes(), image.base)
        return set(self._places(ran))

    def _places(self, ran: dict[str, dict[int, int]]) -> Iterable[str]:
        for file, counts in ran.items():
            if not file.endswith(".c") or not (paths.ROOT / file).is_file():
                continue
            if file not in self.names:
                self.names[file] = places_of((paths.ROOT / file).read_text(encoding="utf-8"))
            names = self.names[file]
            yield from {f"{file}:{names[line]}" for line, count in counts.items() if count and line in names}


class Reach:
    """What each test reaches, for as long as the build is the same. A test that was not counted reaches everything."""

    def __init__(self, by_test: dict[str, list[str]]) -> None:
        self.by_test = {test: frozenset(places) for test, places in by_test.items()}

    def reaches(self, test: str, where: str) -> bool:
        """Whether a test can tell what happens in a place."""
        return not where or test not in self.by_test or where in self.by_test[test]
