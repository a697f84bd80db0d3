-- One statement for every grouping: a column that was not asked for is the
-- constant zero, and the server groups by constants for free. Times are days
-- since 1970-01-01 by Rome's clock, or for 'hour' hours of UTC.
-- Votes of classes that were not asked for are read, too, to say how many there
-- are of each: the class is part of the key, so FINAL reads it in any case. They
-- fall into the group of zeros, so that they make no more than one.
-- Rows have the codes of comuni that hold now; filters, which find rows by their
-- key, those that were counted.
-- Reasons are in the one statement with what they are the reasons of, so that none is
-- of a vote that its row does not have.
WITH (empty({classes:Array(UInt8)}) OR has({classes:Array(UInt8)}, class)) AS asked,
    transform(comune, {codes:Array(UInt32)}, {codes_now:Array(UInt32)}, comune) AS comune_now
SELECT
    if({by_region:Bool}, if(asked, transform(intDiv(comune_now, 1000), {provinces_of:Array(UInt32)}, {regions_of:Array(UInt8)}, 0), 0), 0)::UInt8 AS group_region,
    if({by_province:Bool}, if(asked, intDiv(comune_now, 1000), 0), 0)::UInt16 AS group_province,
    if({by_comune:Bool}, if(asked, comune_now, 0), 0)::UInt32 AS group_comune,
    if({by_office:Bool}, if(asked, office, ''), '')::String AS group_office,
    if({by_service:Bool}, if(asked, service, 0), 0)::UInt16 AS group_service,
    if({by_channel:Bool}, if(asked, channel, 0), 0)::UInt8 AS group_channel,
    if({by_scale:Bool}, if(asked, scale, 0), 0)::UInt8 AS group_scale,
    if({by_class:Bool}, if(asked, class, 0), 0)::UInt8 AS group_class,
    multiIf(
        {time:String} = '' OR NOT asked, 0::Int32,
        {time:String} = 'hour', intDiv(toUnixTimestamp(hour), 3600)::Int32,
        {time:String} = 'day', toDate(hour, 'Europe/Rome')::Int32,
        {time:String} = 'week', toMonday(hour, 'Europe/Rome')::Int32,
        {time:String} = 'month', toStartOfMonth(hour, 'Europe/Rome')::Int32,
        0::Int32) AS group_time,
    sumIf(v1, asked), sumIf(v2, asked), sumIf(v3, asked), sumIf(v4, asked), sumIf(v5, asked),
    sumIf(v1 + v2 + v3 + v4 + v5, NOT asked AND class = 1),
    sumIf(v1 + v2 + v3 + v4 + v5, NOT asked AND class = 2),
    sumIf(v1 + v2 + v3 + v4 + v5, NOT asked AND class = 3),
    sumIf(v1 + v2 + v3 + v4 + v5, NOT asked AND class = 4),
    sumMapIf(if({by_reason:Bool}, reasons, map()::Map(UInt8, UInt64)), asked)
FROM votes_rollup FINAL
WHERE hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({next:UInt32}, 'UTC')
  AND (empty({provinces:Array(UInt32)}) OR has({provinces:Array(UInt32)}, intDiv(comune, 1000)))
  AND (empty({comuni:Array(UInt32)}) OR has({comuni:Array(UInt32)}, comune))
  AND (empty({offices:Array(String)}) OR has({offices:Array(String)}, office))
  AND (empty({services:Array(UInt16)}) OR has({services:Array(UInt16)}, service))
  AND (empty({channels:Array(UInt8)}) OR has({channels:Array(UInt8)}, channel))
  AND (empty({scales:Array(UInt8)}) OR has({scales:Array(UInt8)}, scale))
GROUP BY group_region, group_province, group_comune, group_office, group_service, group_channel, group_scale, group_class, group_time
