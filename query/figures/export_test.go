package figures

// Pearson returns X² of a table, row by row, and its degrees of freedom.
func Pearson(cells []uint64, columns int) (x float64, freedom int) {
	return newTable(cells, columns).pearson()
}
