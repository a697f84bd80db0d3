package figures

// A Formula is the name of how a figure is made, and the version of it: figures of
// different versions must not be compared. An answer names the formulas of its figures.
type Formula string

// The formulas.
const (
	FormulaShare         Formula = "share.1"         // Share.
	FormulaNet           Formula = "net.1"           // Net.
	FormulaMean          Formula = "mean.1"          // Mean.
	FormulaDifference    Formula = "diff.1"          // Compare and Subtract, FalseDiscovery.
	FormulaStandard      Formula = "std.1"           // Standardise.
	FormulaRank          Formula = "rank.1"          // Rank.
	FormulaDesignEffect  Formula = "deff.1"          // DesignEffect.
	FormulaParticipation Formula = "participation.1" // Participate.
	FormulaChange        Formula = "change.1"        // Change.
)

// Formulas returns all formulas.
func Formulas() []Formula {
	return []Formula{
		FormulaShare, FormulaNet, FormulaMean, FormulaDifference,
		FormulaStandard, FormulaRank, FormulaDesignEffect, FormulaParticipation, FormulaChange,
	}
}

// Text returns how a figure of f is made, in one line for those who read figures; "" for
// what is no formula.
func (f Formula) Text() string {
	switch f {
	case FormulaShare:
		return "k / n; Wilson score interval, 95 % (z = 1.959964), without correction; clustered: of n / deff votes"
	case FormulaNet:
		return "green / n - red / n; 95 % by MOVER of the two Wilson intervals, rho = -sqrt(pg pr / ((1-pg)(1-pr)))"
	case FormulaMean:
		return "mean of the values, the worst 0, the best 100, others at equal steps; 95 % by MOVER of the values' Wilson intervals; for three faces 50 (net + 1)"
	case FormulaDifference:
		return "pa - pb; 95 % by Newcombe's hybrid score; p of the two-sided score test; q by Benjamini-Hochberg over the differences of this answer"
	case FormulaStandard:
		return "sum w p over strata, w the reference's mix; strata without votes dropped and weights renormalised; 95 % by MOVER"
	case FormulaRank:
		return "by value; places 1 + (those whose interval lies above) to N - (those whose interval lies below); funnel r ± z s / sqrt(n), 95 and 99.8 %; differs at q < 0.05 (Benjamini-Hochberg)"
	case FormulaDesignEffect:
		return "Pearson's X2 of days by kinds over its degrees of freedom, at least 1, from 10 days on"
	case FormulaParticipation:
		return "votes / served users, of the same places, services, channels and days; coverage: their part of all votes"
	case FormulaChange:
		return "(now - before) / before; null where before is 0"
	}
	return ""
}
