#!/usr/bin/env python3
"""Writes CloudTrail rule sets of several sizes for benchmarks, the same ones on every machine.

  bench/rulesets/generate.py                          11, 200, 1000 and 10000 rules into target/bench/
  bench/rulesets/generate.py -o /tmp/sets 50 5000     other sizes elsewhere

Of each size N it writes N.yaml, rules as Oxpecker reads them, and N.json, the same as a neutral tree of predicates that
every other engine's rules are made from. A smaller set is the beginning of a larger one. Beside them it writes `check`: the
first thousand without the calls that they are about, to see whether engines agree on everything else.
"""
import argparse
import pathlib

import compose
import neutral
import ruleset

SIZES = [11, 200, 1000, 10000]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, metavar="RULES", help="numbers of rules")
    parser.add_argument("-o", "--out", default="target/bench", type=pathlib.Path, help="folder (default: target/bench)")
    given = parser.parse_args()
    if min(given.sizes) < 1:
        parser.error("a rule set has one rule at least")
    rules = compose.rules(max(given.sizes))
    given.out.mkdir(parents=True, exist_ok=True)
    for size in given.sizes:
        write(given.out / str(size), rules[:size])
    write(given.out / "check", compose.without_calls(compose.rules(1000)))


def write(path, rules):
    path.with_suffix(".yaml").write_text(ruleset.text(rules), encoding="utf-8")
    path.with_suffix(".json").write_text(neutral.text(rules), encoding="utf-8")
    print(path.with_suffix(".yaml"))


if __name__ == "__main__":
    main()
