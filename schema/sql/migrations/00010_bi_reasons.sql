-- +goose NO TRANSACTION
-- +goose Up
-- Reasons for BI tools: how many votes of a value carry which. As bi_votes.
CREATE VIEW IF NOT EXISTS bi_reasons AS
SELECT
    r.comune AS comune_code,
    leftPad(toString(r.comune), 6, '0') AS comune,
    c.comune_name AS comune_name,
    leftPad(toString(intDiv(r.comune, 1000)), 3, '0') AS province,
    c.region AS region,
    r.office AS office,
    s.service AS service,
    s.category AS category,
    transform(r.channel, [1, 2, 3, 4, 5], ['counter', 'totem', 'phone', 'web', 'digital'], toString(r.channel)) AS channel,
    transform(r.scale, [1, 2, 3], ['mlf3', 'smiley4', 'stars5'], toString(r.scale)) AS scale,
    transform(r.class, [1, 2, 3, 4], ['ok', 'burst', 'late_clock', 'test'], toString(r.class)) AS class,
    r.hour AS hour,
    toDate(r.hour, 'Europe/Rome') AS day,
    intDiv(entry.1, 16) AS value,
    transform(entry.1 % 16, range(1, 16), ['waiting_time', 'staff', 'must_return', 'negative_answer', 'unclear', 'incomplete', 'unsure', 'technical', 'other', 'skipped', 'timeout', 'clear', 'complete', 'sure', 'no_trouble'], toString(entry.1 % 16)) AS reason,
    entry.2 AS votes
FROM votes_rollup AS r FINAL
ARRAY JOIN CAST(r.reasons, 'Array(Tuple(UInt8, UInt64))') AS entry
GLOBAL LEFT JOIN (SELECT * FROM bi_comune FINAL) AS c ON c.code = r.comune
GLOBAL LEFT JOIN (SELECT * FROM bi_service FINAL) AS s ON s.id = r.service;
