package registry_test

import (
	"fmt"

	"mlf/schema"
	"mlf/schema/registry"
)

// The registry is what numbers and codes stand for.
func ExampleRegistry() {
	r, err := registry.Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	roma, _ := r.Comune(58091)
	province, _ := r.Province(roma.Province)
	region, _ := r.Region(province.Region)
	fmt.Println(roma.ID, roma.Name, province.Name, region.Name)

	anagrafe, _ := r.ServiceByCode("anagrafe")
	fmt.Println(anagrafe.ID, r.Label(registry.ListServices, anagrafe.Code, registry.English))
	fmt.Println(r.Label(registry.ListFaces, schema.Green.Face(), registry.German))
	// Output:
	// 058091 Roma Roma Lazio
	// 1 Population register
	// Zufrieden
}
