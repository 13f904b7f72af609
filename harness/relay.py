# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A cable between a guest and QEMU's own network that loses, delays, repeats and reorders frames: of a seed, always the same ones."""
from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from dataclasses import dataclass

from harness.machine import Machine
from harness.wire import Wire, begin, join_user


@dataclass(frozen=True)
class Faults:
    """Parts of 1 of all frames, each way; `delay_s` is what those have that are late, and so come behind others."""

    loss: float = 0.0
    repeat: float = 0.0
    late: float = 0.0
    delay_s: float = 0.003
    every_s: float = 0.0  # of every frame


class Way:
    """One direction: frames leave when their time has come."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self._faults, self._dice = faults, random.Random(seed)
        self._waiting: list[tuple[float, int, bytes]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self.to: Wire | None = None
        self.frames = self.lost = self.bytes = 0
        self.cut = False  # nothing passes
        threading.Thread(target=self._carry, name="relay", daemon=True).start()

    def take(self, frame: bytes) -> None:
        with self._changed:
            self.frames += 1
            self.bytes += len(frame)
            copies = 1 + (self._dice.random() < self._faults.repeat)
            if self.cut or self._dice.random() < self._faults.loss:
                self.lost += 1
                return
            for _ in range(copies):
                late = self._faults.delay_s if self._dice.random() < self._faults.late else 0.0
                heapq.heappush(self._waiting, (time.monotonic() + self._faults.every_s + late, next(self._numbers), frame))
            self._changed.notify()

    def _carry(self) -> None:
        while True:
            with self._changed:
                while not self._waiting or self._waiting[0][0] > time.monotonic():
                    self._changed.wait(self._waiting[0][0] - time.monotonic() if self._waiting else None)
                due = []
                while self._waiting and self._waiting[0][0] <= time.monotonic():
                    due.append(heapq.heappop(self._waiting)[2])
            if self.to:
                self.to.send(*due)


class Relay:
    """Both ways. The guest is let go; forwards lead through it (usernet.forward(..., network="user"))."""

    def __init__(self, machine: Machine, faults: Faults, seed: int = 1) -> None:
        self.out, self.back = Way(faults, 2 * seed), Way(faults, 2 * seed + 1)
        self.back.to = Wire(machine, self.out.take, 0)
        self.out.to = Wire(machine, self.back.take, 1)
        join_user(machine, 1)
        begin(machine)
