"""The engine as a program uses it: rules in, then events in and alerts out."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Optional, TypeVar, Union

from .alert import Alert, alerts
from .batch import BATCH_BYTES, Answer, Batch, Reject, batches
from .errors import RefusedError, RuleError
from .events import Events, events_of
from .guest import Guest, Limits
from .report import LoadReport, Restored, Stats
from .rules import Lists, Rules, request

log = logging.getLogger("oxpecker")
T = TypeVar("T")
#: A time of arrival: seconds since 1970, or a datetime.
Time = Union[float, datetime]
#: Bytes of detections that go into windows in one call.
_WINDOW_BYTES = 256 << 10
_RULE_ERRORS = -5


@dataclass(frozen=True)
class Verdict:
    """What rules and filters say of one event. True if one matched."""

    event: bytes = field(repr=False)
    #: Ids of the rules that matched, and `filter 1` …; suppressions do not count.
    matched: tuple[str, ...] = ()
    #: Those that could not be decided, since the record was cut where they look.
    undecided: tuple[str, ...] = ()
    #: Why the event was not evaluated, if it was not.
    reject: Optional[Reject] = None

    def __bool__(self) -> bool:
        return bool(self.matched)


class Engine:
    """Loaded rules with their open windows. May be used from several threads, one call at a time.

    Use it in a `with` block, or call `close`: its memory is then given back at once.
    """

    #: What loading found; warnings stand in `report.problems`.
    report: LoadReport
    #: Events that calls were given, and what became of them: `read == evaluated + rejected`.
    read: int
    evaluated: int
    rejected: int
    #: Pairs of event and rule that could not be decided.
    undecided: int
    #: The last 100 events that could not be evaluated.
    rejects: deque[Reject]

    def __init__(self, guest: Guest, report: LoadReport, on_reject: Optional[Callable[[Reject], object]]) -> None:
        self._guest = guest
        self._on_reject = on_reject
        self.report = report
        self.read = self.evaluated = self.rejected = self.undecided = 0
        self.rejects = deque(maxlen=100)

    @classmethod
    def load(
        cls,
        rules: Optional[Rules] = None,
        *,
        filters: Union[str, Iterable[str]] = (),
        lists: Optional[Lists] = None,
        event_type: Optional[str] = None,
        lenient: bool = False,
        shadow_alerts: bool = False,
        redaction_secret: Optional[str] = None,
        alert_bytes: Optional[int] = None,
        on_reject: Optional[Callable[[Reject], object]] = None,
        limits: Limits = Limits(),
        module: Union[bytes, Path, None] = None,
        cache: bool = True,
    ) -> Engine:
        """Compiles rules and filters. Without either, those that come with the package.

        `rules`: paths of rule files and folders, texts (with line breaks), names with texts, or several of these.
        `filters`: filters without a rule, for `eval`. `lists`: what `@name` stands for. `event_type`: the type of all
        events. `lenient`: loads the rules without errors although others have some, which are logged.
        `on_reject`: is called with each event that cannot be evaluated; without it they are logged.
        `module`: another oxpecker.wasm. `cache`: whether wasmtime may keep the compiled module in the user's cache folder.

        RuleError if rules or filters have errors.
        """
        asked = request(
            rules,
            filters,
            lists,
            event_type,
            lenient=lenient,
            shadow_alerts=shadow_alerts,
            redaction_secret=redaction_secret,
            alert_bytes=alert_bytes,
        )
        guest = Guest(module, limits, cache)
        status, result = guest.call("ox_load", asked)
        if status not in (0, _RULE_ERRORS):
            guest.close()
            raise RefusedError("ox_load", status)
        report = _read(guest, "ox_load", LoadReport.of, result)
        if status == _RULE_ERRORS:
            guest.close()
            raise RuleError(report)
        for problem in report.problems:
            if problem.severity == "error":
                log.warning("left out: %s", problem)
        return cls(guest, report, on_reject)

    def match(self, events: Events, *, now: Optional[Time] = None, tag: str = "") -> list[Alert]:
        """Evaluates all events and gives the alerts that they raised.

        Windows stay open between calls: an alert is told when it fires, again when its count has doubled, and in its
        final form when its window has closed, by the time of later events or by `flush`. `now` is when the events
        arrived, the present if left out; an event later than that by more than a day counts as one without a time.
        `tag`: the tag that a log shipper gave the events; it gives them their type by the `event_types` of the rules.
        """
        return list(self.stream(events, now=now, tag=tag))

    def stream(
        self, events: Events, *, now: Optional[Time] = None, tag: str = "", batch_bytes: int = BATCH_BYTES
    ) -> Iterator[Alert]:
        """The same as `match`, giving alerts while it reads; nothing is read before the first is asked for.

        Events are evaluated when `batch_bytes` of them are there: for a slow source that goes on for ever, call `match`
        with what has come, or choose 1 here.
        """
        for batch in self._batches(events, batch_bytes, tag):
            answer = self._answer("ox_match", batch, _milliseconds(now))
            raised = self._alerts("ox_match", answer.body)
            self._count(batch, answer)
            yield from raised

    def eval(self, events: Events, *, tag: str = "", batch_bytes: int = BATCH_BYTES) -> Iterator[Verdict]:
        """The verdicts on each event, one after the other. Windows are left alone."""
        columns = self.report.rule_ids
        for batch in self._batches(events, batch_bytes, tag):
            answer = self._answer("ox_eval", batch)
            bits = len(batch.events) * len(columns)
            length = -(-bits // 8)
            if len(answer.body) != 2 * length:
                raise self._guest.broken("ox_eval", "the bitmaps have another size")
            self._count(batch, answer)
            matched, undecided = answer.body[:length], answer.body[length:]
            rejects = {reject.index - batch.first: reject for reject in answer.rejects}
            for index, event in enumerate(batch.events):
                first = index * len(columns)
                yield Verdict(
                    event, _named(matched, first, columns), _named(undecided, first, columns), rejects.get(index)
                )

    def replay(self, events: Events, *, now: Optional[Time] = None, tag: str = "") -> list[Alert]:
        """The alerts of past events in their final form, as `oxpecker replay` tells them.

        All matches are put into windows in the order of event time, so the order of events and files changes nothing.
        Windows that were open take part. All are closed. Every match is held in memory until the end.
        """
        arrived = _milliseconds(now)
        lines: list[bytes] = []
        for batch in self._batches(events, BATCH_BYTES, tag):
            answer = self._answer("ox_detect", batch, arrived)
            self._count(batch, answer)
            lines += filter(None, answer.body.split(b"\n"))
        lines.sort()
        told: dict[str, Alert] = {}
        for chunk in batches(lines, _WINDOW_BYTES):
            for alert in self._alerts("ox_window", self._call("ox_window", b"\n".join(chunk.events), arrived)):
                told[alert.alert_id] = alert
        for alert in self.flush():
            told[alert.alert_id] = alert
        return list(told.values())

    def flush(self) -> list[Alert]:
        """Closes all windows and gives their alerts in the final form."""
        closed: list[Alert] = []
        while lines := self._call("ox_flush"):
            closed += self._alerts("ox_flush", lines)
        return closed

    def save(self) -> bytes:
        """The open windows, for `restore` in an engine with the same rules. Keep the bytes as they are."""
        return self._call("ox_save")

    def restore(self, state: bytes) -> Restored:
        """Takes over saved windows in place of those that are open. RefusedError (-8) if they are not whole."""
        return _read(self._guest, "ox_restore", Restored.of, self._call("ox_restore", state))

    def stats(self) -> Stats:
        """The module's counters since the rules were loaded."""
        return _read(self._guest, "ox_stats", Stats.of, self._call("ox_stats"))

    @property
    def memory_bytes(self) -> int:
        """Linear memory that the module holds."""
        return self._guest.memory_bytes

    def close(self) -> None:
        """Gives the memory back. Windows that are still open are gone: `flush` or `save` before."""
        self._guest.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, name: str, payload: Optional[bytes] = None, *more: int) -> bytes:
        status, result = self._guest.call(name, payload, *more)
        if status != 0:
            raise RefusedError(name, status)
        return result

    def _answer(self, name: str, batch: Batch, *more: int) -> Answer:
        # Each part but the last ends with a match.
        pairs = len(batch.events) * len(self.report.rule_ids)
        status, parts = self._guest.parts(name, batch.framed(), *more, most=pairs)
        if status != 0:
            raise RefusedError(name, status)
        try:
            return Answer.of(parts, batch)
        except ValueError as error:
            raise self._guest.broken(name, str(error)) from None

    def _count(self, batch: Batch, answer: Answer) -> None:
        self.read += len(batch.events)
        self.evaluated += answer.evaluated
        self.rejected += len(answer.rejects)
        self.undecided += answer.undecided
        for reject in answer.rejects:
            self.rejects.append(reject)
            if self._on_reject is not None:
                self._on_reject(reject)

    def _alerts(self, name: str, lines: bytes) -> list[Alert]:
        return _read(self._guest, name, alerts, lines)

    def _batches(self, events: Events, size: int, tag: str) -> Iterator[Batch]:
        """Batches of the events; at the end it is told how many were rejected, if nobody else is."""
        before = self.rejected
        try:
            yield from batches(events_of(events), size, tag)
        finally:
            rejected = self.rejected - before
            if rejected and self._on_reject is None:
                last = self.rejects[-1]
                log.warning(
                    "events rejected: %d; the last one: %s at byte %d (see Engine.rejects)",
                    rejected, last.code, last.offset,
                )  # fmt: skip


def _named(bits: bytes, first: int, columns: list[str]) -> tuple[str, ...]:
    places = range(first, first + len(columns))
    return tuple(name for name, place in zip(columns, places) if bits[place >> 3] >> (place & 7) & 1)


def _milliseconds(now: Optional[Time]) -> int:
    seconds = time.time() if now is None else now.timestamp() if isinstance(now, datetime) else now
    return int(seconds * 1000)


def _read(guest: Guest, name: str, read: Callable[[bytes], T], result: bytes) -> T:
    """What `read` makes of a result. The module is not trusted to write what the ABI says."""
    try:
        return read(result)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise guest.broken(name, "it is not the JSON that the ABI tells of") from None
