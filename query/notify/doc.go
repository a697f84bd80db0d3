// Package notify sends messages out of the house: to webhooks, signed, and by e-mail.
//
// It knows how a message travels: which addresses may be written to, who signs it, how
// often and when it is tried again. It must not know what a message is about, who wants
// it, or what was counted; and of what it has sent it keeps nothing: whoever hands in a
// message remembers whether it was told.
package notify
