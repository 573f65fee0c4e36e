"""What a program sees of the engine: alerts, verdicts, rejects, windows, errors."""

import json
import subprocess
import tempfile
import threading
import unittest
from datetime import datetime, timezone
from pathlib import Path
from unittest import mock

from corpus import REPOSITORY

import oxpecker
from oxpecker import ClosedError, Engine, Limits, NoRoomError, RefusedError, RuleError, read_events

SAMPLE = REPOSITORY / "rules/samples/cloudtrail.ndjson"
RULES = """
ruleset: t
rules:
  - {id: twice, name: Twice, type: CloudTrail, severity: 1, description: d, filter: 'x = 1', aggregate: [y], threshold: 2}
"""
EARLY = {"x": 1, "y": "k", "time": "2026-01-01T00:00:00Z"}
LATE = {"x": 1, "y": "k", "time": "2026-01-01T00:10:00Z"}


class Alerts(unittest.TestCase):
    def test_an_alert_fires_at_its_threshold_and_is_final_when_flushed(self) -> None:
        with Engine.load(RULES) as engine:
            self.assertEqual(engine.match(EARLY), [])
            [fired] = engine.match([json.dumps(LATE), {"x": 2}])
            self.assertEqual((fired.state, fired.count, fired.rule_id, fired.severity), ("fired", 2, "twice", 1))
            self.assertEqual((fired.first_seen, fired.aggregate), ("2026-01-01T00:00:00Z", {"y": "k"}))
            self.assertEqual([event.event for event in fired.events], [EARLY, LATE])
            self.assertEqual(json.loads(fired.line)["alert_id"], fired.alert_id)
            [final] = engine.flush()
            self.assertEqual((final.state, final.alert_id), ("final", fired.alert_id))
            self.assertEqual(engine.flush(), [])
            self.assertEqual((engine.read, engine.evaluated, engine.rejected), (3, 3, 0))

    def test_the_tag_of_a_shipper_gives_events_their_type(self) -> None:
        rules = RULES.replace("rules:", "event_types: {'kube.*': kubernetes}\nrules:").replace("x = 1", 'event_type = "kubernetes"')
        with Engine.load(rules.replace("threshold: 2", "threshold: 1")) as engine:
            self.assertEqual(engine.match(EARLY), [])
            self.assertEqual([alert.event_type for alert in engine.match(EARLY, tag="kube.audit")], ["kubernetes"])
            self.assertEqual([bool(verdict) for verdict in engine.eval([EARLY], tag="kube.é")], [True])
            self.assertEqual([bool(verdict) for verdict in engine.eval([EARLY])], [False])
            with self.assertRaises(ValueError):
                engine.match(EARLY, tag="k" * 65536)

    def test_a_replay_gives_what_the_command_line_gives_byte_for_byte(self) -> None:
        command = [REPOSITORY / "target/release/oxpecker", "replay", "--quiet", "--output", "ndjson", SAMPLE]
        expected = subprocess.run(command, check=True, capture_output=True).stdout.decode()
        with Engine.load() as engine:
            events = list(read_events(SAMPLE))
            alerts = engine.replay(reversed(events))
        self.assertEqual("".join(f"{alert.line}\n" for alert in alerts), expected)
        self.assertGreater(len(alerts), 20)

    def test_windows_are_saved_and_restored(self) -> None:
        with Engine.load(RULES) as one, Engine.load(RULES) as other:
            one.match(EARLY)
            restored = other.restore(one.save())
            self.assertEqual((restored.windows, restored.dropped), (1, 0))
            [fired] = other.match(LATE)
            self.assertEqual(fired.count, 2)
            with self.assertRaises(RefusedError) as caught:
                other.restore(b"{}")
            self.assertEqual(caught.exception.status, -8)
            self.assertEqual(len(other.flush()), 1, "a refused state changes nothing")

    def test_an_event_from_the_future_has_no_time(self) -> None:
        for now, first_seen in [
            (datetime(2025, 12, 1, tzinfo=timezone.utc), None),
            (1_767_225_600.0, "2026-01-01T00:00:00Z"),
        ]:
            with Engine.load(RULES.replace("threshold: 2", "threshold: 1")) as engine:
                self.assertEqual({alert.first_seen for alert in engine.match(EARLY, now=now)}, {first_seen})

    def test_a_stream_gives_alerts_while_it_reads(self) -> None:
        taken = []

        def source():
            for event in [EARLY, LATE, LATE]:
                taken.append(event)
                yield event

        with Engine.load(RULES) as engine:
            alerts = engine.stream(source(), batch_bytes=1)
            self.assertEqual(taken, [])
            self.assertEqual(next(alerts).count, 2)
            self.assertEqual(len(taken), 2)


class Verdicts(unittest.TestCase):
    def test_filters_and_rules_are_told_by_name(self) -> None:
        lists = {"admins": ["root", 7], "owners": {"web": {"team": "shop"}}}
        with Engine.load(RULES, filters=["user = @admins", "user in @owners"], lists=lists) as engine:
            found = list(engine.eval(b'{"user":"root"}\n{"user":7,"x":1}\n\n{"user":"web"}\r\n{}\n'))
            self.assertEqual([verdict.matched for verdict in found], [
                ("filter 1",), ("twice", "filter 1"), ("filter 2",), (),
            ])  # fmt: skip
            self.assertEqual([bool(verdict) for verdict in found], [True, True, True, False])
            self.assertEqual(found[2].event, b'{"user":"web"}')
            self.assertEqual(engine.stats().rules[1].matched, 2)

    def test_verdicts_are_the_same_whatever_the_batches(self) -> None:
        events = [json.dumps({"a": number % 7, "b": number}).encode() for number in range(500)]
        filters = ["a = 3", "b > 250", "a = 3 and b > 250"]
        with Engine.load(filters=filters) as engine:
            expected = [bool(number % 7 == 3) + (number > 250) * (1 + (number % 7 == 3)) for number in range(500)]
            for size in (1, 1000, 1 << 20):
                found = [len(verdict.matched) for verdict in engine.eval(events, batch_bytes=size)]
                self.assertEqual(found, expected)

    def test_undecided_is_told(self) -> None:
        event = {"eventVersion": "1.08", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
                 "requestParameters": {"omitted": True, "originalSize": 9, "reason": "too large"}}  # fmt: skip
        with Engine.load(filters="requestParameters.bucketName = 'b'") as engine:
            [verdict] = engine.eval(event)
            self.assertEqual((verdict.matched, verdict.undecided), ((), ("filter 1",)))
            self.assertEqual(engine.undecided, 1)


class Rejects(unittest.TestCase):
    EVENTS = [b'{"x":1}', b'{"x":', b"no", '{"x":"\ud800"}', {"x": "\ud800"}, b"[1]", b'{"x":\xff}', float("nan")]

    def test_rejects_are_counted_kept_and_logged(self) -> None:
        with Engine.load(RULES) as engine:
            with self.assertLogs("oxpecker", "WARNING") as logs:
                engine.match(self.EVENTS[:-1])
            self.assertEqual((engine.read, engine.evaluated, engine.rejected), (7, 1, 6))
            self.assertIn("events rejected: 6", logs.output[0])
            codes = ["invalid-json", "invalid-json", "invalid-utf8", "lone-surrogate", "not-an-object", "invalid-utf8"]
            self.assertEqual([reject.code for reject in engine.rejects], codes)
            self.assertEqual((engine.rejects[0].index, engine.rejects[0].event), (1, b'{"x":'))
            self.assertEqual(engine.stats().rejected, 6)

    def test_a_callback_gets_each_reject_with_its_place_in_the_call(self) -> None:
        told = []
        with Engine.load(RULES, on_reject=told.append) as engine, mock.patch("oxpecker.engine.log.warning") as logged:
            list(engine.stream(self.EVENTS[:3] * 2, batch_bytes=8))
            self.assertEqual([reject.index for reject in told], [1, 2, 4, 5])
            self.assertEqual([verdict.reject for verdict in engine.eval(b"no")], told[-1:])
            logged.assert_not_called()

    def test_what_is_no_event_is_an_error_of_the_program(self) -> None:
        with Engine.load(RULES) as engine:
            self.assertRaisesRegex(TypeError, "not float", engine.match, self.EVENTS[-1:])
            self.assertRaisesRegex(TypeError, "read_events", engine.match, SAMPLE)
            self.assertEqual(engine.read, 0)

    def test_an_event_of_any_length_is_rejected_and_not_carried_over(self) -> None:
        huge = b'{"x":"' + b"a" * (300 << 20) + b'"}'
        told = []
        with Engine.load(RULES, on_reject=told.append) as engine:
            engine.match([huge, EARLY])
            self.assertEqual([(reject.code, len(reject.event)) for reject in told], [("too-large", len(huge))])
            self.assertEqual(engine.evaluated, 1)
            self.assertLess(engine.memory_bytes, 64 << 20)


class Loading(unittest.TestCase):
    def test_rules_come_from_paths_texts_and_mappings(self) -> None:
        other = RULES.replace("twice", "other")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "sub").mkdir()
            Path(folder, "sub/a.yaml").write_text(RULES)
            Path(folder, ".hidden.yaml").write_text("nonsense")
            for rules in [RULES, {"a.yaml": RULES}, folder, Path(folder, "sub/a.yaml"), [RULES]]:
                with Engine.load(rules) as engine:
                    self.assertEqual(engine.report.rule_ids, ["twice"])
            with Engine.load([folder, other]) as engine:
                self.assertEqual(engine.report.rule_ids, ["twice", "other"])
            Path(folder, "empty").mkdir()
            for missing in ["nowhere.yaml", Path(folder, "empty")]:
                self.assertRaises(FileNotFoundError, Engine.load, missing)
        for nothing in ([], "", {}):
            self.assertRaisesRegex(ValueError, "no rules", Engine.load, nothing)
        self.assertRaisesRegex(TypeError, "no str but bytes", Engine.load, {"a.yaml": b"rules: []"})
        with self.assertRaisesRegex(RefusedError, "lists hold texts"):
            Engine.load(filters="a = @b", lists={"b": [None]})

    def test_mistakes_are_told_with_their_places(self) -> None:
        broken = RULES.replace("x = 1", "x startswith 1")
        with self.assertRaises(RuleError) as caught:
            Engine.load({"mine.yaml": broken})
        [problem] = [each for each in caught.exception.problems if each.severity == "error"]
        self.assertEqual((problem.file, problem.line, problem.code), ("mine.yaml", 4, "unknown-operator"))
        self.assertRegex(
            str(caught.exception), r"1 error:\n  mine.yaml:4:\d+: error\[unknown-operator\]: .*starts_with"
        )
        with self.assertLogs("oxpecker", "WARNING") as logs:
            with Engine.load([{"mine.yaml": broken}, RULES], lenient=True) as engine:
                self.assertEqual(engine.report.rule_ids, ["twice"])
        self.assertIn("left out: mine.yaml:4", logs.output[0])

    def test_the_shipped_rules_are_in_the_package(self) -> None:
        files = sorted(path.name for path in oxpecker.shipped_rules().rglob("*.yaml"))
        self.assertEqual(files, sorted(path.name for path in (REPOSITORY / "rules").rglob("*.yaml")))
        module = REPOSITORY / "target/oxpecker.wasm"
        self.assertEqual((oxpecker.shipped_rules().parent / "oxpecker.wasm").read_bytes(), module.read_bytes())


class Life(unittest.TestCase):
    def test_a_closed_engine_says_so(self) -> None:
        engine = Engine.load(RULES)
        engine.close()
        engine.close()
        self.assertRaisesRegex(ClosedError, "closed", engine.match, EARLY)

    def test_memory_stays_flat(self) -> None:
        events = list(read_events(SAMPLE))
        with Engine.load() as engine:
            for _ in range(20):
                engine.replay(events)
            before = engine.memory_bytes
            for _ in range(40):
                engine.replay(events)
            self.assertEqual(engine.memory_bytes, before)

    def test_threads_take_turns(self) -> None:
        with Engine.load(filters="a = 1", limits=Limits(deadline=30)) as engine:
            found = []

            def work() -> None:
                events = [{"a": number % 2} for number in range(999)]
                found.append(sum(map(bool, engine.eval(events, batch_bytes=64))))

            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(found, [499] * 4)
            self.assertEqual(engine.read, 4 * 999)

    def test_a_request_beyond_the_memory_is_refused_and_the_engine_goes_on(self) -> None:
        with Engine.load(RULES, limits=Limits(memory_bytes=16 << 20)) as engine:
            self.assertRaises(NoRoomError, engine.restore, bytes(32 << 20))
            self.assertEqual(engine.match([EARLY, LATE])[0].count, 2)


class Package(unittest.TestCase):
    def test_its_version_is_the_repositorys(self) -> None:
        here = Path(__file__).parents[1].joinpath("pyproject.toml").read_text()
        version = REPOSITORY.joinpath("Cargo.toml").read_text().split('version = "', 1)[1].split('"')[0]
        self.assertIn(f'\nversion = "{version}"\n', here)
