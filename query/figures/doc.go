// Package figures makes figures of counts, and says how sure they are: shares, net,
// means, differences, standardised figures, ranks, participation, and the statuses that
// stand beside them. Each function names its formula, its ranges and its source.
//
// It knows numbers: plain ones come in and go out, all finite, for counts up to 2^53 and
// above. It must not know votes, places, questions or who asks: it imports nothing of ours.
//
// Intervals say 95 %. How often they hold the truth, and how often what one would take
// without them (value ± 1.96 standard errors; for clustered votes, that they are
// independent) does, in per cent of 100,000 drawings by TestCoverage:
//
//	share.1   0.9 of 10, 30, 100, 1,000          92.9 97.4 93.8 95.0   65.1 81.0 93.4 95.3
//	share.1   0.99 of 30, 0.5 of 10, 0.5 of 30   96.4 97.9 95.7        26.1 89.2 95.7
//	net.1     81 % green, 6 % red of 10, 30, 100 94.7 94.8 95.0        86.9 90.7 93.5
//	net.1     90 % green, 10 % red of 30         93.3                  81.0
//	net.1     97 % green, 1 % red of 100         95.3                  85.2
//	mean.1    five stars of 10, 30, 100          97.4 95.7 95.2        85.1 91.8 94.2
//	diff.1    0.9 less 0.8, of 10 and 30         96.4                  90.0
//	diff.1    0.9 less 0.8, of 100 and 400       95.2                  94.3
//	std.1     three channels of 40, 15, 80       95.1                  91.3
//	share.1   clustered, 20 and 60 unlike days   94.0 94.7             68.5 70.0
package figures
