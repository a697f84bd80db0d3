// Package access tells who asks and how much they may ask: the public without a token, a
// body, an analyst or an operator by a JWT of the configured issuer; and a quota for each
// client; and what pages of other origins may do.
//
// It knows requests' headers and addresses, tokens, keys and where they are published. It
// must not know what is asked, what may be shown to whom, or how votes are counted.
package access
