// Package italy is a country that votes, made up from what is known of Italy's: five
// years of rollups with the account of their segments, and the single votes that
// they count, the same at every call. It is what answers are measured on; nothing
// sends its votes.
//
// What it makes: places by the registry's comuni, each with residents^0.9 times a
// log-normal number of votes, 2 to 20 services by its size, offices from 30,000
// residents on, channels by what is at hand there; hours of opening, weekdays,
// national holidays, months and years; 7 % of the votes late, of these 2 in 7 by up
// to 120 days, so that they are in later segments than their hour's others; reasons
// with votes that are not the highest; now and then a burst, a wrong clock, a scale
// of another kind.
//
// It knows the registry, the rollup and its table. It must not know how votes are
// counted or answered for.
package italy
