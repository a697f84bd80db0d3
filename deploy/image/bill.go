package image

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// component is CycloneDX's word for a part of software.
type component struct {
	Type     string    `json:"type"`
	Ref      string    `json:"bom-ref"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	PURL     string    `json:"purl"`
	Hashes   []hash    `json:"hashes,omitempty"`
	Licences []licence `json:"licenses"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type licence struct {
	Licence struct {
		ID string `json:"id"`
	} `json:"license"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// Bill returns p's bill of materials, in CycloneDX 1.6 as JSON: parts, versions and
// licences, by which lists of vulnerabilities are asked. The linker does not tell
// which part wants which, so all are what mlf depends on.
func (p *Program) Bill(parts []Part) ([]byte, error) {
	sum := sha256.Sum256(p.data)
	whole := component{
		Type: "application", Name: "mlf", Version: p.release, PURL: "pkg:generic/mlf@" + p.release,
		Hashes: []hash{{"SHA-256", fmt.Sprintf("%x", sum)}}, Licences: licences("Apache-2.0"),
	}
	whole.Ref = whole.PURL
	on := dependency{Ref: whole.Ref, DependsOn: []string{}}
	components := []component{}
	for _, part := range parts {
		c := component{Type: "library", Name: part.Path, Version: part.Version, PURL: part.purl(), Licences: licences(part.Licences...)}
		c.Ref = c.PURL
		components, on.DependsOn = append(components, c), append(on.DependsOn, c.Ref)
	}
	bill, err := json.MarshalIndent(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "serialNumber": serial(sum),
		"metadata": map[string]any{
			"timestamp": p.created().Format(time.RFC3339), "component": whole,
			"properties": []map[string]string{
				{"name": "mlf:revision", "value": p.revision()},
				{"name": "mlf:platform", "value": "linux/" + p.settings["GOARCH"]},
				{"name": "mlf:build_tags", "value": p.settings["-tags"]},
			},
		},
		"components": components, "dependencies": []dependency{on},
	}, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode bill of materials: %w", err)
	}
	return append(bill, '\n'), nil
}

// purl returns the name by which vulnerability lists know the part.
func (p Part) purl() string {
	if p.Path == swaggerUI {
		return "pkg:npm/" + p.Path + "@" + p.Version
	}
	return "pkg:golang/" + p.Path + "@" + p.Version
}

func licences(ids ...string) (all []licence) {
	for _, id := range slices.Sorted(slices.Values(ids)) {
		var l licence
		l.Licence.ID = id
		all = append(all, l)
	}
	return all
}

// serial returns the bill's number, made of the program's hash: UUID version 8 is
// for such.
func serial(sum [sha256.Size]byte) string {
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
