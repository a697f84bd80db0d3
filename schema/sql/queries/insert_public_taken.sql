INSERT INTO public_taken (attempt, lot, comune, office, service, channel, scale, day, v1, v2, v3, v4, v5, reasons)
