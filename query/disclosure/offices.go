package disclosure

import "mlf/schema"

// Offices are named where that does not point at one person. Who works at the only
// counter of an office is known to everybody there; so an office is named only
// where it offers two services (Garante della privacy, on figures by which staff
// could be watched): how many counters it has nobody says. And where one office alone
// of a group is not named, its figures would be what is left for the comune: then
// another stays unnamed in its company.

// An officeOf is an office of a comune.
type officeOf struct {
	comune schema.ComuneID
	office schema.OfficeCode
}

// labels returns the finest label that each spot's votes may be published under,
// by what is counted of its month. counted is sorted.
func (r *Rules) labels(counted []schema.SpotDay) map[schema.Spot]schema.LotLabel {
	named := namedOffices(counted)
	labels := make(map[schema.Spot]schema.LotLabel)
	type company struct {
		unnamed int
		first   schema.Spot // The first of those that may be named.
	}
	companies := make(map[schema.LotLabel]company)
	for i := range counted {
		spot := counted[i].Spot
		if _, ok := labels[spot]; ok || spot.Office == "" {
			continue
		}
		group := r.Places.label(schema.LotChannel, spot)
		of := companies[group]
		if !named[officeOf{spot.Comune, spot.Office}] {
			of.unnamed++
			labels[spot] = group
		} else {
			if of.first == (schema.Spot{}) {
				of.first = spot
			}
			labels[spot] = r.Places.label(schema.LotOffice, spot)
		}
		companies[group] = of
	}
	for group, of := range companies {
		if of.unnamed == 1 && of.first != (schema.Spot{}) {
			labels[of.first] = group
		}
	}
	for i := range counted {
		if spot := counted[i].Spot; spot.Office == "" {
			labels[spot] = r.Places.label(schema.LotChannel, spot)
		}
	}
	return labels
}

// namedOffices tells which offices have two services.
func namedOffices(counted []schema.SpotDay) map[officeOf]bool {
	named := make(map[officeOf]bool)
	service := make(map[officeOf]schema.ServiceID)
	for i := range counted {
		v := &counted[i]
		of := officeOf{v.Comune, v.Office}
		if v.Office == "" || named[of] {
			continue
		}
		if v.Service == schema.ServiceUnspecified {
			continue
		}
		if first, ok := service[of]; ok && first != v.Service {
			named[of] = true
		} else {
			service[of] = v.Service
		}
	}
	return named
}
