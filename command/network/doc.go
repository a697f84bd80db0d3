// Package network is the commands on who takes part and with what: mlf body, order, claim
// and terminal.
//
// It knows flags and how things are printed. It must not know how a code is redeemed, what
// a programme pays for, or how records lie on the topic.
package network
