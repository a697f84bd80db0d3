-- A user for BI tools who may read the views bi_votes and bi_reasons and nothing
-- else. It sees exact counts, however small: give it to analysts, not to the public.
-- Each read is bounded, and all of an hour together, so that the counting always
-- finds some of the server. Run by an administrator of ClickHouse, with a password
-- of your own:
--   clickhouse-client --param_password=… --queries-file bi_user.sql
CREATE ROLE IF NOT EXISTS mlf_bi;

-- Readers of a view need no right on what it reads, where it runs as its definer.
ALTER TABLE mlf.bi_votes MODIFY SQL SECURITY DEFINER DEFINER = CURRENT_USER;

ALTER TABLE mlf.bi_reasons MODIFY SQL SECURITY DEFINER DEFINER = CURRENT_USER;

GRANT SELECT ON mlf.bi_votes TO mlf_bi;

GRANT SELECT ON mlf.bi_reasons TO mlf_bi;

CREATE SETTINGS PROFILE IF NOT EXISTS mlf_bi SETTINGS
    readonly = 2,
    max_execution_time = 60 MAX 60,
    max_memory_usage = 2000000000 MAX 2000000000,
    max_threads = 2 MAX 2,
    max_result_rows = 10000000 MAX 10000000
    TO mlf_bi;

CREATE QUOTA IF NOT EXISTS mlf_bi KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 2000, execution_time = 1200, read_rows = 20000000000
    TO mlf_bi;

CREATE USER IF NOT EXISTS mlf_bi_reader IDENTIFIED WITH sha256_password BY {password:String} DEFAULT ROLE mlf_bi;

GRANT mlf_bi TO mlf_bi_reader;
