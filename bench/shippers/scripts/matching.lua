-- One rule; the record of a match goes on, the others leave the stream.
function filter(tag, timestamp, record)
    if record["eventSource"] == "ssm.amazonaws.com" and record["eventName"] == "StartSession" then
        return 2, timestamp, record
    end
    return -1, 0, 0
end
