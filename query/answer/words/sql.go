package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
)

// SQL returns what asks the view of BI tools for the same; "" where it has no words
// for it: places of another day, kinds of days.
func SQL(q *question.Question, reg *registry.Registry) string {
	where := []string{fmt.Sprintf("hour >= '%s' AND hour < '%s'", sqlTime(q.Asked().From), sqlTime(q.Asked().Next))}
	for _, name := range slices.Sorted(maps.Keys(q.Filters)) {
		values := q.Filters[name]
		switch name {
		case "comune":
			var codes []string
			for _, text := range values {
				if id, err := schema.ParseComune(text); err == nil {
					for _, code := range reg.Codes(id) {
						codes = append(codes, fmt.Sprint(uint32(code)))
					}
				}
			}
			where = append(where, "comune_code IN ("+strings.Join(codes, ", ")+")")
		case "office", "service", "channel", "scale", "class", "category":
			if !slices.Contains(values, "all") {
				where = append(where, name+" IN ("+sqlTexts(values)+")")
			}
		case "weekday", "hour_of_day":
			where = append(where, name+" IN ("+strings.Join(values, ", ")+")")
		default:
			return ""
		}
	}
	columns := make([]string, 0, len(q.Group))
	for _, d := range q.Group {
		switch d.Name {
		case "comune", "office", "service", "category", "channel", "scale", "class", "hour", "day", "weekday", "hour_of_day":
			columns = append(columns, d.Name)
		default:
			return ""
		}
	}
	counts := "sum(v1) AS v1, sum(v2) AS v2, sum(v3) AS v3, sum(v4) AS v4, sum(v5) AS v5, sum(votes) AS n"
	if q.Faces {
		counts = "sum(green) AS green, sum(yellow) AS yellow, sum(red) AS red, sum(votes) AS n"
	}
	sql := "SELECT " + strings.Join(append(slices.Clone(columns), counts), ", ") + " FROM bi_votes WHERE " + strings.Join(where, " AND ")
	if by := strings.Join(columns, ", "); by != "" {
		sql += " GROUP BY " + by + " ORDER BY " + by
	}
	return sql
}

func sqlTime(h schema.Hour) string { return h.Time().UTC().Format(time.DateTime) }

// sqlTexts writes texts as literals.
func sqlTexts(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = "'" + strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), "'", `\'`) + "'"
	}
	return strings.Join(quoted, ", ")
}
