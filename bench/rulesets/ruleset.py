"""Rules as Oxpecker's rule files: see docs/rules.md and docs/language.md."""
import json
import re

import words

WORDS = {"starts_with": "starts_with", "ends_with": "ends_with", "like": "like", "matches": "matches"}
SIGNS = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def text(rules):
    head = ["# Made by bench/rulesets/generate.py: rules to measure with, not to run.", "ruleset: bench", "lists:"]
    lists = [f"  {name}: {json.dumps(values)}" for name, values in words.LISTS.items()]
    return "\n".join(head + lists + ["rules:"] + [rule(one) for one in rules]) + "\n"


def rule(one):
    lines = [
        f"  - id: {one['id']}",
        f"    name: {json.dumps(one['name'])}",
        f"    title: {json.dumps(one['title'])}",
        "    type: CloudTrail",
        f"    severity: {one['severity']}",
        f"    description: {json.dumps(one['description'])}",
        f"    filter: |\n      {spell(one['filter'])}",
        f"    aggregate: [{', '.join(one['aggregate'])}]",
    ]
    if one["suppressions"]:
        lines.append("    suppressions:")
        lines += [f"      - {quoted_yaml(spell(hidden))}" for hidden in one["suppressions"]]
    return "\n".join(lines)


def quoted_yaml(filter_text):
    return "'" + filter_text.replace("'", "''") + "'"


def spell(node, inside=None):
    for kind in ("and", "or"):
        if kind in node:
            joined = f" {kind} ".join(spell(part, kind) for part in node[kind])
            return f"({joined})" if inside in ("and", "not") and (kind == "or" or inside == "not") else joined
    if "not" in node:
        return f"not {spell(node['not'], 'not')}"
    return predicate(node)


def predicate(node):
    left, op, value = node["key"] or key(node["path"]), node["op"], node["value"]
    if op == "not_null" and left.startswith("event_type"):
        return left
    if op == "null":
        return f"{left} = null"
    if op == "not_null":
        return f"{left} != null"
    if op in ("in", "not_in"):
        return f"{left} {'not in' if op == 'not_in' else 'in'} {members(value)}"
    if op in ("cidr", "not_cidr"):
        several = isinstance(value, str) or len(value) > 1
        sign = {(True, "cidr"): "in", (True, "not_cidr"): "not in", (False, "cidr"): "=", (False, "not_cidr"): "!="}
        return f"{left} {sign[several, op]} {members(value) if several else literal(value[0])}"
    if op.startswith("not_"):
        return f"{left} not {WORDS[op.removeprefix('not_')]} {literal(value)}"
    return f"{left} {SIGNS.get(op) or WORDS[op]} {literal(value)}"


def members(value):
    return value if isinstance(value, str) else f"({', '.join(literal(one) for one in value)})"


def literal(value):
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return json.dumps(value)


def key(path):
    """`*` is left out: a path goes through arrays by itself."""
    segments = [segment if PLAIN.fullmatch(segment) else json.dumps(segment) for segment in path if segment != "*"]
    return ".".join(segments)
