// Package kiosk is the kiosk's page in a real Chromium, before a service that runs, while
// devices are killed, copied, filled and cut off, and networks lie. What it holds the page
// to: every press that was thanked for is counted once, and none is thanked for that is
// not stored.
//
// It knows browsers, public HTTP and what citizens see. It must not know how the page
// stores votes, nor the inside of any stage.
package kiosk
