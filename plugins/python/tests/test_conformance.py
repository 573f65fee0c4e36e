"""The conformance corpus through this binding."""

import sys
import unittest
from typing import Optional

from corpus import CASES, Paragraph, read

from oxpecker import Engine, Problem, RuleError, Verdict


class Conformance(unittest.TestCase):
    def test_the_corpus_holds(self) -> None:
        cases, failures = 0, []
        for paragraph in read():
            cases += paragraph.cases
            failures += [f"{paragraph.place}: {paragraph.why}\n  {what}" for what in check(paragraph)]
        print(f"conformance: {cases} cases in Python, {len(failures)} failed", file=sys.stderr)
        self.assertEqual(failures, [], "\n".join(failures))
        self.assertEqual(cases, CASES, "tests/conformance/CASES says how many cases there are")


def check(paragraph: Paragraph) -> list[str]:
    try:
        engine = Engine.load(
            filters=paragraph.filter,
            lists=paragraph.lists,
            event_type=paragraph.event_type,
            on_reject=lambda reject: None,
        )
    except RuleError as error:
        return check_problems(paragraph, error.problems)
    with engine:
        failures = check_problems(paragraph, engine.report.problems)
        for expected, event in paragraph.events:
            verdicts = [told(verdict) for verdict in engine.eval([event], batch_bytes=1)]
            if verdicts != [expected]:
                failures.append(f"{expected} expected, {verdicts} for {event!r}")
    if paragraph.canonical is not None:
        # The ABI does not tell the canonical form; that it can be read is what can be asked of it.
        with Engine.load(filters=paragraph.canonical, lists=paragraph.lists):
            pass
    return failures


def told(verdict: Verdict) -> str:
    if verdict.reject:
        return verdict.reject.code
    return "yes" if verdict.matched else "undecided" if verdict.undecided else "no"


def check_problems(paragraph: Paragraph, found: list[Problem]) -> list[str]:
    if not paragraph.problems:
        errors = [problem for problem in found if problem.severity == "error"]
        return [f"unexpected {errors}"] if errors else []
    codes = sorted(problem.code for problem in found)
    failures = []
    if codes != sorted(code for code, _ in paragraph.problems):
        failures.append(f"problems {codes}, expected {paragraph.problems}")
    for code, span in paragraph.problems:
        if span is not None and not any(p.code == code and under(paragraph.filter, p) == span for p in found):
            failures.append(f"no {code} under {span!r}: {found}")
    return failures


def under(text: str, problem: Problem) -> Optional[str]:
    lines = text.split("\n")[problem.line - 1 : problem.end_line]
    lines[-1] = lines[-1][: problem.end_column - 1]
    lines[0] = lines[0][problem.column - 1 :]
    return "\n".join(lines)
