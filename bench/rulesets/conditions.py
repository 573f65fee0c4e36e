"""What rules ask beside the call: kinds of conditions with how often they stand in a rule.

Each takes the dice and the call's noun. `RARE` ones hold for few events of any account.
"""
import words
from tree import all_of, any_of, condition, negated


def lower_first(name):
    return name[:1].lower() + name[1:]


def thing(dice):
    """The name of something that somebody made."""
    return f"{dice.pick(words.PROJECTS)}-{dice.pick(words.STAGES)}-{dice.below(90) + 10}"


def account(dice):
    return f"{dice.below(9 * 10**11) + 10**11}"


def network(dice):
    first = dice.pick([5, 31, 45, 77, 91, 103, 141, 159, 185, 193, 212])
    bits = dice.pick([12, 16, 19, 20, 22, 23, 24, 24, 24, 26, 28, 32])
    number = (first << 24 | dice.below(1 << 24)) >> (32 - bits) << (32 - bits)
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{bits}"


def parameter(dice, noun, ending=("Name", "Id", "Arn", "Type", "Identifier")):
    return f"requestParameters.{lower_first(noun)}{dice.pick(list(ending))}"


def named(dice, noun):
    path, name = parameter(dice, noun), thing(dice)
    return dice.weighted([
        (5, condition(path, "eq", name)),
        (3, condition(path, "starts_with", name.rsplit("-", 1)[0])),
        (2, condition(path, "like", f"-{name.split('-')[1]}-")),
        (2, condition(path, "ends_with", "-" + name.rsplit("-", 1)[1])),
        (2, condition(path, "in", [thing(dice) for _ in range(2 + dice.below(6))])),
        (1, condition(path, "not_starts_with", "arn:aws:")),
        (1, condition(path, "matches", rf"^{name.split('-')[0]}-(prod|dr)-[0-9]+$")),
        (1, condition(path, "matches", rf"(?i){name.split('-')[0]}.*(secret|token|key)")),
    ])


def nested(dice, noun):
    inner = lower_first(dice.pick(words.ADJECTIVES) + dice.pick(words.NOUNS))
    base = f"requestParameters.{lower_first(noun)}.{inner}"
    return dice.weighted([
        (3, condition(f"{base}.{dice.pick(['state', 'mode', 'effect', 'scope'])}", "eq", dice.pick(["Enabled", "Disabled", "ALL", "Public", "Allow"]))),
        (3, condition(f"{base}.enabled", "eq", dice.chance(0.5))),
        (2, condition(f"{base}.{dice.pick(['principal', 'target', 'owner'])}", "like", f":{account(dice)}:")),
        (2, condition(f"{base}.count", dice.pick(["gt", "ge", "lt"]), dice.pick([1, 2, 5, 10, 50, 100]))),
        (1, condition(base, "not_null")),
    ])


def response(dice, noun):
    base = f"responseElements.{lower_first(noun)}"
    return dice.weighted([
        (3, condition(f"{base}.status", dice.pick(["eq", "ne"]), dice.pick(["ACTIVE", "FAILED", "PENDING", "CREATING"]))),
        (2, condition(f"{base}.findingSeverityCounts.{dice.pick(['HIGH', 'CRITICAL', 'MEDIUM'])}", "gt", 0)),
        (2, condition(f"{base}.publiclyAccessible", "eq", True)),
        (2, condition(f"{base}.arn", "like", f"/{dice.pick(words.PROJECTS)}-")),
        (1, condition("responseElements._return", "eq", False)),
    ])


def counted(dice, noun):
    path = dice.weighted([
        (3, "requestParameters.maxResults"),
        (3, "requestParameters.durationSeconds"),
        (2, "additionalEventData.bytesTransferredOut"),
        (2, f"requestParameters.desired{noun}Count"),
        (1, "requestParameters.retentionInDays"),
        (1, "requestParameters.maxSessionDuration"),
    ])
    return condition(path, dice.pick(["gt", "ge", "lt", "gt", "eq"]), dice.pick([1, 7, 30, 100, 500, 3600, 14400, 43200, 10**6, 10**9]))


def kind_of_user(dice, _):
    path, key = ("userIdentity.type", dice.pick([None, None, None, "userType"]))
    return dice.weighted([
        (4, condition(path, "eq", dice.pick(["IAMUser", "AssumedRole", "Root", "FederatedUser", "AWSAccount"]), key)),
        (3, condition(path, "ne", dice.pick(["AWSService", "AssumedRole"]), key)),
        (2, condition(path, "in", dice.some(["IAMUser", "Root", "FederatedUser", "SAMLUser", "WebIdentityUser"], 2, 3), key)),
    ])


def user(dice, _):
    name = dice.pick(words.PEOPLE)
    robot = dice.pick(words.ROBOTS)
    return dice.weighted([
        (3, condition("userIdentity.userName", "eq", f"{name}{dice.below(99)}")),
        (3, condition("userIdentity.userName", "not_in", [f"{one}-bot" for one in dice.some(words.ROBOTS, 2, 5)])),
        (2, condition("userIdentity.userName", "in", [f"{one}{dice.below(99)}" for one in dice.some(words.PEOPLE, 2, 8)])),
        (2, condition("userIdentity.userName", "in", "@admins")),
        (2, condition("userIdentity.arn", "not_like", f"/{robot}")),
        (2, condition("userIdentity.arn", "ends_with", f":user/{name}{dice.below(99)}")),
        (2, condition("userIdentity.sessionContext.sessionIssuer.userName", "starts_with", f"{robot}-")),
        (2, condition("userIdentity.sessionContext.sessionIssuer.userName", "ne", f"{robot}-role")),
        (1, condition("userIdentity.principalId", "like", f":{name}")),
        # Where the name of a user comes from depends on the kind of user: no plain path says it.
        (1, condition("", dice.pick(["eq", "ne"]), f"{robot}-bot", "user")),
    ])


def address(dice, _):
    key = dice.pick([None, None, "ip"])
    return dice.weighted([
        (3, condition("sourceIPAddress", "not_cidr", dice.pick(["@office", "@vpn"]), key)),
        (2, condition("sourceIPAddress", "cidr", "@office", key)),
        (3, condition("sourceIPAddress", "cidr", [network(dice)], key)),
        (2, condition("sourceIPAddress", "cidr", [network(dice) for _ in range(2 + dice.below(9))], key)),
        (2, condition("sourceIPAddress", "not_cidr", [dice.pick(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])], key)),
        (1, condition("sourceIPAddress", "ne", "AWS Internal", key)),
        (1, condition("sourceIPAddress", "not_ends_with", ".amazonaws.com", key)),
    ])


def failed(dice, _):
    key = dice.pick([None, None, "error"])
    return dice.weighted([
        (5, condition("errorCode", "null", None, key)),
        (2, condition("errorCode", "not_null", None, key)),
        (3, condition("errorCode", "in", ["AccessDenied"] + dice.some(words.ERRORS, 1, 3), key)),
        (2, condition("errorCode", "eq", dice.pick(words.ERRORS), key)),
        (1, condition("errorMessage", "like", f"not authorized to perform: {dice.pick(words.SERVICES)}:")),
    ])


def place(dice, _):
    path, key = dice.pick([("awsRegion", None), ("awsRegion", None), ("awsRegion", "region"), ("recipientAccountId", None)])
    if path == "recipientAccountId":
        some = [account(dice) for _ in range(1 + dice.below(6))]
        return dice.weighted([(2, condition(path, "in", some)), (1, condition(path, "not_in", some)), (1, condition(path, "in", "@partners"))])
    return condition(path, dice.pick(["not_in", "in"]), dice.some(words.REGIONS, 2, 5), key)


def agent(dice, _):
    tool = dice.pick(words.TOOLS)
    return dice.weighted([
        (4, condition("userAgent", "like", tool)),
        (3, condition("userAgent", "not_like", dice.pick(["Terraform", "aws-internal", "console.amazonaws.com"]))),
        (2, condition("userAgent", "starts_with", tool)),
        (1, condition("userAgent", "matches", r"(?i)\b(kali|parrot|pentoo)\b")),
    ])


def flag(dice, _):
    return dice.weighted([
        (3, condition("readOnly", "eq", False)),
        (1, condition("managementEvent", "eq", True)),
        (2, condition("userIdentity.sessionContext.attributes.mfaAuthenticated", dice.pick(["eq", "ne"]), dice.pick(["true", "false"]))),
        (2, condition("additionalEventData.MFAUsed", dice.pick(["eq", "ne"]), dice.pick(["Yes", "No"]))),
        (2, condition("userIdentity.invokedBy", "null")),
        (1, condition("vpcEndpointId", dice.pick(["null", "not_null"]))),
        (1, condition("tlsDetails.tlsVersion", "in", ["TLSv1", "TLSv1.1"])),
        (1, condition("eventType", "eq", dice.pick(["AwsApiCall", "AwsServiceEvent"]))),
        (1, condition("sessionCredentialFromConsole", "null")),
    ])


def elements(dice, _):
    ports = "requestParameters.ipPermissions.items.*"
    return dice.weighted([
        (3, condition("resources.*.ARN", "starts_with", f"arn:aws:s3:::{thing(dice)}")),
        (2, condition("resources.*.accountId", "eq", account(dice))),
        (2, condition("requestParameters.instancesSet.items.*.instanceId", "eq", f"i-0{dice.below(16**8):08x}")),
        (2, condition(f"{ports}.fromPort", "eq", dice.pick(words.PORTS))),
        (1, condition(f"{ports}.ipRanges.items.*.cidrIp", "starts_with", "0.0.0.0")),
        (1, condition("requestParameters.tagSpecificationSet.items.*.tags.*.value", "eq", dice.pick(words.PROJECTS))),
    ])


def group(dice, noun):
    kinds = dice.some([named, user, address, agent, counted, nested, flag, kind_of_user], 2, 3)
    inner = [kind(dice, noun) for kind in kinds]
    if dice.chance(0.3):
        return negated(all_of(inner))
    if dice.chance(0.2):
        inner[0] = all_of([inner[0], failed(dice, noun)])
    return any_of(inner)


COMMON = [(20, named), (10, nested), (6, response), (6, counted), (12, kind_of_user), (11, user), (10, address),
          (10, failed), (6, place), (6, agent), (10, flag), (3, elements), (8, group)]
RARE = [(6, lambda dice, _: condition("userAgent", "like", f"{dice.pick(words.TOOLS)}{dice.below(90)}")),
        (5, lambda dice, _: condition("sourceIPAddress", "cidr", [network(dice) for _ in range(1 + dice.below(12))])),
        (4, lambda dice, noun: condition(parameter(dice, noun), "eq", thing(dice))),
        (3, lambda dice, _: condition("userIdentity.accessKeyId", "eq", f"AKIA{dice.below(36**6):012X}")),
        (3, lambda dice, _: condition("userIdentity.userName", "eq", f"{dice.pick(words.PEOPLE)}{dice.below(999)}")),
        (2, lambda dice, _: condition("recipientAccountId", "in", [account(dice) for _ in range(1 + dice.below(4))])),
        (2, lambda dice, _: condition("errorCode", "eq", dice.pick(words.ERRORS)))]
