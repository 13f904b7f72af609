# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Manifests: what is taken agrees with TOML, what is refused names file, line and key."""
import sys
import tomllib
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402,F401
from rumpklib import manifest  # noqa: E402
from rumpklib.errors import BadInput  # noqa: E402

PLAIN = 'name = "a"\nexec = "b"\n'

#: Text, and what the error must say behind `manifest.toml:`.
REFUSED = {
    "": "name: missing",
    'name = "a"\n': "exec: missing",
    'name = "A"\nexec = "b"\n': "1: name: must be",
    f'name = "{"a" * 33}"\nexec = "b"\n': "1: name: must be",
    'name = 1\nexec = "b"\n': "1: name: must be a string",
    'name = "a"\nexec = "../b"\n': "2: exec: must be a relative path",
    'name = "a"\nexec = "/b"\n': "2: exec: must be a relative path",
    PLAIN + 'colour = "red"\n': "3: colour: unknown key",
    PLAIN + 'exec = "c"\n': "3: exec: given twice",
    PLAIN + "[network]\n": "3: network: unknown table",
    PLAIN + "[capabilities]\n[capabilities]\n": "4: capabilities: given twice",
    PLAIN + '[capabilities]\nroot = ["x"]\n': "4: root: unknown capability",
    PLAIN + '[capabilities]\nconsole = ["read"]\n': '4: console: unknown right "read"',
    PLAIN + "[capabilities]\nconsole = []\n": "4: console: no rights",
    PLAIN + '[capabilities]\nconsole = "write"\n': "4: console: must be an array",
    PLAIN + "[capabilities]\nconsole = true\n": "4: console: must be an array",
    PLAIN + 'args = ["a",, "b"]\n': "3: an array holds strings",
    PLAIN + "args = [1]\n": "3: an array holds strings",
    PLAIN + "args = [" + '"a",' * 17 + "]\n": "3: args: more than 16",
    PLAIN + f'args = ["{"x" * 1024}"]\n': "3: args: arguments take more",
    PLAIN + 'memory = "1"\n': "3: memory: must be a size",
    PLAIN + "memory = 4096\n": "3: memory: must be a string",
    PLAIN + 'memory = "5K"\n': "3: memory: must be a multiple",
    PLAIN + 'memory = "0M"\n': "3: memory: must be a multiple",
    PLAIN + 'memory = "5000000000K"\n': "3: memory: too large",
    PLAIN + 'stack = "1M"\n': "3: stack: must be smaller",
    PLAIN + 'memory = "64K"\n': "3: stack: must be smaller",
    PLAIN + "a.b = 1\n": "3: a: no =",
    PLAIN + '"name" = 1\n': "3: a key is",
    PLAIN + "[[capabilities]]\n": "3: a key is",
    PLAIN + "memory = '1M'\n": "3: a value is",
    PLAIN + "memory = 1.5\n": "3: a value is",
    PLAIN + 'memory = """1M"""\n': "3: no multi-line",
    PLAIN + 'memory = "1M" stack = "4K"\n': "3: nothing may follow",
    PLAIN + 'memory = "1M\n': "3: unclosed string",
    PLAIN + 'args = ["\\x41"]\n': "3: unclosed string",
    PLAIN + 'args = ["\\u0000"]\n': "3: \\u0000 is not",
    PLAIN + 'args = ["\\ud800"]\n': "3: \\ud800 is not",
    PLAIN + "# bell \a\n": "3: control character",
    PLAIN + "# cr \r here\n": "3: control character",
}

TAKEN = (
    PLAIN,
    PLAIN.replace("\n", "\r\n"),
    "# first\n\n\t name\t=\t\"a-1\" # why\nexec=\"b/c.d\"",
    PLAIN + 'args = [\n  "one", # first\n  "t\\two\\n\\"\\\\",\n  "\\u00e9\ttab",\n]\nmemory = "2M"\nstack = "8K"\n',
    PLAIN + "args = []\n[ capabilities ] # given\nconsole = [\"write\"]\n",
)


class ManifestTest(unittest.TestCase):
    def test_refuses_and_names_line_and_key(self) -> None:
        for text, why in REFUSED.items():
            with self.subTest(text=text), self.assertRaises(BadInput) as caught:
                manifest.parse(text.encode())
            self.assertTrue(str(caught.exception).startswith(("manifest.toml:" + why, "manifest.toml: " + why)),
                            str(caught.exception))

    def test_refuses_broken_utf8(self) -> None:
        with self.assertRaisesRegex(BadInput, "^manifest.toml:2: not UTF-8"):
            manifest.parse(b'name = "a"\nexec = "\xff"\n')

    def test_takes_what_toml_says(self) -> None:
        for text in TAKEN:
            with self.subTest(text=text):
                ours, toml = manifest.parse(text.encode()), tomllib.loads(text)
                self.assertEqual(ours.name, toml["name"])
                self.assertEqual(ours.exec, toml["exec"])
                self.assertEqual(ours.args, toml.get("args", []))
                self.assertEqual(ours.capabilities, toml.get("capabilities", {}))

    def test_sizes_are_bytes(self) -> None:
        sized = manifest.parse((PLAIN + 'memory = "2M"\nstack = "8K"\n').encode())
        self.assertEqual((sized.memory_bytes, sized.stack_bytes), (2 << 20, 8 << 10))
        plain = manifest.parse(PLAIN.encode())
        self.assertEqual((plain.memory_bytes, plain.stack_bytes), (1 << 20, 64 << 10))


if __name__ == "__main__":
    unittest.main()
