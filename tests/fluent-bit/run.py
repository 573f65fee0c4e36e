"""The printed configurations in a real Fluent Bit: what goes in comes out as it was, and the alerts are those of `replay`.

    run.py FLUENT_BIT OXPECKER [EVENTS.ndjson]

Without events the repository's samples are sent, many times over. `.ci/test-fluent-bit` builds what this needs.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "rules/samples"
RUNS = ROOT / "target/fluent-bit/runs"
SECONDS = 600


class Run:
    """One run of Fluent Bit over some lines, in a folder of its own."""

    def __init__(self, programs, name, lines, mode=None, change=lambda text: text):
        self.fluent_bit, self.oxpecker = programs
        self.folder = RUNS / f"{name}-{mode}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.lines = lines
        (self.folder / "in.ndjson").write_bytes(b"".join(line + b"\n" for line in lines))
        (self.folder / "parsers.conf").write_text("[PARSER]\n    Name oxpecker_json\n    Format json\n")
        (self.folder / "run.conf").write_text(change(self.configuration(mode)))
        self.log = self.folder / "log"

    def configuration(self, mode):
        """As `pack` prints it for a mode, with an input and outputs into files; without one, no filters at all."""
        folder = self.folder
        service = f"[SERVICE]\n    Flush 1\n    Parsers_File {folder}/parsers.conf\n    storage.path {folder}/store\n"
        tail = (
            f"[INPUT]\n    Name tail\n    Tag logs.x\n    Path {folder}/in.ndjson\n    Read_from_Head On\n"
            "    Parser oxpecker_json\n    Buffer_Chunk_Size 256KB\n    Buffer_Max_Size 8MB\n"
        )
        outputs = "".join(
            f"[OUTPUT]\n    Name file\n    Match {match}\n    Path {folder}\n    File {file}\n    Format plain\n"
            for match, file in [("logs.*", "records"), ("oxpecker.copy.*", "alerts"), ("oxpecker.heartbeat", "beats")]
        )
        if mode is None:
            return service + tail + outputs
        pack = [self.oxpecker, "pack", "-o", folder / "detect.wasm", "--mode", mode]
        pack += ["--config", "fluent-bit", "--sources", "logs.*"]
        printed = subprocess.run(pack, check=True, capture_output=True, text=True).stdout
        filters = printed[: printed.index("[OUTPUT]")]
        filters = re.sub(r"\[SERVICE\](\n .*)*", "", filters)
        # A tick a second instead of one a minute; the setting is newer than this Fluent Bit.
        return service + tail + re.sub(r"Interval_Sec .*", "Rate 1", filters) + outputs

    def until(self, done):
        """Runs until that is so of what came out, and ends Fluent Bit."""
        with self.log.open("w") as log:
            command = [self.fluent_bit, "-c", "run.conf"]
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            for _ in range(SECONDS):
                time.sleep(1)
                if process.poll() is not None:
                    raise SystemExit(f"Fluent Bit ended by itself: {self.log}\n{self.log.read_text()[-2000:]}")
                if done(self):
                    break
            else:
                raise SystemExit(f"nothing more comes: {self.folder}\n{self.beat()}")
        finally:
            process.terminate()
            process.wait(60)
        return self

    def out(self, file):
        """The lines that came out."""
        path = self.folder / file
        return path.read_bytes().splitlines() if path.exists() else []

    def beat(self):
        """The latest heartbeat."""
        return json.loads((self.out("beats") or [b"{}"])[-1])

    def all_came(self):
        """Every record is out, and every copy was looked at."""
        seen = self.beat().get("records", 0)
        return len(self.out("records")) == len(self.lines) and seen == len(self.lines)

    def alerts(self):
        """The alerts that came out, one a line; a record can raise several."""
        told = [json.loads(line) for line in self.out("alerts")]
        return [alert for one in told if "alert_id" in one for alert in one.get("alerts", [one])]


def samples(file, number):
    """Events of a sample over and over, each with an identifier of its own, at the times that they are of."""
    events = [json.loads(line) for line in (SAMPLES / file).read_bytes().splitlines()]
    lines = []
    for turn in range(number):
        event = dict(events[turn % len(events)])
        for key in ("eventID", "auditID"):
            if key in event:
                event[key] = f"{turn:08x}-{event[key][9:]}"
        lines.append(json.dumps(event).encode())
    return lines


def hostile():
    """Objects, since this Fluent Bit reads nothing else well: deep, wide, long, odd, and such as the module itself makes."""
    lines = [
        b'{"eventVersion":"1.08","a":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"eventVersion":"1.08","a":' + b'{"b":' * 200 + b"1" + b"}" * 200 + b"}",
        b'{"eventVersion":"1.08","a":"' + b"x" * 2_000_000 + b'"}',
        b'{"eventVersion":"1.08","a":"' + b"\\u00e9" * 200_000 + b'"}',
        b'{"eventVersion":"1.08","a":[' + b",".join([b'{"k":"v"}'] * 20_000) + b"]}",
        b'{"eventVersion":"1.08","a":"\\u0000\\u0001\\ud800\\u007f","":{"":[]}}',
        b'{"eventVersion":"1.08","a":1e400,"b":-1e-400,"c":123456789012345678901234567890,"d":-0}',
        b'{"eventVersion":"1.08","a":1,"a":2,"eventVersion":null}',
        b'{"eventVersion":1.08}',
        b'{"eventVersion":{"1":2},"apiVersion":["audit.k8s.io/v1"],"log":7}',
        b'{"oxpecker":"tick"}',
        b'{"oxpecker":"canary"}',
        b"{}",
        bytes(byte for byte in range(1, 256) if byte not in b'\n"\\{[0123456789-') + b" no JSON",
    ]
    return lines + samples("cloudtrail.ndjson", 300)


def fired(oxpecker, path):
    """What `replay` opens when it takes events as they arrive, like Fluent Bit."""
    command = [oxpecker, "replay", "--live", "--quiet", "--output", "ndjson", path]
    out = subprocess.run(command, check=True, capture_output=True).stdout
    return [alert for alert in map(json.loads, out.splitlines()) if alert["state"] == "fired"]


def equal(what, left, right):
    """Fails where they differ, and says where."""
    if left == right:
        return
    for place, (one, other) in enumerate(zip(left, right)):
        if one != other:
            raise SystemExit(f"{what} differ at {place}:\n  {str(one)[:600]}\n  {str(other)[:600]}")
    raise SystemExit(f"{what} differ: {len(left)} and {len(right)}")


def the_stream_is_as_it_was_and_alerts_are_those_of_replay(programs, name, lines):
    plain = Run(programs, name, lines).until(lambda run: len(run.out("records")) == len(lines))
    run = Run(programs, name, lines, "alerts").until(Run.all_came)
    equal("records", run.out("records"), plain.out("records"))
    # What Fluent Bit made of the lines is what was looked at.
    (run.folder / "read.ndjson").write_bytes(b"".join(line + b"\n" for line in plain.out("records")))
    of_replay = fired(programs[1], run.folder / "read.ndjson")
    # Copies have several tags, and Fluent Bit writes each for itself: the order between them is not ours.
    key = json.dumps
    equal("alerts", sorted(run.alerts(), key=key), sorted(of_replay, key=key))
    beat = run.beat()
    assert beat["canary"] and not beat["trapped"] and not beat["undelivered"] and not beat["msgpack"], beat
    assert beat["events"] + beat["rejected"] == len(lines), beat
    print(f"{name}: {len(lines):,} records as they were, {len(of_replay):,} alerts, {beat['rejected']} rejected")


def a_record_that_has_the_mark_is_looked_at(programs):
    """Whoever knows the mark's name gets nothing by it."""
    run = Run(programs, "mark", [b"{}"], "alerts")
    mark = re.search(r"Set\s+(\S+)", (run.folder / "run.conf").read_text())[1]
    lines = [json.dumps({mark: value}).encode() for value in ("1", "7", "", 1, None, {"a": "1"}, ["1"])]
    Run(programs, "mark", lines, "alerts").until(Run.all_came)
    print("mark: records that have one of their own are looked at")


def a_small_emitter_loses_copies_and_says_so(programs, lines):
    def small(text):
        text = text.replace("Emitter_Mem_Buf_Limit  64MB", "Emitter_Mem_Buf_Limit  100KB")
        return text.replace("Emitter_Storage.type   filesystem", "Emitter_Storage.type   memory")

    run = Run(programs, "small", lines, "alerts", small)
    doctor = subprocess.run([run.oxpecker, "doctor", "run.conf"], cwd=run.folder, capture_output=True, text=True)
    assert "emitter-limit" in doctor.stdout and "emitter-memory" in doctor.stdout, doctor.stdout
    run.until(lambda run: len(run.out("records")) == len(lines) and len(run.out("beats")) > 5)
    seen = run.beat()["records"]
    assert 0 < seen < len(lines), (seen, len(lines))
    print(f"small emitter: {len(lines):,} records as they were; the heartbeat tells that {seen:,} copies came")


def notes_are_added_and_nothing_else(programs, lines):
    plain = Run(programs, "annotate", lines).until(lambda run: len(run.out("records")) == len(lines))
    run = Run(programs, "annotate", lines, "annotate").until(lambda run: len(run.out("records")) == len(lines))
    noted = 0
    for was, now in zip(plain.out("records"), run.out("records")):
        event = json.loads(now)
        noted += event.pop("oxpecker", None) is not None
        if event != json.loads(was):
            raise SystemExit(f"a record was changed:\n  {was[:600]}\n  {now[:600]}")
    assert 0 < noted < len(lines), noted
    print(f"annotate: {noted:,} of {len(lines):,} records have a note, and all else is as it was")


def main():
    programs = [pathlib.Path(program).resolve() for program in sys.argv[1:3]]
    trail = samples("cloudtrail.ndjson", 20_000)
    if len(sys.argv) > 3:
        # Events without a time have the one that Fluent Bit gives them, which `replay` cannot know.
        timed = re.compile(rb'"eventTime": ?"\d{4}-')
        trail = [line for line in pathlib.Path(sys.argv[3]).read_bytes().splitlines() if timed.search(line)]
    the_stream_is_as_it_was_and_alerts_are_those_of_replay(programs, "cloudtrail", trail)
    audit = samples("kubernetes.ndjson", 20_000)
    the_stream_is_as_it_was_and_alerts_are_those_of_replay(programs, "kubernetes", audit)
    the_stream_is_as_it_was_and_alerts_are_those_of_replay(programs, "hostile", hostile())
    a_record_that_has_the_mark_is_looked_at(programs)
    a_small_emitter_loses_copies_and_says_so(programs, trail)
    notes_are_added_and_nothing_else(programs, trail[:5_000])


if __name__ == "__main__":
    main()
