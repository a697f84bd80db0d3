SELECT toUInt16(min(day)), toUInt16(max(day)), count()::UInt64
FROM terminal_day
