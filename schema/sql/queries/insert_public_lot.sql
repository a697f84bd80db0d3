INSERT INTO public_lot (attempt, lot, level, region, province, comune, office, service, channel, scale, first, last, v1, v2, v3, v4, v5, reasons)
