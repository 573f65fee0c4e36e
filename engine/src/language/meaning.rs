//! What the published keys mean, in one sentence each: for an editor's hover and completion. Never used to match.

/// Keys that are derived, of CloudTrail unless they say otherwise.
const DERIVED: &[(&str, &str)] = &[
    (
        "event_type",
        "The kind of event: the operator's word, else by its shape (cloudtrail, kubernetes, audit, file …), else its own field",
    ),
    (
        "user",
        "Who acted: of CloudTrail the session name of an assumed role, else the user name, else the principal; of others \
         the user's name",
    ),
    ("userType", "Kind of identity: IAMUser, AssumedRole, Root, AWSService …"),
    ("ip", "The caller's address, or the source and destination addresses of a network event"),
    ("region", "The AWS region the call was made to"),
    ("accountId", "The account that received the call, else the caller's"),
    ("error", "The error code of a call that failed; missing where it succeeded"),
    ("accessKey", "The access key that signed the call"),
    ("arnRole", "assumed-role/<role>/<session> of an assumed role"),
    ("mfaUsed", "Whether a second factor was used, as the record says it"),
    ("eventSourceType", "AwsApiCall, AwsConsoleSignIn, AwsServiceEvent …"),
    ("eventId", "The record's own identifier"),
    ("requestId", "The identifier of the request"),
    ("port", "Source or destination port"),
    ("src_ip", "Source address of a connection"),
    ("dst_ip", "Destination address of a connection"),
    ("src_port", "Source port of a connection"),
    ("dst_port", "Destination port of a connection"),
    ("agent", "The name of the host that the event is from"),
];

/// Members of CloudTrail records, and paths in them that rules ask for most.
const CLOUDTRAIL: &[(&str, &str)] = &[
    ("eventTime", "When the call was made, in UTC"),
    ("eventVersion", "Version of the record's format"),
    ("userIdentity", "Who called: an object; name a key inside it"),
    ("userIdentity.type", "Kind of identity: IAMUser, AssumedRole, Root, AWSService …"),
    ("userIdentity.arn", "The caller's ARN"),
    ("userIdentity.userName", "The IAM user's name"),
    ("userIdentity.principalId", "The caller's unique identifier; with the session name behind a colon for roles"),
    ("userIdentity.accountId", "The caller's account"),
    ("userIdentity.accessKeyId", "The access key that signed the call"),
    ("userIdentity.invokedBy", "The AWS service that called on someone's behalf"),
    ("userIdentity.sessionContext.sessionIssuer.arn", "The role behind the session"),
    ("userIdentity.sessionContext.sessionIssuer.userName", "The name of the role behind the session"),
    ("userIdentity.sessionContext.attributes.mfaAuthenticated", "Whether the session was opened with a second factor"),
    ("eventSource", "The service that was called: ssm.amazonaws.com, ecr.amazonaws.com …"),
    ("eventName", "The call: StartSession, PutImage …"),
    ("awsRegion", "The AWS region the call was made to"),
    ("sourceIPAddress", "The caller's address, or the name of an AWS service"),
    ("userAgent", "The program that called, as it names itself"),
    ("errorCode", "The error of a call that failed; missing where it succeeded"),
    ("errorMessage", "The error in words"),
    ("requestParameters", "What the call asked for: an object, other keys for each call"),
    ("responseElements", "What came back: an object, or null for calls that only read"),
    ("additionalEventData", "What the service adds: an object"),
    ("requestID", "The identifier of the request"),
    ("eventID", "The record's own identifier"),
    ("eventType", "AwsApiCall, AwsConsoleSignIn, AwsServiceEvent …"),
    ("managementEvent", "Whether it is a management event"),
    ("readOnly", "Whether the call only reads"),
    ("resources", "What was acted on: an array of objects with ARN and accountId"),
    ("recipientAccountId", "The account that received the record"),
    ("serviceEventDetails", "What an event of a service says: an object"),
    ("sharedEventID", "The same in the records of all accounts that one call concerned"),
    ("vpcEndpointId", "The VPC endpoint that the call came through"),
    ("eventCategory", "Management, Data, Insight or NetworkActivity"),
    ("sessionCredentialFromConsole", "Whether the credentials are of a console session"),
    ("tlsDetails", "TLS version and cipher of the call"),
];

/// Members of host, file, login, network, threat and Windows events.
const HOST: &[(&str, &str)] = &[
    ("exe", "Path of the program that ran"),
    ("command", "Name of the program that ran"),
    ("arguments", "The command line"),
    ("args", "The arguments, one by one"),
    ("pid", "Process id"),
    ("ppid", "Process id of the parent"),
    ("auser", "Who logged in at first, whatever user they became later"),
    ("uid", "User id of the process"),
    ("auid", "User id of the login; 4294967295 where there was none"),
    ("gid", "Group id of the process"),
    ("group", "Groups of the rule that fired (host) or of the process"),
    ("session", "Login session; 4294967295 where there was none"),
    ("tty", "Terminal of the process; null where it has none"),
    ("cwd", "Working directory"),
    ("path", "The file that was touched"),
    ("success", "Whether the system call succeeded"),
    ("exit", "What the system call returned"),
    ("syscall", "The system call: execve, connect …"),
    ("type", "What happened: start, connect, ptrace …"),
    ("containerId", "The container that it happened in"),
    ("containerImage", "The image of the container"),
    ("containerLabels", "The labels of the container: an object"),
    ("connection", "Addresses and ports of a connection: an object"),
    ("connection.addr", "The other address of a connection"),
    ("connection.dst_addr", "Destination address of a connection"),
    ("connection.src_addr", "Source address of a connection"),
    ("connection.port", "Destination port of a connection"),
    ("connection.src_port", "Source port of a connection"),
    ("parent_metadata", "What is known of the parent process"),
    ("parent_metadata.exe", "Path of the program that the parent process runs"),
    ("parent_metadata.arguments", "Command line of the parent process"),
    ("agent_id", "The agent that reported it"),
    ("host_metadata", "What is known of the host"),
    ("filename", "The file that was touched"),
    ("src_user", "Who it was before"),
    ("dst_user", "Who it became"),
    ("sigid", "Number of the host rule that fired"),
    ("level", "Severity that the host rule gave it"),
    ("log", "The log line"),
    ("location", "The log file that the line is from"),
    ("hostname", "The host"),
    ("protocol", "Network protocol"),
    ("domain", "Domain of a network or Windows event"),
    ("threatintel_source", "The list that named the address"),
    ("threatintel_reason", "Why the list names it"),
    ("threatintel_type", "What the list says it is"),
    ("win_event_id", "Number of the Windows event"),
    ("status", "Outcome of a Windows event"),
    ("sid", "Windows security identifier"),
    ("target_user", "The user that was acted on"),
];

/// Members of Kubernetes events.
const KUBERNETES: &[(&str, &str)] = &[
    ("action", "What was done: create, delete …"),
    ("verb", "What was asked: get, create, delete …"),
    ("namespace", "The namespace"),
    ("resource", "Kind of resource: pods, secrets …"),
    ("name", "Name of the resource"),
    ("node_name", "The node"),
    ("role_name", "The role"),
    ("role_type", "Role or ClusterRole"),
    ("verbs", "What the role allows"),
    ("kind", "Kind of the object; Event for audit records"),
    ("auditID", "The audit record's identifier"),
    ("stage", "RequestReceived, ResponseComplete …"),
    ("requestURI", "Path and query of the request"),
    ("user.username", "Who asked"),
    ("user.groups", "The groups of who asked"),
    ("impersonatedUser", "On whose behalf"),
    ("sourceIPs", "Addresses that the request came through"),
    ("objectRef", "What was acted on: an object"),
    ("objectRef.resource", "Kind of resource: pods, secrets …"),
    ("objectRef.subresource", "Part of the resource: exec, log …"),
    ("objectRef.namespace", "Its namespace"),
    ("objectRef.name", "Its name"),
    ("responseStatus", "How it ended: an object"),
    ("responseStatus.code", "HTTP status of the answer"),
    ("requestObject", "What was sent: an object"),
    ("annotations", "What plugins add; authorization decisions stand here"),
];

/// What a key means; none for a key that is not published.
#[must_use]
pub fn meaning(key: &str) -> Option<&'static str> {
    all().find(|(name, _)| *name == key).map(|(_, meaning)| meaning)
}

/// Every key that has a meaning, with it.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    [DERIVED, CLOUDTRAIL, HOST, KUBERNETES].into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use crate::language::vocabulary;

    #[test]
    fn every_key_with_a_meaning_is_published() {
        for (key, _) in super::all() {
            let first = key.split('.').next().unwrap_or_default();
            assert!(vocabulary::is_known(first), "{key}");
        }
        assert!(super::meaning("eventName").is_some_and(|text| text.starts_with("The call")));
        assert_eq!(super::meaning("nothing"), None);
    }
}
