# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The checks of ci/lint.py find what they are there for."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from lintlib import calls, includes, text  # noqa: E402

LICENCE = "// SPDX-License-" "Identifier: BSD-2-Clause\n// SPDX-FileCopyright" "Text: The Rumpk authors\n"


class LintTest(support.Case):
    def put(self, **files: str) -> list[str]:
        """Files with `__` for / and `_h`, `_c` for the suffix."""
        names = []
        for name, content in files.items():
            path = name.replace("__", "/")[:-2] + "." + name[-1]
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(content)
            names.append(path)
        return names

    def found(self, **files: str) -> str:
        return "\n".join(includes.check(self.folder, self.put(**files)))

    def test_arrows_point_down(self) -> None:
        self.assertEqual(self.found(lib__a_h="", hal__contract__b_h='#include "lib/a.h"\n#include <stdint.h>\n',
                                    kernel__core__c_c='#include "hal/contract/b.h"\n#include "lib/a.h"\n'), "")

    def test_a_call_has_one_row(self) -> None:
        rows = '\t{ 7, 2, "seven", call_seven },\n\t{ 8, 6, "eight", NULL },\n'
        files = self.put(kernel__sys__linux__a_c=rows, kernel__sys__linux__b_c='\t{ 8, 1, "eight", call_eight },\n')
        self.assertEqual(list(calls.check(self.folder, files)), ["kernel/sys/linux/b.c:1: call 8 (eight) stands in kernel/sys/linux/a.c:2 already"])
        self.assertEqual(list(calls.check(self.folder, files[:1])), [])

    def test_no_arrow_points_up(self) -> None:
        for name in ("lib__x_c", "hal__x_c", "apps__x_c"):
            self.assertIn("may not know kernel", self.found(kernel__core__c_h="", **{name: '#include "kernel/core/c.h"\n'}))

    def test_the_kernel_knows_the_contract_of_hal_alone(self) -> None:
        self.assertIn("kernel/x.c:1: kernel may include hal/contract/",
                      self.found(hal__uart__u_h="", kernel__x_c='#include "hal/uart/u.h"\n'))

    def test_libraries_and_the_host_s_headers(self) -> None:
        self.assertIn("not a freestanding header", self.found(lib__a_c="#include <stdio.h>\n"))
        self.assertEqual(self.found(apps__a_c="#include <string.h>\n#include <http_parser.h>\n"), "")
        self.assertIn("lib may not use http_parser", self.found(lib__a_c="#include <http_parser.h>\n"))
        self.assertIn("lib may not use sodium", self.found(lib__a_c="#include <sodium/utils.h>\n"))
        self.assertIn("seen from the root", self.found(lib__a_c='#include "a.h"\n'))

    def test_circles(self) -> None:
        self.assertIn("lib/a.h -> lib/b.h -> lib/a.h",
                      self.found(lib__a_h='#include "lib/b.h"\n', lib__b_h='#include "lib/a.h"\n'))

    def test_texts(self) -> None:
        names = self.put(lib__good_c=LICENCE, lib__bare_c="int x;\n", lib__long_c=LICENCE + "\n" * 449,
                         lib__note_c=LICENCE + "// TO" "DO: later\n", tools__bad_c="")
        (self.folder / "tools/bad.py").write_text(LICENCE.replace("//", "#") + "def f(:\n")
        names[-1] = "tools/bad.py"
        found = "\n".join(text.check(self.folder, names))
        self.assertNotIn("good.c", found)
        for part in ("lib/bare.c:1: no line", "lib/long.c:450: 451 lines", "lib/note.c:3: note of", "tools/bad.py:3: "):
            self.assertIn(part, found)


if __name__ == "__main__":
    unittest.main()
