"""The eleven rules that come first: what every account watches."""
from tree import all_of, any_of, condition


def about(service, *names):
    one = condition("eventName", "eq", names[0]) if len(names) == 1 else condition("eventName", "in", list(names))
    return [condition("eventSource", "eq", f"{service}.amazonaws.com"), one]


def cloudtrail():
    return condition("eventVersion", "not_null", None, 'event_type = "cloudtrail"')


def classic(name, severity, parts, suppressions=()):
    return {
        "id": "bench-" + name.lower().replace(" ", "-"),
        "name": name,
        "title": name + " by {{user}} from {{ip}} in {{accountId}}",
        "severity": severity,
        "description": name + ". Ask the user, then look at what came next from the same address.",
        "filter": all_of(parts),
        "aggregate": ["accountId", "user", "ip"],
        "suppressions": list(suppressions),
    }


CLASSICS = [
    classic("Trail stopped", 1, [cloudtrail(), *about("cloudtrail", "StopLogging", "DeleteTrail", "UpdateTrail")]),
    classic("Console login failed", 3, [cloudtrail(), *about("signin", "ConsoleLogin"), condition("responseElements.ConsoleLogin", "eq", "Failure")]),
    classic("Root at work", 1, [condition("userIdentity.type", "eq", "Root"), condition("userIdentity.invokedBy", "null"), condition("eventType", "ne", "AwsServiceEvent")]),
    classic("Policy of administrators attached", 2, [
        *about("iam", "AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy"),
        condition("requestParameters.policyArn", "ends_with", "/AdministratorAccess"), condition("errorCode", "null", None, "error")]),
    classic("Command sent to an instance", 2, [
        cloudtrail(), *about("ssm", "SendCommand"), condition("requestParameters.documentName", "starts_with", "AWS-Run"),
        condition("sourceIPAddress", "not_cidr", "@office", "ip")],
        [condition("userIdentity.arn", "like", "/patch-")]),
    classic("Image scan found something", 1, [
        cloudtrail(), *about("ecr", "DescribeImageScanFindings"),
        condition("responseElements.imageScanFindings.findingSeverityCounts.HIGH", "gt", 0)]),
    classic("Snapshot shared", 1, [
        *about("ec2", "ModifySnapshotAttribute"), condition("requestParameters.createVolumePermission.add", "not_null")]),
    classic("Secret read from outside", 2, [
        *about("secretsmanager", "GetSecretValue"), condition("userIdentity.type", "ne", "AssumedRole"),
        condition("sourceIPAddress", "not_cidr", ["10.0.0.0/8", "192.168.0.0/16"]), condition("readOnly", "eq", True),
        condition("userAgent", "not_like", "Terraform")]),
    classic("Access denied to a tool", 2, [
        condition("errorCode", "in", ["AccessDenied", "Client.UnauthorizedOperation"]),
        any_of([condition("userAgent", "like", "Boto3"), condition("userAgent", "like", "kali"), condition("userAgent", "starts_with", "curl/")]),
        condition("awsRegion", "not_in", ["eu-west-1", "eu-central-1"])]),
    classic("Long session taken", 3, [*about("sts", "AssumeRole"), condition("requestParameters.durationSeconds", "gt", 3600)]),
    classic("Bucket opened", 1, [
        *about("s3", "PutBucketAcl", "PutBucketPolicy", "DeleteBucketPublicAccessBlock"),
        any_of([condition("requestParameters.bucketPolicy.Statement.*.Principal", "eq", "*"), condition("requestParameters.AccessControlPolicy", "not_null")])]),
]
