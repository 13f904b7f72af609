# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Manifests: what is taken agrees with TOML, what is refused names file, line and key."""
import re
import sys
import tomllib
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import ROOT  # noqa: E402
from manifest_table import PLAIN, PQ, REFUSED, TAKEN, P  # noqa: E402
from rumpklib import capabilities, manifest, manifest_files, manifest_net, manifest_values  # noqa: E402
from rumpklib.errors import BadInput  # noqa: E402


class ManifestTest(unittest.TestCase):
    def test_refuses_and_names_line_and_key(self) -> None:
        for text, why in REFUSED.items():
            with self.subTest(text=text), self.assertRaises(BadInput) as caught:
                manifest.parse(text.encode())
            self.assertTrue(str(caught.exception).startswith("manifest.toml:" + why), f"{why}: {caught.exception}")

    def test_refuses_broken_utf8(self) -> None:
        with self.assertRaisesRegex(BadInput, "^manifest.toml:2: not UTF-8"):
            manifest.parse(b'name = "a"\nexec = "\xff"\n')

    def test_takes_what_toml_says(self) -> None:
        for text in TAKEN:
            with self.subTest(text=text):
                ours, toml = manifest.parse(text.encode()), tomllib.loads(text)
                self.assertEqual(ours.name, toml["name"])
                theirs = toml.get("process", [toml])
                self.assertEqual(len(ours.processes), len(theirs))
                for process, table in zip(ours.processes, theirs):
                    self.assertEqual(process.name, table.get("name", toml["name"]))
                    self.assertEqual(process.exec, table["exec"])
                    self.assertEqual(process.args, table.get("args", []))
                    self.assertEqual(process.env, table.get("env", []))
                    self.assertEqual(process.restart, table.get("restart", "never"))
                    self.assertEqual(process.cpu, table.get("cpu"))
                    self.assertEqual(process.capabilities, table.get("capabilities", {}))

    def test_sizes_are_bytes_and_times_nanoseconds(self) -> None:
        sized = manifest.parse((PLAIN + 'memory = "2M"\nstack = "8K"\nrestart = "always"\nbackoff = "2s"\n').encode()).processes[0]
        self.assertEqual((sized.memory_bytes, sized.stack_bytes, sized.backoff_ns), (2 << 20, 8 << 10, 2_000_000_000))

    def test_what_is_not_said_has_a_default(self) -> None:
        plain = manifest.parse(PLAIN.encode()).processes[0]
        self.assertEqual((plain.memory_bytes, plain.stack_bytes, plain.threads, plain.cpu), (1 << 20, 64 << 10, 16, None))
        self.assertEqual((plain.restart, plain.restarts, plain.backoff_ns, plain.launch, plain.jit), ("never", 0, 0, False, False))
        again = manifest.parse((PLAIN + 'restart = "on-failure"\n').encode()).processes[0]
        self.assertEqual((again.restarts, again.backoff_ns), (10, 10_000_000))

    def test_main_is_the_first_unless_one_says_so(self) -> None:
        self.assertEqual(manifest.parse(PQ.encode()).main, 0)
        self.assertEqual(manifest.parse((PQ + "main = true\n").encode()).main, 1)

    def test_an_only_process_has_the_name_of_the_bundle(self) -> None:
        self.assertEqual(manifest.parse(b'name = "a"\n[[process]]\nexec = "x"\n').processes[0].name, "a")
        self.assertEqual(manifest.parse(P.encode()).processes[0].name, "p")


class NetTest(unittest.TestCase):
    def test_rules_are_ports_of_networks(self) -> None:
        net = manifest.parse((PLAIN + '[net]\nlisten = ["tcp:80", "udp:*"]\nconnect = ["10.0.2.0/24:1-2/udp", "*:443/tcp"]\n').encode())
        assert net.processes[0].net is not None
        self.assertEqual([(rule.protocol, rule.first, rule.last, str(rule.network)) for rule in net.processes[0].net.rules()], [
            ("tcp", 80, 80, "None"), ("udp", 1, 65535, "None"), ("udp", 1, 2, "10.0.2.0/24"), ("tcp", 443, 443, "None")])

    def test_no_table_is_no_network(self) -> None:
        self.assertIsNone(manifest.parse(PLAIN.encode()).processes[0].net)
        self.assertEqual(manifest.parse((PLAIN + "[net]\n").encode()).processes[0].net, manifest_net.Net())


class PageTest(unittest.TestCase):
    """docs/manifest.md says what is so."""

    PAGE = (ROOT / "docs/manifest.md").read_text(encoding="utf-8")

    def test_its_examples_are_taken(self) -> None:
        examples = re.findall(r"```toml\n(.*?)```", self.PAGE, re.DOTALL)
        whole = [text if text.startswith("name") else PLAIN + text for text in examples]
        self.assertEqual([len(manifest.parse(text.encode()).processes) for text in whole], [1, 2, 1, 1, 1])

    def test_it_names_every_key(self) -> None:
        named = re.findall(r"^\| `([a-z_]+)` \|", self.PAGE, re.MULTILINE)
        self.assertEqual(sorted(named), sorted([
            *manifest_values.KEYS, *capabilities.KNOWN, *manifest_net.NET_KEYS, *manifest_net.NETWORK_KEYS,
            *manifest_files.KNOWN, "optional", "post_mortem", "tmp_bytes"]))

    def test_it_names_every_capability_and_right(self) -> None:
        rows = dict(re.findall(r"^\| `([a-z]+)` \| ((?:`[a-z]+`(?:, )?)+) \|", self.PAGE, re.MULTILINE))
        self.assertEqual({name: rights.replace("`", "") for name, rights in rows.items()},
                         {name: ", ".join(known.rights) for name, known in capabilities.KNOWN.items()})


if __name__ == "__main__":
    unittest.main()
