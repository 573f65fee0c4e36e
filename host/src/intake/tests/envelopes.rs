//! Every envelope in its real shape, opened, nested, and broken.

use super::*;

fn cloudwatch(messages: &[&str]) -> String {
    let events: Vec<_> = messages
        .iter()
        .map(|m| format!(r#"{{"id":"3195310660696698337880902507980421114328961542429","timestamp":1432826855000,"message":{}}}"#, quote(m)))
        .collect();
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"CloudTrail","logStream":"s","subscriptionFilters":["f"],"logEvents":[{}]}}"#,
        events.join(",")
    )
}

fn sns(message: &str) -> String {
    format!(
        r#"{{"Type":"Notification","MessageId":"22b8","TopicArn":"arn:aws:sns:us-west-2:1:t","Subject":"s","Message":{},"Timestamp":"2012-05-02T00:54:06.655Z","SignatureVersion":"1"}}"#,
        quote(message)
    )
}

fn lambda(source: &str, body: &str) -> String {
    let part = match source {
        "kinesis" => format!(
            r#""kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":"1","sequenceNumber":"4","data":"{body}","approximateArrivalTimestamp":1545084650.987}},"eventVersion":"1.0","eventID":"shardId:4","eventName":"aws:kinesis:record","eventSource":"aws:kinesis""#
        ),
        "sqs" => format!(
            r#""messageId":"059f","receiptHandle":"AQ","body":{},"attributes":{{}},"messageAttributes":{{}},"md5OfBody":"e4","eventSource":"aws:sqs","awsRegion":"us-east-2""#,
            quote(body)
        ),
        _ => {
            format!(r#""EventVersion":"1.0","EventSubscriptionArn":"arn","EventSource":"aws:sns","Sns":{}"#, sns(body))
        }
    };
    format!("{{\"Records\":[{{{part}}}]}}")
}

/// The envelope around one record gives that record, alone, on a line among others, and pretty-printed.
fn check(wrap: impl Fn(&str) -> String) {
    let record = record(1);
    let line = wrap(&record);
    assert_eq!(events(&line), [record.as_str()], "{line}");
    assert_eq!(events(format!("{{\"a\":1}}\n{line}\n{line}{line}\n[{line}]")).len(), 5, "{line}");
    let tree: serde_json::Value = serde_json::from_str(&line).unwrap();
    let pretty = events(serde_json::to_string_pretty(&tree).unwrap());
    assert_eq!(pretty.len(), 1);
    let same = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(same(&pretty[0]), same(&record), "{line}");
}

fn firehose_http(data: &str) -> String {
    format!(r#"{{"requestId":"ed4a","timestamp":1578090901599,"records":[{{"data":"{data}"}}]}}"#)
}

#[test]
fn each_envelope_gives_its_event() {
    check(|r| {
        format!(
            r#"{{"version":"0","id":"6a7e","detail-type":"AWS API Call via CloudTrail","source":"aws.ecr","account":"1","time":"2015-12-22T18:43:48Z","region":"us-east-1","resources":[],"detail":{r}}}"#
        )
    });
    check(|r| cloudwatch(&[r]));
    check(|r| format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, base64(&gzip(cloudwatch(&[r]).as_bytes()))));
    check(|r| firehose_http(&base64(r.as_bytes())));
    check(|r| firehose_http(&base64(&gzip(r.as_bytes()))));
    check(|r| {
        format!(
            r#"{{"invocationId":"i","deliveryStreamArn":"arn","region":"us-east-1","records":[{{"recordId":"49","approximateArrivalTimestamp":1495072949453,"data":"{}"}}]}}"#,
            base64(r.as_bytes())
        )
    });
    check(|r| lambda("kinesis", &base64(r.as_bytes())));
    check(|r| lambda("kinesis", &base64(&gzip(cloudwatch(&[r]).as_bytes()))));
    check(|r| {
        format!(
            r#"{{"Records":[{{"SequenceNumber":"4","ApproximateArrivalTimestamp":"2020","Data":"{}","PartitionKey":"1"}}],"NextShardIterator":"A","MillisBehindLatest":0}}"#,
            base64(r.as_bytes())
        )
    });
    check(sns);
    check(|r| lambda("sns", r));
    check(|r| lambda("sqs", r));
    check(|r| {
        format!(r#"{{"Messages":[{{"MessageId":"m","ReceiptHandle":"r","MD5OfBody":"5","Body":{}}}]}}"#, quote(r))
    });
    check(|r| {
        format!(
            r#"{{"Events":[{{"EventId":"1","EventName":"PutImage","ReadOnly":"false","EventTime":"2020","EventSource":"ecr.amazonaws.com","Username":"u","Resources":[],"CloudTrailEvent":{}}}],"NextToken":"t"}}"#,
            quote(r)
        )
    });
    check(|r| format!(r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{r}]}}"#));
    check(|r| format!(r#"{{"log":{},"stream":"stdout","time":"2020-01-01T00:00:00Z"}}"#, quote(&format!("{r}\n"))));
    check(|r| format!(r#"{{"@timestamp":"2020","message":{},"host":{{"name":"h"}}}}"#, quote(r)));
}

#[test]
fn envelopes_in_envelopes() {
    let s3_style = format!("{{\"Records\":[{},{}]}}", record(1), record(2));
    check(|r| lambda("sqs", &sns(r)));
    check(|r| format!(r#"{{"log":{}}}"#, quote(&lambda("sqs", &sns(&cloudwatch(&[r]))))));
    assert_eq!(events(lambda("sqs", &sns(&s3_style))), [record(1), record(2)]);
    assert_eq!(
        events(firehose_http(&base64(format!("{}\n{}{}", record(1), record(2), record(3)).as_bytes()))).len(),
        3
    );
    let mut deep = record(1);
    for _ in 0..9 {
        deep = sns(&deep);
    }
    assert_eq!(brief(&deep), ["!1 SNS message: too many envelopes inside each other"]);
}

#[test]
fn several_events_in_one_envelope() {
    let found = brief(cloudwatch(&[&record(1), "START RequestId: 1", &record(2), "{\"cut", ""]));
    assert_eq!(
        found,
        [
            record(1).as_str(),
            "!1 CloudWatch Logs message: the text inside is not a JSON object",
            &record(2),
            "!1 CloudWatch Logs message: the text inside is not valid JSON",
            "!1 CloudWatch Logs message: the text inside is not a JSON object",
        ]
    );
}

#[test]
fn an_event_list_keeps_its_lines() {
    let found =
        items("{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\n\"items\":[\n{\"a\":1},\n{\"b\":\n2}]}");
    let lines: Vec<_> =
        found.iter().map(|i| if let Owned::Event(t, at) = i { (t.as_str(), at.line) } else { panic!() }).collect();
    assert_eq!(lines, [("{\"a\":1}", 3), ("{\"b\":2}", 4)]);
}

#[test]
fn known_things_that_are_no_events() {
    let s3 = r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-west-2","eventTime":"1970","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"}}}]}"#;
    assert_eq!(brief(s3), ["~S3 notification"]);
    assert_eq!(brief(lambda("sqs", s3)), ["~S3 notification"]);
    assert_eq!(brief(lambda("sqs", &sns(s3))), ["~S3 notification"]);
    assert_eq!(
        brief(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2014","Bucket":"b"}"#),
        ["~S3 notification"]
    );
    assert_eq!(
        brief(r#"{"version":"0","detail-type":"Object Created","source":"aws.s3","detail":{"bucket":{}}}"#),
        ["~S3 notification"]
    );
    assert_eq!(brief(sns(r#"{"s3Bucket":"b","s3ObjectKey":["AWSLogs/1.json.gz"]}"#)), ["~CloudTrail delivery notice"]);
    let control = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#;
    assert_eq!(brief(control), ["~control message"]);
    assert_eq!(brief(firehose_http(&base64(&gzip(control.as_bytes())))), ["~control message"]);
    assert_eq!(
        brief(r#"{"Type":"SubscriptionConfirmation","MessageId":"1","TopicArn":"a","Message":"You have chosen"}"#),
        ["~control message"]
    );
    assert_eq!(
        brief(
            r#"{"awsAccountId":"1","digestStartTime":"2015","digestEndTime":"2015","digestS3Bucket":"b","logFiles":[]}"#
        ),
        ["~CloudTrail digest"]
    );
}

#[test]
fn ordinary_events_stay_as_they_are() {
    for event in [
        r#"{"message":"plain text"}"#,
        r#"{"log":"{not json}","stream":"stdout"}"#,
        r#"{"log":"{\"half\":","stream":"stdout"}"#,
        r#"{"sigid":5902,"level":3,"log":"{\"user\":\"x\"}"}"#,
        r#"{"message":{"a":1}}"#,
        r#"{"detail":{"a":1},"source":"x"}"#,
        r#"{"detail-type":"x","source":"y","detail":"text"}"#,
        r#"{"records":[{"data":"e30="}]}"#,
        r#"{"Type":"Notification","Message":"x"}"#,
        r#"{"items":[{"a":1}]}"#,
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","log":"{\"a\":1}"}"#,
        r#"{"eventName":"X","eventSource":"s3.amazonaws.com","detail":{"a":1},"detail-type":"t","source":"s","Records":[{"b":1}]}"#,
        r#"{"eventVersion":"1.08","log":"{\"a\":1}"}"#,
        r#"{"Data":"e30=","PartitionKey":"1"}"#,
        r#"{"Records":"x","log":1}"#,
        r#"{"awslogs":{"other":1}}"#,
        r#"{"body":"{\"a\":1}","messageId":"1"}"#,
    ] {
        assert_eq!(events(event), [event]);
    }
}

#[test]
fn what_is_broken_inside_says_which_layer() {
    let reason = |text: String| brief(text).join("|");
    assert_eq!(reason(firehose_http("%%%")), "!1 Firehose data: not valid base64");
    let mut cut = gzip(record(1).as_bytes());
    cut.truncate(30);
    assert_eq!(reason(firehose_http(&base64(&cut))), "!1 Firehose data: cut or corrupt gzip data");
    assert_eq!(reason(lambda("kinesis", &base64(b"hello"))), "!1 Kinesis data: the text inside is not a JSON object");
    assert_eq!(reason(sns("Alarm: cpu")), "!1 SNS message: the text inside is not a JSON object");
    assert_eq!(reason(lambda("sqs", "{\"a\":")), "!1 SQS body: the text inside is not valid JSON");
    assert_eq!(
        reason(lambda("sqs", "{\"a\":1}").replace("{\\\"a", "\\ud800{\\\"a")),
        "!1 SQS body: not a valid JSON string"
    );
    assert_eq!(
        reason(r#"{"messageType":"DATA_MESSAGE","logGroup":"g"}"#.into()),
        "!1 CloudWatch Logs message: the part that holds the event is missing"
    );
    assert_eq!(
        reason(r#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[1,{"a":1}]}"#.into()),
        "!1 EventList items: the text inside is not a JSON object|{\"a\":1}"
    );
}

#[test]
fn gzip_of_gzip_of_gzip_is_bounded() {
    let bomb = base64(&gzip(&vec![b'x'; 1 << 20]));
    let limits = Limits { max_document_bytes: 100_000, ..Limits::default() };
    let found = items_within(firehose_http(&bomb).as_bytes(), &limits);
    assert!(matches!(found[0], Owned::Rejected(_, Reason::Inside { fault: super::super::Fault::TooLarge, .. }, _)));
    // Each level holds the next one many times over.
    let mut data = base64(record(1).as_bytes());
    for _ in 0..5 {
        let line = firehose_http(&data);
        data = base64(&gzip((line + "\n").repeat(60).as_bytes()));
    }
    let limits = Limits { max_unpacked_bytes: 5_000_000, ..Limits::default() };
    let found = collect(firehose_http(&data).as_bytes(), &limits);
    assert!(found.len() < 200_000, "{}", found.len());
}
