INSERT INTO public_release (number, attempt, previous, today, k, hold, lots, taken, months, counted, waiting, turnout_months, turnout_rows, rows, alone, made)
