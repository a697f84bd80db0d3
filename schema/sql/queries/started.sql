-- uptime() counts whole seconds, so the result is up to one second late.
SELECT toUnixTimestamp64Milli(now64(3)) - 1000 * toInt64(uptime())
