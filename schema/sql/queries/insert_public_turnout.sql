INSERT INTO public_turnout (attempt, first, comune, service, channel, votes, users)
