"""What the module says of rules, counters and saved windows, as values."""

from __future__ import annotations

import builtins
import json
from dataclasses import dataclass, fields
from typing import Any, Optional, TypeVar

T = TypeVar("T")


def pick(kind: type[T], record: dict[str, Any], **more: Any) -> T:
    """A dataclass from the fields of a record that it has. A module newer than this package may tell more."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in record.items() if name in names and name not in more}, **more)


@dataclass(frozen=True)
class Problem:
    """An error or warning about a rule file or filter. Lines and columns count from 1, columns in characters."""

    file: str
    line: int
    column: int
    end_line: int
    #: The column behind the last one.
    end_column: int
    #: Stable; docs/problems.md explains each.
    code: str
    #: `error` or `warning`.
    severity: str
    message: str
    help: Optional[str] = None
    #: What could stand in the place instead.
    fix: Optional[str] = None

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.severity}[{self.code}]: {self.message}"
        return f"{text} ({self.help})" if self.help else text


@dataclass(frozen=True)
class LoadReport:
    """What loading found."""

    #: Rules in force.
    rules: int
    #: Rules that are switched off.
    disabled: int
    #: The rules in force by id, then `filter 1`, `filter 2` … for filters.
    rule_ids: list[str]
    problems: list[Problem]

    @classmethod
    def of(cls, record: bytes) -> LoadReport:
        """Reads the module's record."""
        found = json.loads(record)
        return pick(cls, found, problems=[pick(Problem, problem) for problem in found["problems"]])


@dataclass(frozen=True)
class RuleStats:
    """Counters of one rule or filter."""

    #: None for a filter.
    rule_id: Optional[str]
    matched: int
    suppressed: int
    shadowed: int
    undecided: int


@dataclass(frozen=True)
class Stats:
    """The module's counters since the rules were loaded."""

    bytes: int
    evaluated: int
    rejected: int
    events_matched: int
    #: Pairs of event and rule that matched, suppressed ones included.
    matched: int
    suppressed: int
    shadowed: int
    undecided: int
    open_windows: int
    window_bytes: int
    closed_early: int
    given_up: int
    repeated: int
    untimed: int
    #: Events so late that they count with no others.
    late: int
    rules: list[RuleStats]
    #: Keys of filters that no event had.
    unseen_keys: list[str]

    @classmethod
    def of(cls, record: builtins.bytes) -> Stats:
        """Reads the module's record."""
        found = json.loads(record)
        return pick(cls, found, rules=[pick(RuleStats, rule) for rule in found["rules"]])


@dataclass(frozen=True)
class Restored:
    """What became of saved windows."""

    #: Windows taken over.
    windows: int
    #: Windows of rules that are gone or changed, left out.
    dropped: int

    @classmethod
    def of(cls, record: bytes) -> Restored:
        """Reads the module's record."""
        return pick(cls, json.loads(record))
