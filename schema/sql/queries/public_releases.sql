-- With the server's clock beside: by it a header is old enough to hold.
SELECT number, attempt, previous, today, k, hold, lots, taken, months, counted, waiting, turnout_months, turnout_rows, rows, alone, made, written, now64(6, 'UTC')
FROM public_release
ORDER BY number, written, attempt
