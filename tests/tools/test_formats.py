# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Archives, bundle headers and the key section of an image: round trips, and every refusal."""
import struct
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
import bad_elf  # noqa: E402
from rumpklib import bundle, cpio, image, minisign  # noqa: E402
from rumpklib.errors import BadInput, Refused  # noqa: E402

FILES = [cpio.file("manifest.toml", b"x"), cpio.directory("bin"), cpio.file("bin/app", bytes(range(256)) * 3, True)]


class CpioTest(unittest.TestCase):
    def test_round_trip(self) -> None:
        self.assertEqual(cpio.read(cpio.write(FILES)), FILES)

    def test_large_files_that_are_no_native_programs_begin_at_a_page(self) -> None:
        content = bad_elf.Elf().build() + bytes(range(1, 256)) * 200
        linux = bad_elf.Elf(segments=(bad_elf.TEXT, bad_elf.DATA)).build()
        entries = [FILES[0], cpio.file("program", content, True), cpio.file("large", content[1:]), cpio.file("small", content[:100]),
                   cpio.file("library.so", linux)]
        archive = cpio.write(entries)
        self.assertEqual(cpio.read(archive), entries)
        self.assertEqual(archive.index(content[1:], archive.index(b"large\0")) % 4096, 0)
        self.assertNotEqual(archive.index(content) % 4096, 0)
        self.assertEqual(archive.index(linux, archive.index(b"library.so\0")) % 4096, 0)

    def test_refuses_every_cut(self) -> None:
        archive = cpio.write(FILES)
        for length in range(len(archive)):
            with self.assertRaises(BadInput):
                cpio.read(archive[:length])

    def test_refuses_bad_names(self) -> None:
        for name in ("", "/a", "a/", "a//b", "./a", "a/..", "..", "a\nb", "x" * 256):
            with self.subTest(name=name), self.assertRaises(BadInput):
                cpio.read(cpio.write([cpio.file(name, b"")]))

    def test_refuses_what_is_no_file(self) -> None:
        for entry in (cpio.Entry("link", 0o110777, b"a"), cpio.Entry("device", 0o020666), cpio.Entry("d", 0o040755, b"x")):
            with self.subTest(entry=entry), self.assertRaisesRegex(BadInput, "neither"):
                cpio.read(cpio.write([entry]))

    def test_links_hold_a_path(self) -> None:
        entries = [FILES[0], cpio.link("sh", "bin/app"), cpio.link("up", "../" * 300)]
        self.assertEqual(cpio.read(cpio.write(entries)), entries)
        for target in ("", "a\0b", "x" * 1024):
            with self.subTest(target=target), self.assertRaisesRegex(BadInput, "holds no path"):
                cpio.read(cpio.write([cpio.link("l", target)]))

    def test_refuses_a_name_twice_and_a_tail(self) -> None:
        with self.assertRaisesRegex(BadInput, "twice"):
            cpio.read(cpio.write([FILES[0], FILES[0]]))
        with self.assertRaisesRegex(BadInput, "follows the trailer"):
            cpio.read(cpio.write(FILES) + b"tail")


class BundleTest(unittest.TestCase):
    def test_round_trip(self) -> None:
        whole = bundle.join(b"signature", b"archive")
        self.assertEqual(bundle.split(whole, "x"), bundle.Bundle(b"signature", b"archive"))

    def test_refuses_a_change_of_any_header_byte(self) -> None:
        whole = bundle.join(b"signature", b"archive")
        for at in [*range(24), *range(25, 32), *range(41, 4096)]:
            with self.assertRaises(BadInput, msg=f"byte {at}"):
                bundle.split(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1:], "x")

    def test_refuses_a_signature_that_does_not_fit(self) -> None:
        with self.assertRaises(BadInput):
            bundle.join(bytes(4065), b"archive")


class SignatureTest(unittest.TestCase):
    def setUp(self) -> None:
        self.text = minisign.sign(b"archive", support.KEYS / "dev.key", "comment")
        self.public = minisign.read_public_key(support.KEYS / "dev.pub")

    def test_holds(self) -> None:
        self.assertEqual(minisign.verify(b"archive", self.text, self.public, "x").trusted_comment, "comment")

    def test_is_the_same_each_time(self) -> None:
        self.assertEqual(self.text, minisign.sign(b"archive", support.KEYS / "dev.key", "comment"))

    def test_refuses_a_flip_of_any_byte(self) -> None:
        for at in range(len(self.text)):
            with self.assertRaises(Refused, msg=f"byte {at}"):
                changed = self.text[:at] + bytes([self.text[at] ^ 1]) + self.text[at + 1:]
                minisign.verify(b"archive", changed, self.public, "x")

    def test_refuses_another_key(self) -> None:
        with self.assertRaisesRegex(Refused, "signed with key .*, not with"):
            minisign.verify(b"archive", self.text, minisign.read_public_key(support.KEYS / "other.pub"), "x")


class ImageTest(unittest.TestCase):
    def setUp(self) -> None:
        self.image = bytes(64) + struct.pack("<8sII", image.MAGIC, 8, 0) + bytes(384) + bytes(16)
        self.dev = minisign.read_public_key(support.KEYS / "dev.pub")
        self.other = minisign.read_public_key(support.KEYS / "other.pub")

    def test_adds_keys(self) -> None:
        once = image.add(self.image, self.dev, True, "x")
        twice = image.add(once, self.other, False, "x")
        self.assertEqual(image.read(twice, "x"), [image.TrustedKey(self.dev, True), image.TrustedKey(self.other, False)])
        self.assertEqual(image.write(twice, [], "x"), self.image)
        self.assertEqual(len(twice), len(self.image))

    def test_a_key_is_there_once(self) -> None:
        once = image.add(self.image, self.dev, True, "x")
        self.assertEqual(image.read(image.add(once, self.dev, False, "x"), "x"), [image.TrustedKey(self.dev, False)])

    def test_refuses_a_ninth_key(self) -> None:
        keys = [image.TrustedKey(minisign.PublicKey(b"Ed" + bytes([n]) * 40), False) for n in range(1, 10)]
        with self.assertRaisesRegex(BadInput, "at most 8"):
            image.write(self.image, keys, "x")
        full = image.write(self.image, keys[:8], "x")
        with self.assertRaisesRegex(BadInput, "at most 8"):
            image.add(full, self.dev, False, "x")

    def test_refuses_what_is_no_image(self) -> None:
        for data in (b"", self.image * 2, self.image[8:], self.image[:-100], self.image.replace(image.MAGIC, bytes(8))):
            with self.assertRaises(BadInput):
                image.read(data, "x")

    def test_refuses_a_malformed_section(self) -> None:
        for at in (64 + 8, 64 + 12, 64 + 16, 64 + 399):
            with self.assertRaises(BadInput, msg=f"byte {at}"):
                image.read(self.image[:at] + b"\x77" + self.image[at + 1:], "x")


if __name__ == "__main__":
    unittest.main()
