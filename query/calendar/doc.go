// Package calendar is Rome's clock at query time: months, weeks, days and hours of
// the day by which the hours of UTC are grouped, periods and what they are compared
// with, holidays. Votes are counted by hours of UTC; a day has 23 to 25 of them.
//
// It knows dates. It must not know votes, questions or HTTP.
package calendar
