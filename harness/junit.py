# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""JUnit XML, the one form in which every stage of the suite hands over what it found."""
from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")


@dataclass
class Item:
    """One test of a stage. `failure` and `skipped` are one line; `text` is all a person needs to see."""

    name: str
    seconds: float = 0.0
    failure: str = ""
    kind: str = "FAIL"
    skipped: str = ""
    text: str = ""


@dataclass
class Stage:
    """A stage and its tests."""

    name: str
    items: list[Item] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def counts(self) -> tuple[int, int, int]:
        """Passed, failed, skipped."""
        failed = sum(bool(item.failure) for item in self.items)
        skipped = sum(bool(item.skipped) and not item.failure for item in self.items)
        return len(self.items) - failed - skipped, failed, skipped

    def write(self, path: Path) -> None:
        """Writes the stage as one JUnit file."""
        _, failed, skipped = self.counts
        suite = ET.Element("testsuite", name=self.name, tests=str(len(self.items)), failures=str(failed), errors="0",
                           skipped=str(skipped), time=f"{self.seconds:.3f}")
        for item in self.items:
            case = ET.SubElement(suite, "testcase", classname=self.name, name=clean(item.name),
                                 time=f"{item.seconds:.3f}")
            if item.failure:
                ET.SubElement(case, "failure", type=item.kind, message=clean(item.failure)).text = clean(item.text)
            elif item.skipped:
                ET.SubElement(case, "skipped", message=clean(item.skipped))
            elif item.text:
                ET.SubElement(case, "system-out").text = clean(item.text)
        root = ET.Element("testsuites")
        root.append(suite)
        ET.indent(root)
        replace_file(path, ET.tostring(root, encoding="utf-8", xml_declaration=True))


def replace_file(path: Path, data: bytes) -> None:
    """Writes a file in one step, whoever else reads or writes it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(data)
    part.rename(path)


def clean(text: str) -> str:
    """Text without what XML 1.0 cannot hold: a guest may print anything."""
    return NOT_XML.sub("\ufffd", text)


def read(path: Path) -> Stage:
    """A stage from a JUnit file, by this module or another program."""
    stage = Stage(path.stem)
    for suite in ET.parse(path).getroot().iter("testsuite"):
        stage.seconds += float(suite.get("time") or 0)
        for case in suite.iter("testcase"):
            item = Item(case.get("name", "?"), float(case.get("time") or 0))
            problem = case.find("failure")
            problem = case.find("error") if problem is None else problem
            skipped, out = case.find("skipped"), case.find("system-out")
            if problem is not None:
                item.failure, item.kind = problem.get("message") or "failed", problem.get("type") or "FAIL"
                item.text = problem.text or ""
            elif skipped is not None:
                item.skipped = skipped.get("message") or "skipped"
            if out is not None and out.text and not item.text:
                item.text = out.text
            stage.items.append(item)
    return stage
