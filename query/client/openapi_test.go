package client_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"mlf/query/client"
	"mlf/schema/schematest"
)

// operations says what the client reads of each operation that the document
// describes; nil of those that it leaves alone.
func operations() map[string]reflect.Type {
	return map[string]reflect.Type{
		"openStream": nil, "sendVotes": nil, "tellQueue": nil, // What devices call.
		"sendRating": nil, "sendUplink": nil, "sendCall": nil, "sendCounters": nil, "previewClaim": nil, "claim": nil, "readConfig": nil,
		"readDescription": nil, // The document itself.
		"embedComune":     nil, // Pages and pictures for people.
		"readOpenData":    nil, // Files, which Download reads.
		"listen":          nil, // Its events are in LiveCounts.
		"listBodies":      reflect.TypeFor[client.Bodies](), "readBody": reflect.TypeFor[client.Body](),
		"listTerminals": reflect.TypeFor[client.BodyTerminals](), "closeTerminal": reflect.TypeFor[client.BodyTerminal](), "revokeTerminal": reflect.TypeFor[client.BodyTerminal](),
		"listClaims": reflect.TypeFor[client.BodyClaims](), "makeClaim": reflect.TypeFor[client.MadeClaim](), "withdrawClaim": reflect.TypeFor[client.BodyClaim](),
		"listOrders": reflect.TypeFor[client.BodyOrders](), "noteOrder": reflect.TypeFor[client.BodyOrder](),
		"listAlerts": reflect.TypeFor[client.Alerts](), "acknowledgeAlert": reflect.TypeFor[client.Alert](), "noteAlert": reflect.TypeFor[client.Alert](),
		"readAlertSettings": reflect.TypeFor[client.AlertSettings](), "changeAlertSettings": reflect.TypeFor[client.AlertSettings](), "testAlertSettings": reflect.TypeFor[client.AlertSettings](),
		"tellServedUsers": reflect.TypeFor[client.ServedAnswer](),
		"tellHeartbeat":   reflect.TypeFor[client.HeartbeatAnswer](), "readFleet": reflect.TypeFor[client.Fleet](), "readNetwork": reflect.TypeFor[client.Network](),
		"readWatermark": reflect.TypeFor[client.Watermark](), "readLedger": reflect.TypeFor[client.Ledger](),
		"readStats": reflect.TypeFor[client.Stats](), "readTrend": reflect.TypeFor[client.Trend](),
		"readHeatmap": reflect.TypeFor[client.Heatmap](), "readComparison": reflect.TypeFor[client.Comparison](),
		"readRanking": reflect.TypeFor[client.Ranking](), "readReasons": reflect.TypeFor[client.Reasons](),
		"readParticipation": reflect.TypeFor[client.Participation](), "explainStats": reflect.TypeFor[client.Explanation](),
		"readComune": reflect.TypeFor[client.Page](), "readRegion": reflect.TypeFor[client.Page](), "readNational": reflect.TypeFor[client.Page](),
		"listDimensions": reflect.TypeFor[client.Dimensions](), "readDimension": reflect.TypeFor[client.Dimension](),
		"readTogether": reflect.TypeFor[client.BatchAnswers](),
		"findComuni":   reflect.TypeFor[client.Comuni](), "listServices": reflect.TypeFor[client.Services](), "listLabels": reflect.TypeFor[client.Labels](),
		"readStatus":  reflect.TypeFor[client.Status](),
		"listChanges": reflect.TypeFor[client.Changes](), "listAnnotations": reflect.TypeFor[client.Annotations](),
		"listOpenData": reflect.TypeFor[client.OpenData](), "readBulletin": reflect.TypeFor[client.Bulletin](),
	}
}

// Every operation is known here, and what it answers is what its type reads: each
// property has a field that can hold it, null too, and each field is a property.
func TestTypesAreThoseOfTheDocument(t *testing.T) {
	doc, of := schematest.Document(t), operations()
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			read, known := of[op.OperationID]
			if !known {
				t.Errorf("%s %s (%s) is unknown to the client", method, path, op.OperationID)
			}
			delete(of, op.OperationID)
			if read != nil {
				answer := op.Responses.Map()[successOf(op)].Value.Content["application/json"].Schema
				compare(t, op.OperationID, answer.Value, read)
			}
		}
	}
	for name := range of {
		t.Errorf("there is no operation %s", name)
	}
	compare(t, "tellServedUsers, told", doc.Components.Schemas["ServedUsers"].Value, reflect.TypeFor[client.ServedUsers]())
	compare(t, "tellHeartbeat, told", doc.Components.Schemas["Heartbeat"].Value, reflect.TypeFor[client.Heartbeat]())
	compare(t, "listen, an event", doc.Components.Schemas["LiveCounts"].Value, reflect.TypeFor[client.LiveCounts]())
}

// Download demands a position exactly where the document says that one may.
func TestDownloadsDemandPositionsOfCounts(t *testing.T) {
	for path, item := range schematest.Document(t).Paths.Map() {
		if item.Get == nil {
			continue
		}
		takes := item.Get.Parameters.GetByInAndName("query", "at_least") != nil
		for _, ending := range []string{"", ".csv"} {
			if got := client.TakesPosition(path + ending); got != takes {
				t.Errorf("%s: got %t, want %t", path+ending, got, takes)
			}
		}
	}
}

func successOf(op *openapi3.Operation) string {
	if op.Responses.Value("202") != nil {
		return "202"
	}
	if op.Responses.Value("200") == nil && op.Responses.Value("201") != nil {
		return "201"
	}
	return "200"
}

// compare holds a type against the schema of what it reads.
func compare(t *testing.T, at string, s *openapi3.Schema, read reflect.Type) {
	t.Helper()
	if nullable := s.Type.IncludesNull() && !isCount(at); nullable && !slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, read.Kind()) {
		t.Errorf("%s: may be null, which %v cannot hold", at, read)
	}
	if read.Kind() == reflect.Pointer {
		read = read.Elem()
	}
	properties := propertiesOf(s)
	switch {
	case free(s, read):
	case s.Items != nil && (read.Kind() == reflect.Slice || read.Kind() == reflect.Array):
		compare(t, at+"[]", s.Items.Value, read.Elem())
	case read.Kind() == reflect.Map:
		if more := s.AdditionalProperties.Schema; more != nil {
			compare(t, at+"{}", more.Value, read.Elem())
		}
		for name, p := range properties {
			compare(t, at+"."+name, p, read.Elem())
		}
	case len(properties) > 0 && read.Kind() == reflect.Struct:
		compareFields(t, at, properties, read)
	case !fits(s, read):
		t.Errorf("%s: %v of the document is read as %v", at, s.Type, read)
	}
}

// isCount tells whether what is at a place are votes by value: null is 0 there, and the
// status says so.
func isCount(at string) bool {
	name := at[strings.LastIndexByte(at, '.')+1:]
	return slices.Contains([]string{"green", "yellow", "red", "v1", "v2", "v3", "v4", "v5", "n"}, name)
}

func compareFields(t *testing.T, at string, properties map[string]*openapi3.Schema, read reflect.Type) {
	t.Helper()
	fields := fieldsOf(read)
	for name, p := range properties {
		field, there := fields[name]
		if !there {
			t.Errorf("%s.%s: %v has no field for it", at, name, read)
			continue
		}
		compare(t, at+"."+name, p, field)
	}
	for name := range fields {
		if properties[name] == nil {
			t.Errorf("%s: %v reads %s, which is not described", at, read, name)
		}
	}
}

// free tells whether read takes whatever comes.
func free(s *openapi3.Schema, read reflect.Type) bool {
	return read == reflect.TypeFor[json.RawMessage]() ||
		read == reflect.TypeFor[client.ServedCount]() && s.Type.Permits("integer") && s.Type.Permits("string")
}

// fits tells whether read holds a plain value of s.
func fits(s *openapi3.Schema, read reflect.Type) bool {
	kinds := map[string][]reflect.Kind{
		"string": {reflect.String}, "boolean": {reflect.Bool}, "number": {reflect.Float64},
		"integer": {reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint16, reflect.Uint32, reflect.Uint64},
	}
	for _, name := range s.Type.Slice() {
		if s.Format == "date-time" && read == reflect.TypeFor[time.Time]() || slices.Contains(kinds[name], read.Kind()) && s.Format != "date-time" {
			return true
		}
	}
	return false
}

// propertiesOf returns the properties that an object of s may have.
func propertiesOf(s *openapi3.Schema) map[string]*openapi3.Schema {
	all := make(map[string]*openapi3.Schema)
	for name, p := range s.Properties {
		all[name] = p.Value
	}
	for _, part := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
		if strings.HasSuffix(part.Ref, "/JSONStat") {
			continue // A file that is JSON.
		}
		for name, p := range propertiesOf(part.Value) {
			all[name] = p
		}
	}
	return all
}

// fieldsOf returns the type of each JSON member that read has.
func fieldsOf(read reflect.Type) map[string]reflect.Type {
	all := make(map[string]reflect.Type)
	for f := range read.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			of := f.Type
			if of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			for name, field := range fieldsOf(of) {
				all[name] = field
			}
		case name != "-":
			all[name] = f.Type
		}
	}
	return all
}
