-- +goose NO TRANSACTION
-- +goose Up
-- The counts for BI tools. Columns of this view are added, never changed or taken
-- away. A cell may have several rows, one for each segment that it was counted in:
-- sum the counts. Filter by hour and by comune_code where you can: those are the
-- table's key. Faces are of scale mlf3, other scales have v1 to v5. The joins are
-- global for a database that is put together of several: names are here only.
CREATE VIEW IF NOT EXISTS bi_votes AS
SELECT
    r.comune AS comune_code,
    leftPad(toString(r.comune), 6, '0') AS comune,
    c.comune_name AS comune_name,
    leftPad(toString(intDiv(r.comune, 1000)), 3, '0') AS province,
    c.province_name AS province_name,
    c.region AS region,
    c.region_name AS region_name,
    c.macro_area AS macro_area,
    c.population AS population,
    c.population_class AS population_class,
    r.office AS office,
    s.service AS service,
    s.service_name_it AS service_name_it,
    s.service_name_en AS service_name_en,
    s.service_name_de AS service_name_de,
    s.category AS category,
    transform(r.channel, [1, 2, 3, 4, 5], ['counter', 'totem', 'phone', 'web', 'digital'], toString(r.channel)) AS channel,
    transform(r.scale, [1, 2, 3], ['mlf3', 'smiley4', 'stars5'], toString(r.scale)) AS scale,
    transform(r.class, [1, 2, 3, 4], ['ok', 'burst', 'late_clock', 'test'], toString(r.class)) AS class,
    r.hour AS hour,
    toDate(r.hour, 'Europe/Rome') AS day,
    toHour(r.hour, 'Europe/Rome') AS hour_of_day,
    toDayOfWeek(r.hour, 0, 'Europe/Rome') AS weekday,
    if(r.scale = 1, r.v3, 0) AS green,
    if(r.scale = 1, r.v2, 0) AS yellow,
    if(r.scale = 1, r.v1, 0) AS red,
    r.v1 AS v1,
    r.v2 AS v2,
    r.v3 AS v3,
    r.v4 AS v4,
    r.v5 AS v5,
    r.v1 + r.v2 + r.v3 + r.v4 + r.v5 AS votes
FROM votes_rollup AS r FINAL
GLOBAL LEFT JOIN (SELECT * FROM bi_comune FINAL) AS c ON c.code = r.comune
GLOBAL LEFT JOIN (SELECT * FROM bi_service FINAL) AS s ON s.id = r.service;
