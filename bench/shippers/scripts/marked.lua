-- One rule; the record of a match is marked, the others go on as they are.
function filter(tag, timestamp, record)
    if record["eventSource"] == "ssm.amazonaws.com" and record["eventName"] == "StartSession" then
        record["alert"] = "SSM Start Session"
        return 2, timestamp, record
    end
    return 0, timestamp, 0
end
