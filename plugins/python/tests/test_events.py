"""Files cut into events: every form gives the same bytes, and nothing is left out."""

import contextlib
import gzip
import io
import json
import random
import re
import tempfile
import unittest
from pathlib import Path
from typing import Any

from oxpecker import InputError, read_events

A, B, C = b'{"a":1.0}', b'{"b":"x}{","c":[{}]}', '{"é":"\\u00e9"}'.encode()


#: What stands between events, and is passed over.
BETWEEN = re.compile(rb'"Records"|[][{},:\s]')


def cut(text: bytes) -> list[bytes]:
    return list(read_events(io.BytesIO(text)))


class Pieces(unittest.TestCase):
    def test_every_form_gives_the_same_events(self) -> None:
        listed = b",".join([A, B, C])
        spread = b'{\n  "Records" : [\n' + b",\n".join([A, B, C]) + b'\n  ],\n "more": {"z": [1]}\n}\n'
        for text in [
            b"\n".join([A, B, C]),
            b"\r\n".join([b"", A, B, b" ", C, b""]),
            b"\xef\xbb\xbf" + b"\n".join([A, B, C]),
            b"[" + listed + b"]",
            b"[\n" + b" ,\n".join([A, B, C]) + b"\n]\n",
            b'{"Records":[' + listed + b"]}",
            b'{"Records":[' + listed + b'],"b":1}\n',
            spread,
            A + B + C,
            A + b" " + B + b"\n" + C,
            b'{"Records":[' + A + b"]}\n[" + B + b"]\n" + C,
            A + b"\n[]\n" + B + b"\n" + b'{"Records":[]}' + C,
        ]:
            with self.subTest(text):
                self.assertEqual(cut(text), [A, B, C])
                self.assertEqual(cut(gzip.compress(text)), [A, B, C])
                self.assertEqual(cut(gzip.compress(text[:30]) + gzip.compress(text[30:])), [A, B, C])

    def test_an_event_over_many_lines_keeps_its_bytes(self) -> None:
        pretty = json.dumps({"a": [1, {"b": {}}], "c": "x"}, indent=2).encode()
        self.assertEqual(cut(pretty), [pretty])
        self.assertEqual(cut(pretty + b"\n" + pretty + b"\n" + A), [pretty, pretty, A])
        self.assertEqual(cut(pretty + pretty), [pretty, pretty])

    def test_what_is_broken_stays_in_one_piece_and_reading_goes_on(self) -> None:
        for broken in [
            b'{"x":',
            b'{"x":"',
            b"no",
            b'{"x":}',
            b'{"x":1}x',
            b'{"x":\xff}',
            b'{"x":[1}',
            b'{"x" 1,',
            b"{{",
        ]:
            with self.subTest(broken):
                self.assertEqual(cut(broken + b"\n" + A + b"\n" + B)[-1], B)
                self.assertEqual(b"".join(cut(broken)), broken)
        self.assertEqual(cut(b'{"x":"\n' + A), [b'{"x":"', A])
        self.assertEqual(cut(b'{"Records":[' + A + b",{broken}," + B + b"]}\n" + C), [A, b"{broken}," + B + b"]}", C])
        with self.assertRaisesRegex(InputError, "the stream ends inside an array"):
            cut(b"[" + A + b"," + B)
        deep = b"[" * 100_000
        self.assertEqual(b"".join(cut(deep + b"\n" + A))[-len(A) :], A)

    def test_of_no_text_anything_is_lost(self) -> None:
        chance = random.Random(1)
        tokens = [
            *b'{}[],:"\\\n 1\xff',
            b"\n",
            b"\r\n",
            b'"a"',
            b'{"a":1}',
            b'{"x":[1,{"y":2}]}',
            b'{"Records":[',
            b'"b}{"',
        ]
        for _ in range(5000):
            parts = [chance.choice(tokens) for _ in range(chance.randrange(1, 25))]
            text = b"".join(part if isinstance(part, bytes) else bytes([part]) for part in parts)
            found: list[bytes] = []
            with self.subTest(text), contextlib.suppress(InputError):
                for piece in read_events(io.BytesIO(text)):
                    self.assertNotEqual(piece, b"")
                    found.append(piece)
            self.assertEqual(BETWEEN.sub(b"", b"".join(found)), BETWEEN.sub(b"", text), text)

    def test_numbers_of_any_length_pass_through(self) -> None:
        long = b'{"a":' + b"9" * 10_000 + b"}"
        self.assertEqual(cut(b"[" + long + b"]"), [long])


class Files(unittest.TestCase):
    def test_folders_are_walked_in_the_order_of_names(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            names: dict[str, bytes] = {
                "b/x.json.gz": gzip.compress(b'{"Records":[' + B + b"]}"), "a.ndjson": A, "c.log": C, ".hidden.json": A,
                "CloudTrail-Digest/d.json": A,
            }  # fmt: skip
            for name, content in names.items():
                Path(folder, name).parent.mkdir(exist_ok=True)
                Path(folder, name).write_bytes(content)
            self.assertEqual(list(read_events(folder)), [A, B, C])
            Path(folder, "notes.md").write_bytes(b"text")
            with self.assertLogs("oxpecker", "WARNING") as logs:
                self.assertEqual(list(read_events(folder, Path(folder, "a.ndjson"))), [A, B, C, A])
            self.assertIn("notes.md", logs.output[0])

    def test_what_cannot_be_read_to_its_end_is_an_error_after_what_can(self) -> None:
        whole = gzip.compress(b"\n".join([A] * 5000))
        for content, least in [(whole[:-20], 1), (whole[:-8], 1), (whole + b"junk", 1), (b"\x28\xb5\x2f\xfd1234", 0)]:
            found: list[Any] = []
            with self.subTest(content[-9:]), self.assertRaisesRegex(InputError, "the stream"):
                for event in read_events(io.BytesIO(content)):
                    found.append(event)
            self.assertGreaterEqual(len(found), least)
        self.assertRaises(FileNotFoundError, list, read_events("nowhere.ndjson"))

    def test_reading_goes_on_with_the_next_file_where_errors_are_told(self) -> None:
        errors: list[InputError] = []
        sources = [io.BytesIO(gzip.compress(A)[:-3]), "nowhere.ndjson", io.BytesIO(b"[" + B), io.BytesIO(C)]
        self.assertEqual(list(read_events(*sources, on_error=errors.append)), [A, B, C])
        self.assertEqual(len(errors), 3)
        self.assertRegex(str(errors[1]), "^cannot read nowhere.ndjson: ")
