"""Puts rules together: a call, or a group of calls, and one to three conditions."""
import words
from classics import CLASSICS
from conditions import COMMON, RARE, thing
from tree import Dice, all_of, condition

AGGREGATES = ["accountId", "user", "ip", "region", "userIdentity.arn", "eventName"]


def rules(count):
    dice = Dice(20_260_301)
    made = [dict(rule) for rule in CLASSICS[:count]]
    catalog = [(service, f"{dice.pick(words.VERBS)}{noun}", noun)
               for service in words.SERVICES
               for noun in [dice.pick(words.ADJECTIVES) + dice.pick(words.NOUNS) for _ in range(30)]]
    while len(made) < count:
        made.append(rule(dice, len(made), catalog))
    return made


def without_calls(rules):
    """What the rules ask beside the call: they match often, which tells whether two engines agree."""
    call = (["eventSource"], ["eventName"], ["eventVersion"])
    made = []
    for one in rules:
        parts = [part for part in one["filter"].get("and", [one["filter"]]) if part.get("path") not in call]
        if parts:
            made.append(one | {"id": one["id"].replace("bench-", "check-"), "filter": all_of(parts)})
    return made


def rule(dice, place, catalog):
    # The first rules that people write are about what they use; later ones cover all that there is.
    in_use = 0.45 if place < 200 else 0.2 if place < 1000 else 0.05
    if dice.chance(0.05):
        service, name, filter_ = wide(dice)
    elif dice.chance(in_use):
        service, name, filter_ = in_use_rule(dice)
    else:
        service, name, noun = dice.pick(catalog)
        name, head = call(dice, service, name, catalog)
        filter_ = all_of(head + common(dice, noun))
    aggregate = dice.some(AGGREGATES, 2, 4)
    return {
        "id": f"bench-{place:05d}-{service}-{name}".lower(),
        "name": f"Bench {place}: {service} {name}",
        "title": f"{service} {name}: " + ", ".join(f"{{{{{key}}}}}" for key in aggregate),
        "severity": 1 + dice.below(3),
        "description": f"{name} of {service} in circumstances that somebody wants to know of. Ask the user, then look "
                       f"at what came next from the same address.",
        "filter": filter_,
        "aggregate": aggregate,
        "suppressions": [suppression(dice) for _ in range(1 + dice.below(2))] if dice.chance(0.03) else [],
    }


def source(service):
    return condition("eventSource", "eq", f"{service}.amazonaws.com")


def call(dice, service, name, catalog):
    """What the rule is about: mostly one call of one service."""
    head = [condition("eventVersion", "not_null", None, 'event_type = "cloudtrail"')] if dice.chance(0.25) else []
    shape = dice.random()
    if shape < 0.84:
        return name, head + [source(service), condition("eventName", "eq", name)]
    if shape < 0.94:
        others = [other for family, other, _ in catalog if family == service]
        return name, head + [source(service), condition("eventName", "in", [name] + dice.some(others, 1, 5))]
    if shape < 0.97:
        verb = dice.pick(["Delete", "Update", "Create", "Put"])
        return f"{verb}-any", head + [source(service), condition("eventName", "starts_with", verb)]
    return name, [condition("eventName", "eq", name)]


def common(dice, noun):
    kinds = [dice.weighted(COMMON) for _ in range(dice.weighted([(1, 0), (4, 1), (4, 2), (2, 3)]))]
    return [kind(dice, noun) for kind in kinds]


def in_use_rule(dice):
    busy = dice.chance(0.25)
    service, name = dice.pick(words.BUSY_CALLS if busy else words.KNOWN_CALLS)
    noun = name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ").lstrip("abcdefghijklmnopqrstuvwxyz") or "Item"
    head = [source(service), condition("eventName", "eq", name)]
    # Most rules on calls that happen anyway are narrowed to what does not.
    rare = [dice.weighted(RARE)(dice, noun)] if busy or dice.chance(0.6) else []
    return service, name, all_of(head + rare + common(dice, noun))


def wide(dice):
    """No call at all: an address, a tool, a key that is known to be bad."""
    rare = [kind(dice, "Item") for kind in dice.some([kind for _, kind in RARE[:5]], 1, 2)]
    return "any", thing(dice).split("-")[0], all_of(rare + common(dice, "Item")[:1])


def suppression(dice):
    return dice.weighted([
        (3, condition("userIdentity.arn", "like", f"/{dice.pick(words.ROBOTS)}-")),
        (2, condition("sourceIPAddress", "cidr", "@vpn")),
        (2, condition("userAgent", "starts_with", f"{dice.pick(words.ROBOTS)}/")),
        (1, condition("recipientAccountId", "in", "@partners")),
    ])
