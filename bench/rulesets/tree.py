"""A filter as a tree: the one form that rule files and the neutral form are written from.

A condition holds a path (`*` steps into the elements of an array), an operator and a value. `key` is how a rule of
Oxpecker spells it where that is not the path: `ip` for `sourceIPAddress`.
"""
import random


class Dice(random.Random):
    """Random choices that do not change between versions of Python: only `random()` is promised to stay the same."""

    def below(self, n):
        return int(self.random() * n)

    def pick(self, things):
        return things[self.below(len(things))]

    def chance(self, share):
        return self.random() < share

    def some(self, things, low, high):
        """Between `low` and `high` different things, in their own order."""
        left, taken = list(range(len(things))), []
        for _ in range(low + self.below(high - low + 1)):
            if left:
                taken.append(left.pop(self.below(len(left))))
        return [things[place] for place in sorted(taken)]

    def weighted(self, rows):
        """The thing of one of `(weight, thing)`."""
        point = self.random() * sum(weight for weight, _ in rows)
        for weight, thing in rows:
            point -= weight
            if point < 0:
                return thing
        return rows[-1][1]


def condition(path, op, value=None, key=None):
    return {"path": path.split("."), "op": op, "value": value, "key": key}


def all_of(parts):
    return parts[0] if len(parts) == 1 else {"and": parts}


def any_of(parts):
    return parts[0] if len(parts) == 1 else {"or": parts}


def negated(part):
    return {"not": part}
