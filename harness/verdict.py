# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The verdict: one pure function from what was expected and what was seen to one named verdict with its cause.

    PASS          everything asked for was seen, and nothing bad
    FAIL          the guest ran and ended, and something was not right
    PANIC         the kernel said so
    HANG          the guest did not end: it spins, idles or floods the console
    HOST-TIMEOUT  the host did not let it run, or killed it: says nothing about the guest
    RESET         the guest reset the machine
    NO-START      QEMU never ran the guest
    PROTOCOL      the result channel broke its own rules
    SKIP          the guest has nothing to say about this, and says why

A pass needs all of: exit status, nonce, markers in order as whole lines, no bad pattern up to end of file, no guest
error, exactly the expected machine events, and a complete plan where the image has one. Exit status 0 alone is
nothing: QEMU also gives it after a reset, a power-off, a SIGTERM, and for a guest that ends with 256.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from harness import result

PASS, FAIL, PANIC, HANG, HOST_TIMEOUT = "PASS", "FAIL", "PANIC", "HANG", "HOST-TIMEOUT"
RESET, NO_START, PROTOCOL, SKIP = "RESET", "NO-START", "PROTOCOL", "SKIP"

#: What must not be in any line of a console (regular expressions).
BAD_PATTERNS = (r"\bBUG\b", r"\b[Ll]eak(s|ed)?\b", r"\bASSERT", r"\bVERIFY\b", r"unhandled exception", r"WARNING:")
PANIC_LINE = re.compile(r"PANIC: .*")
QUOTED_MAX = 200  # of a line that a verdict quotes: a hostile guest's may be megabytes
EXIT_LINE = re.compile(r"proc: process 1 exited with code (-?\d+)")
PATTERN_MARK = "re:"  # a marker that begins so is a regular expression for the whole line


@dataclass(frozen=True)
class Expectation:
    """What a run must show. A marker is a whole line; one that begins with `re:` is a regular expression for it."""

    status: int = 0
    markers: tuple[str, ...] = ()
    nonce: str | None = None
    says_nonce: bool = True          # False where it ends before it can, or cannot read its command line
    shutdowns: tuple[str, ...] = ()  # reasons of QMP's SHUTDOWN events; semihosting's exit gives none
    panics: bool = False             # a panic is what the test asks for
    ktap: bool = False               # the image reports on the result channel
    bad: tuple[str, ...] = BAD_PATTERNS
    known_errors: tuple[str, ...] = ()  # lines of QEMU's, such as guest errors, that are no fault (regular expressions)


@dataclass(frozen=True)
class Observation:
    """What a run showed. `how` as in machine.Ending, or `no-qemu`."""

    how: str
    status: int | None
    console: bytes = b""
    results: bytes = b""
    started: bool = True
    shutdowns: tuple[str, ...] = ()
    stderr: str = ""
    script_error: str = ""    # what a pexpect script complained of
    starved: bool = False     # the host kept QEMU waiting for most of the time
    budget: str = ""          # the budget in words, for the cause


@dataclass(frozen=True)
class Verdict:
    """A verdict, its cause (a short fixed name) and the detail a person needs."""

    name: str
    cause: str = ""
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether this is no failure."""
        return self.name in (PASS, SKIP)

    @property
    def host_fault(self) -> bool:
        """Whether this tells of the host, not of the guest."""
        return self.name == HOST_TIMEOUT or self.cause == "no-qemu"

    @property
    def signature(self) -> str:
        """The same for the same failure: without addresses, numbers, nonces."""
        detail = re.sub(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8,}\b|[0-9]+", "<n>", self.detail)
        return f"{self.name} {self.cause} {detail}".strip()

    def __str__(self) -> str:
        return " ".join(part for part in (self.name, self.cause and f"({self.cause})", self.detail) if part)


def judge(want: Expectation, seen: Observation) -> Verdict:
    """The verdict of a run: the first of these that has something to say."""
    results = result.parse(seen.results) if want.ktap else None
    lines = whole_lines(seen.console)
    return (_start(seen) or _panic(want, lines) or _reset(want, seen) or _unended(want, seen, lines)
            or _host(seen) or _protocol(want, seen, results) or _status(want, seen, lines, results)
            or _console(want, seen, lines) or _machine(want, seen) or _guest_tests(results)
            or Verdict(PASS))


def whole_lines(console: bytes) -> list[str]:
    """The console's whole lines without line ends; what follows the last line end comes last, often empty."""
    return [line.rstrip("\r") for line in console.decode("utf-8", "replace").split("\n")]


def _held_up(seen: Observation) -> bool:
    """Whether it did not end because the host did not let it run."""
    return seen.how == "stopped" or (seen.how in ("wall", "idle") and seen.starved)


def _start(seen: Observation) -> Verdict | None:
    if seen.how == "no-qemu" or (not seen.started and seen.stderr.startswith("setpriv:")):
        return Verdict(NO_START, "no-qemu", seen.stderr.strip())
    if not seen.started and not _held_up(seen):
        return Verdict(NO_START, "not-run", _first_line(seen.stderr) or f"QEMU ended with {seen.status}")
    return None


def _panic(want: Expectation, lines: list[str]) -> Verdict | None:
    if want.panics:
        return None
    for line in lines:
        if PANIC_LINE.match(line):
            return Verdict(PANIC, "panic", line)
    return None


def _reset(want: Expectation, seen: Observation) -> Verdict | None:
    if "guest-reset" in seen.shutdowns and "guest-reset" not in want.shutdowns:
        return Verdict(RESET, "guest-reset", "the guest reset the machine")
    return None


def _last(lines: list[str]) -> str:
    """The last line that says something, as much of it as one can read."""
    return next((line for line in reversed(lines) if line), "")[:QUOTED_MAX]


def _unended(want: Expectation, seen: Observation, lines: list[str]) -> Verdict | None:
    if seen.how == "exited":
        return None
    missing = first_missing(want.markers, lines)
    at = f"before marker {missing!r}" if missing else "after the last marker"
    script = f"its script: {seen.script_error}; " if seen.script_error else ""
    detail = f"{script}{at}; last line: {_last(lines)!r}; {seen.budget}".rstrip("; ")
    if _held_up(seen):
        return Verdict(HOST_TIMEOUT, "stopped" if seen.how == "stopped" else "starved", detail)
    return Verdict(HANG, {"cpu": "spins", "flood": "floods", "idle": "idles"}.get(seen.how, "wall-cap"), detail)


def _host(seen: Observation) -> Verdict | None:
    by_host = [reason for reason in seen.shutdowns if reason.startswith("host-")]
    if by_host or seen.status is None or seen.status < 0:
        what = by_host[0] if by_host else f"signal {-(seen.status or 0)}"
        return Verdict(HOST_TIMEOUT, "qemu-killed", f"QEMU was ended by {what}")
    return None


def _protocol(want: Expectation, seen: Observation, results: result.Results | None) -> Verdict | None:
    if results is None:
        return None
    if results.error and (seen.results or seen.status == want.status):
        return Verdict(PROTOCOL, "ktap", results.error)
    if want.nonce is not None and not results.error and results.nonce != want.nonce:
        return Verdict(PROTOCOL, "nonce", f"the results are of nonce {results.nonce}, not {want.nonce}")
    return None


def _status(want: Expectation, seen: Observation, lines: list[str], results: result.Results | None) -> Verdict | None:
    if seen.status != want.status:
        bad = f"; not ok: {', '.join(test.name for test in results.failed)}" if results and results.failed else ""
        return Verdict(FAIL, "status", f"exit status {seen.status}, not {want.status}{bad}")
    said = [int(found[1]) for line in lines if (found := EXIT_LINE.fullmatch(line))]
    if said and machine_status(said[-1]) != want.status:
        return Verdict(FAIL, "status", f"exit status {seen.status}, but the guest says it ended with {said[-1]}")
    return None


def machine_status(code: int) -> int:
    """What the machine ends with for a process's exit code: codes outside 0 to 125 become 125 (docs/abi.md)."""
    return code if 0 <= code <= 125 else 125


def _console(want: Expectation, seen: Observation, lines: list[str]) -> Verdict | None:
    if want.nonce is not None and want.says_nonce and not want.ktap and f"boot: nonce {want.nonce}" not in lines[:-1]:
        other = next((line for line in lines if line.startswith("boot: nonce ")), "no nonce at all")
        return Verdict(FAIL, "nonce", f"{other!r} is not this run's {want.nonce}")
    missing = first_missing(want.markers, lines)
    if missing is not None:
        return Verdict(FAIL, "marker", f"no line {missing!r} in its place; last line: {_last(lines)!r}")
    for line in lines:
        for pattern in want.bad:
            if re.search(pattern, line):
                return Verdict(FAIL, "bad-pattern", line[:QUOTED_MAX])
    if lines[-1]:
        return Verdict(FAIL, "half-line", f"the console ends in the middle of a line: {lines[-1]!r}")
    return Verdict(FAIL, "script", seen.script_error) if seen.script_error else None


def _machine(want: Expectation, seen: Observation) -> Verdict | None:
    for line in seen.stderr.splitlines():
        if line.strip() and not any(re.search(pattern, line) for pattern in want.known_errors):
            return Verdict(FAIL, "guest-error", line.strip())
    if seen.shutdowns != want.shutdowns:
        return Verdict(FAIL, "events", f"shutdowns {list(seen.shutdowns)}, not {list(want.shutdowns)}")
    return None


def _guest_tests(results: result.Results | None) -> Verdict | None:
    if results is None:
        return None
    if results.failed:
        first = results.failed[0]
        names = ", ".join(test.name for test in results.failed)
        return Verdict(FAIL, "guest-test", f"not ok: {names}" + (f" ({first.why})" if first.why else ""))
    if results.skip_all is not None:
        return Verdict(SKIP, "guest", results.skip_all)
    return None


def first_missing(markers: tuple[str, ...], lines: list[str]) -> str | None:
    """The first marker that is not, in its order, a whole line; None where all are there."""
    rest = iter(lines[:-1])
    for marker in markers:
        pattern = marker[len(PATTERN_MARK):] if marker.startswith(PATTERN_MARK) else re.escape(marker)
        if not any(re.fullmatch(pattern, line) for line in rest):
            return marker
    return None


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]
