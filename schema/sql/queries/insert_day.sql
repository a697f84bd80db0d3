INSERT INTO terminal_day (day, terminal, first_cast, last_cast, last_ingest)
