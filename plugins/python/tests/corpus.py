"""The conformance corpus as values, in the format that tests/conformance/README.md describes."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

REPOSITORY = Path(__file__).parents[3]
FOLDER = REPOSITORY / "tests/conformance"
CASES = int((FOLDER / "CASES").read_text())


@dataclass
class Paragraph:
    place: str
    why: str = ""
    filter: str = ""
    lists: Optional[dict] = None
    event_type: Optional[str] = None
    #: What must come of an event (`yes`, `no`, `undecided`, or the code of a reject), and its bytes.
    events: list[tuple[str, bytes]] = field(default_factory=list)
    #: Codes of all problems, with the text under the span where it is given.
    problems: list[tuple[str, Optional[str]]] = field(default_factory=list)
    canonical: Optional[str] = None

    @property
    def cases(self) -> int:
        return len(self.events) + bool(self.problems) + (self.canonical is not None)


def read() -> list[Paragraph]:
    files = sorted(FOLDER.glob("*.txt"))
    assert len(files) >= 30, f"only {len(files)} files of the corpus are here"
    return [paragraph for file in files for paragraph in _paragraphs(file)]


def _paragraphs(file: Path) -> list[Paragraph]:
    found, fields, start = [], [], 0
    for number, line in enumerate([*file.read_bytes().decode().split("\n"), ""], 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                found.append(_paragraph(f"{file.name}:{start}", fields))
            fields = []
        elif line[0] in " \t":
            fields[-1] = (fields[-1][0], fields[-1][1] + "\n" + line)
        else:
            start = start if fields else number
            name, _, value = line.partition(":")
            fields.append((name, value.strip(" \t\r")))
    return found


def _paragraph(place: str, fields: list[tuple[str, str]]) -> Paragraph:
    one = Paragraph(place)
    for name, value in fields:
        name, _, code = name.partition(" ")
        if name == "filter":
            one.filter = re.sub("⟪(\\d+)\\|(.*?)⟫", lambda it: it[2] * int(it[1]), value.rstrip(), flags=re.DOTALL)
        elif name == "lists":
            one.lists = json.loads(value)
        elif name in ("why", "event_type", "canonical"):
            setattr(one, name, value)
        elif name == "problem":
            problem, _, span = value.partition(" ")
            one.problems.append((problem, json.loads(span) if span else None))
        elif name in ("yes", "no", "undecided"):
            one.events.append((name, value.encode()))
        elif name == "reject":
            one.events.append((code, value.encode()))
        elif name == "reject-hex":
            one.events.append((code, bytes.fromhex(value)))
        else:
            raise ValueError(f"{place}: unknown field {name}")
    assert one.why and one.cases, f"{place}: not a whole case"
    return one
