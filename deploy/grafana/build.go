package grafana

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// boards are all dashboards, in the order of a vote's life.
func boards() []board {
	return []board{overview(), ingest(), kafka(), counting(), store(), query(), terminals(), fleet()}
}

// Build returns the dashboards as files by name, for a folder from which Grafana is
// provisioned. The limits that panels show, and what their texts link to, are those of
// rules. An error where a panel names an alert that there is not.
func Build(rules Rules) (map[string][]byte, error) {
	files := make(map[string][]byte)
	for _, b := range boards() {
		built, err := b.build(rules)
		if err != nil {
			return nil, fmt.Errorf("build dashboard %s: %w", b.uid, err)
		}
		text, err := json.MarshalIndent(built, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("encode dashboard %s: %w", b.uid, err)
		}
		files[b.uid+".json"] = append(text, '\n')
	}
	return files, nil
}

// Read decodes a dashboard that Build has made, as strictly as can be: a field that
// Grafana does not know is an error.
func Read(text []byte) (dashboard.Dashboard, error) {
	known := cog.NewRuntime()
	known.RegisterPanelcfgVariant(timeseries.VariantConfig())
	known.RegisterPanelcfgVariant(stat.VariantConfig())
	known.RegisterDataqueryVariant(prometheus.VariantConfig())
	var strict, d dashboard.Dashboard // The strict one finds all that is wrong, and leaves panels out.
	if err := errors.Join(some(strict.UnmarshalJSONStrict(text)), json.Unmarshal(text, &d)); err != nil {
		return d, fmt.Errorf("decode dashboard: %w", err)
	}
	if err := some(d.Validate()); err != nil {
		return d, fmt.Errorf("validate dashboard: %w", err)
	}
	return d, nil
}

// some returns nil for errors that are none: the kit returns an empty list of them.
func some(err error) error {
	var list cog.BuildErrors
	if errors.As(err, &list) && len(list) == 0 {
		return nil
	}
	return err
}

// tag is what all dashboards have, and nobody else's.
const tag = "mlf"

// source is the data source that a reader chooses.
func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("$datasource")}
}

func (b *board) build(rules Rules) (dashboard.Dashboard, error) {
	d := dashboard.NewDashboardBuilder(b.title).Uid(b.uid).Description(b.about).Tags([]string{tag}).
		Refresh("30s").Time("now-3h", "now").Timezone("browser").Readonly().Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Link(dashboard.NewDashboardLinkBuilder("Dashboards of mlf").Type(dashboard.DashboardLinkTypeDashboards).
			Tags([]string{tag}).AsDropdown(true).IncludeVars(true).KeepTime(true)).
		Annotation(firing())
	for _, v := range b.variables() {
		d.WithVariable(v)
	}
	var err error
	for _, r := range b.rows {
		d.WithRow(dashboard.NewRowBuilder(r.title))
		for i, p := range r.panels {
			built, failed := b.panel(rules, p, width(len(r.panels), i))
			if failed != nil {
				err = errors.Join(err, fmt.Errorf("panel %q: %w", p.title, failed))
				continue
			}
			d.WithPanel(built)
		}
	}
	if err != nil {
		return dashboard.Dashboard{}, err
	}
	return d.Build()
}

// columns is how wide Grafana's grid is.
const columns = 24

// width is of the panel i of n in a row: they fill lines of at most four, the last line
// too.
func width(n, i int) uint32 {
	const most = 4
	lines := (n + most - 1) / most
	first := (n + lines - 1) / lines // Panels in all lines but the last.
	if line := i / first; line == lines-1 {
		return uint32(columns / (n - first*line))
	}
	return uint32(columns / first)
}

// firing marks where an alert fires, but for the one that always does.
func firing() *dashboard.AnnotationQueryBuilder {
	return dashboard.NewAnnotationQueryBuilder().Name("Alerts").Datasource(source()).Enable(true).IconColor("red").
		Expr(`max by (alertname, severity) (ALERTS{alertname=~"Mlf.+",alertname!="MlfWatchdog",alertstate="firing"})`).
		Step("60s").TitleFormat("{{alertname}}").TextFormat("{{severity}}").TagKeys("severity")
}

// variables are what a reader chooses. All of instances and partitions is any, so that
// what lacks the label is there, too; filters takes whatever labels a site adds to its
// targets, as of two installations in one Prometheus.
func (b *board) variables() []cog.Builder[dashboard.VariableModel] {
	all := []cog.Builder[dashboard.VariableModel]{
		dashboard.NewDatasourceVariableBuilder("datasource").Label("Prometheus").Type("prometheus"),
	}
	if b.instances != "" {
		all = append(all, values("instance", "Process", b.instances))
	}
	if b.hasPartitions() {
		all = append(all, values("partition", "Partition", "mlf_log_end_offset"))
	}
	return append(all, dashboard.NewAdHocVariableBuilder("filters").Label("Labels").Datasource(source()))
}

// values is a variable of the values that a label has on a metric.
func values(label, title, metric string) *dashboard.QueryVariableBuilder {
	query := "label_values(" + metric + ", " + label + ")"
	return dashboard.NewQueryVariableBuilder(label).Label(title).Datasource(source()).
		Query(dashboard.StringOrMap{String: &query}).Definition(query).Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortNaturalAsc).Multi(true).IncludeAll(true).AllValue(".*").
		Current(dashboard.VariableOption{
			Text:  dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
			Value: dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
		})
}

func (b *board) panel(rules Rules, p panel, width uint32) (cog.Builder[dashboard.Panel], error) {
	about, err := rules.explained(p)
	steps, failed := rules.steps(p.alerts)
	if err = errors.Join(err, failed); err != nil {
		return nil, err
	}
	thresholds := dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps)
	if p.number {
		built := stat.NewPanelBuilder().Title(p.title).Description(about).Unit(p.unit).Datasource(source()).Span(width).Height(5).
			Thresholds(thresholds).ColorMode(common.BigValueColorModeValue).GraphMode(common.BigValueGraphModeArea).
			ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
		for i, s := range p.series {
			built.WithTarget(b.target(s, i))
		}
		return built, nil
	}
	built := timeseries.NewPanelBuilder().Title(p.title).Description(about).Unit(p.unit).Datasource(source()).Span(width).Height(8).
		Thresholds(thresholds).FillOpacity(8).LineWidth(1).ShowPoints(common.VisibilityModeNever).Min(0).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).Placement(common.LegendPlacementBottom).DisplayMode(common.LegendDisplayModeList)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	if len(p.alerts) > 0 {
		built.ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
	}
	if p.share {
		built.Max(1)
	}
	for i, s := range p.series {
		built.WithTarget(b.target(s, i))
	}
	return built, nil
}

func (b *board) target(s series, i int) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().Expr(b.selected(s.expr)).LegendFormat(s.legend).RefId(string(rune('A' + i))).Range().Datasource(source())
}

// steps are the colours of values: red where somebody is woken, orange where a ticket is
// made.
func (r Rules) steps(alerts []alert) ([]dashboard.Threshold, error) {
	const good, ticket, page = "green", "orange", "red"
	base := dashboard.Threshold{Color: good}
	var limits []limit
	for _, a := range alerts {
		l, err := r.limit(a)
		if err != nil {
			return nil, err
		}
		limits = append(limits, l)
	}
	slices.SortFunc(limits, func(a, b limit) int { return cmp.Compare(a.value, b.value) })
	colour := func(l limit) string {
		if l.page {
			return page
		}
		return ticket
	}
	var steps []dashboard.Threshold
	for i, l := range limits {
		step := dashboard.Threshold{Value: &l.value, Color: colour(l)}
		if l.below { // What is below has the colour, what is above the next one's.
			step.Color = good
			if i+1 < len(limits) && limits[i+1].below {
				step.Color = colour(limits[i+1])
			}
			if i == 0 {
				base.Color = colour(l)
			}
		}
		steps = append(steps, step)
	}
	return append([]dashboard.Threshold{base}, steps...), nil
}
