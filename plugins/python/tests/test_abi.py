"""The ABI's page is true: its example bytes are sent and compared, and its table of statuses is tried."""

import json
import re
import unittest

from corpus import REPOSITORY

from oxpecker.guest import Guest, Limits

PAGE = (REPOSITORY / "plugins/module/ABI.md").read_text(encoding="utf-8")
HEX = re.compile(r"^```hex\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def examples() -> list[bytes]:
    """The bytes of each block: those before the two blanks on a line."""
    return [bytes.fromhex("".join(line.split("  ")[0] for line in block.splitlines())) for block in HEX.findall(PAGE)]


class Abi(unittest.TestCase):
    def setUp(self) -> None:
        self.guest = Guest(None, Limits(), True)

    def test_the_example_bytes_are_what_the_module_reads_and_writes(self) -> None:
        framed, lines, packed, answer = examples()
        self.assertEqual(self.guest.call("ox_load", b'{"filters":["x = 1"]}')[0], 0)
        self.assertEqual(self.guest.call("ox_eval", framed), (0, answer))
        self.assertEqual(self.guest.call("ox_eval", lines), (0, answer))
        self.assertEqual(self.guest.call("ox_eval", packed), (0, answer))

    def test_a_result_is_empty_or_untouched_as_the_table_of_statuses_says(self) -> None:
        framed, _, _, answer = examples()
        self.assertEqual(self.guest.call("ox_eval", framed), (-3, b""))
        self.assertEqual(self.guest.call("ox_load", b'{"filter":[]}'), (-4, b""))
        self.guest.call("ox_load", b'{"filters":["x = 1"]}')
        status, report = self.guest.call("ox_load", b'{"filters":["x ="]}')
        self.assertEqual((status, json.loads(report)["problems"][0]["severity"]), (-5, "error"))
        self.assertEqual(self.guest.call("ox_eval", b""), (-2, b""))
        self.assertEqual(self.guest.call("ox_window", b"nonsense", 0), (-2, b""))
        self.assertEqual(self.guest.call("ox_restore", b"nonsense"), (-8, b""))
        self.assertEqual(self.guest.call("ox_eval", framed), (0, answer))
        self.assertEqual(self.guest._run("ox_eval", 0, 16), -1)
        self.assertEqual(self.guest._result("ox_eval"), answer)

    def test_blocks_are_zeroed_and_begin_at_multiples_of_16(self) -> None:
        run = self.guest._run
        self.assertEqual(run("ox_alloc", 0), 0)
        blocks = [run("ox_alloc", length) for length in (1, 7, 100, 70_000)]
        for block in blocks:
            self.assertEqual(block % 16, 0)
            self.assertEqual(self.guest._memory.read(self.guest._store, block, block + 1), b"\0")
            self.assertEqual((run("ox_eval", block + 1, 0), run("ox_eval", block, 1 << 20)), (-3, -1))
        self.assertEqual([run("ox_free", block) for block in blocks], [0] * 4)
        self.assertEqual(run("ox_free", blocks[0]), -1)

    def test_the_tables_of_fields_are_whole(self) -> None:
        self.guest.call("ox_load", b'{"filters":["x = 1"]}')
        _, stats = self.guest.call("ox_stats")
        section = PAGE.split("## Counters", 1)[1].split("\nLoaded with `profile", 1)[0]
        documented = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", section, re.M)))
        self.assertEqual(list(json.loads(stats)), documented)
        _, report = self.guest.call("ox_load", b'{"filters":["nonsense = 1"]}')
        section = PAGE.split("The report:", 1)[1].split("\n## ", 1)[0]
        documented = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", section, re.M)))
        record = json.loads(report)
        self.assertEqual([*record, *record["problems"][0]], documented)
