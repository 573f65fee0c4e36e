"""Rules as a tree of predicates in JSON, which rules of any engine can be made from.

A node is `{"and": [..]}`, `{"or": [..]}`, `{"not": ..}` or `{"path": [..], "op": .., "value": ..}`. `op` is one of `eq`,
`in`, `starts_with`, `ends_with`, `like` (occurs inside), `matches` (a regular expression), `null` (absent or null),
`cidr` (in one of the networks), `lt`, `le`, `gt`, `ge`; negated operators of the tree are written with `not`. `*` in a
path steps into the elements of an array, where one of them must do. `path` is null where no plain path says it. Of an
event that matches `filter`, one that matches one of `suppressions` does not count.
"""
import json

import words

OPPOSITES = {"ne": "eq", "not_in": "in", "not_null": "null", "not_cidr": "cidr", "not_starts_with": "starts_with",
             "not_ends_with": "ends_with", "not_like": "like", "not_matches": "matches"}


def text(rules):
    written = [{"id": one["id"], "filter": node(one["filter"]), "suppressions": list(map(node, one["suppressions"]))}
               for one in rules]
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in written)
    return f'{{"rules":[\n{lines}\n]}}\n'


def node(tree):
    for kind in ("and", "or"):
        if kind in tree:
            return {kind: [node(part) for part in tree[kind]]}
    if "not" in tree:
        return {"not": node(tree["not"])}
    plain = {"path": None if tree["path"] == [""] else tree["path"], "op": OPPOSITES.get(tree["op"], tree["op"])}
    if tree["value"] is not None:
        value = tree["value"]
        plain["value"] = words.LISTS[value[1:]] if isinstance(value, str) and value.startswith("@") else value
    return {"not": plain} if tree["op"] in OPPOSITES else plain
