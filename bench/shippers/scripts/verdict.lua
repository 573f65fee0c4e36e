-- One rule; each record goes on with its verdict.
function filter(tag, timestamp, record)
    record["alert"] = record["eventSource"] == "ssm.amazonaws.com" and record["eventName"] == "StartSession"
    return 2, timestamp, record
end
