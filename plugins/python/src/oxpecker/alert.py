"""An alert as the module gives it: typed fields, and the record's own text. docs/alerts.md tells what each means."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Optional

from .report import pick


@dataclass(frozen=True)
class AlertEvent:
    """An event that contributed to an alert."""

    id: Optional[str] = None
    #: ISO 8601, UTC.
    time: Optional[str] = None
    #: The event itself; only the first few of an alert carry it.
    event: Optional[dict[str, Any]] = None


@dataclass(frozen=True)
class Matched:
    """A predicate that a match is owed to."""

    predicate: str
    values: list[Any]


@dataclass(frozen=True)
class Alert:
    """One alert record."""

    #: The same for the same rule version, source, aggregate values and window start.
    alert_id: str
    #: `fired` at the threshold, `updated` when the count has doubled, `final` when the window has closed.
    state: str
    rule_id: str
    rule: str
    ruleset: str
    #: 1 is the worst, 3 the least.
    severity: int
    title: str
    description: str
    event_type: Optional[str]
    #: The account or agent that the events are from.
    source: str
    aggregate: dict[str, Any]
    count: int
    distinct: Optional[int]
    threshold: int
    window_seconds: int
    #: Event time, ISO 8601, UTC.
    first_seen: Optional[str]
    last_seen: Optional[str]
    suppressed: int
    tags: list[str]
    rule_version: str
    #: The same for all alerts of one rule, source and aggregate values.
    dedup_key: str
    #: Who, from where and on what: actor, ip, region, account, service, action, resources …
    context: dict[str, Any]
    matched: list[Matched]
    references: list[str]
    benign: list[str]
    truncated: bool
    left_out: Optional[dict[str, Any]]
    events: list[AlertEvent]
    #: The record as the module wrote it: one line of JSON, without the line feed.
    line: str = field(repr=False)

    @classmethod
    def of(cls, line: bytes) -> Alert:
        """Reads one record."""
        record = json.loads(line)
        return pick(
            cls,
            record,
            matched=[pick(Matched, matched) for matched in record["matched"]],
            events=[pick(AlertEvent, event) for event in record["events"]],
            line=line.decode(),
        )


def alerts(lines: bytes) -> list[Alert]:
    """Reads records, one a line."""
    return [Alert.of(line) for line in lines.split(b"\n") if line]
