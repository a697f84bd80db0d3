package access

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Limits of a token.
const (
	tokenBytesMax = 8 << 10 // Half of the headers that a request may have.
	subjectMax    = 255     // OpenID Connect Core 1.0, section 2.
)

// bearer returns the token of the Authorization fields; "" for none. Another scheme is not
// ours: a proxy in front may have put it there, and it asks for nothing here.
func bearer(fields []string) (string, *Refusal) {
	if len(fields) > 1 {
		return "", &Refusal{Status: http.StatusBadRequest, Code: codeRequest, Detail: "send one Authorization field"}
	}
	if len(fields) == 0 {
		return "", nil
	}
	scheme, token, _ := strings.Cut(fields[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", nil
	}
	token = strings.Trim(token, " ")
	switch {
	case token == "":
		return "", invalid("the token is empty", nil)
	case len(token) > tokenBytesMax:
		return "", invalid("the token is too long", nil)
	}
	return token, nil
}

// verify returns the claims of a token that the issuer signed, for us, and that is good
// now. It blocks as keys.find does. The error is a *Refusal.
func (a *Access) verify(ctx context.Context, token string) (jwt.Claims, map[string]any, error) {
	parsed, err := jwt.ParseSigned(token, algorithms())
	if err != nil || len(parsed.Headers) != 1 {
		return jwt.Claims{}, nil, invalid("the token cannot be read, or is not signed as one of this service must be", err)
	}
	header := parsed.Headers[0]
	if !isAccessToken(header) {
		return jwt.Claims{}, nil, invalid("the token is not one for access", nil)
	}
	// Whose key it is of need not be asked where it does not even say that it is ours. To
	// refuse, a claim need not be verified.
	var said jwt.Claims
	if err := parsed.UnsafeClaimsWithoutVerification(&said); err != nil {
		return jwt.Claims{}, nil, invalid("the token's claims cannot be read", err)
	}
	if said.Issuer != a.cfg.Issuer {
		return jwt.Claims{}, nil, invalid("the token is of another issuer", nil)
	}
	found, err := a.keys.find(ctx, header.KeyID, jose.SignatureAlgorithm(header.Algorithm))
	if err != nil {
		return jwt.Claims{}, nil, err
	}
	for _, key := range found {
		var claims jwt.Claims
		var all map[string]any
		if parsed.Claims(key.Key, &claims, &all) == nil {
			return claims, all, a.current(claims)
		}
	}
	return jwt.Claims{}, nil, invalid("the token is not signed by a key of its issuer", nil)
}

// isAccessToken tells whether a token says that it is one (RFC 9068), or does not say what
// it is, as most issuers' do. One that says it is something else (a logout, an event) must
// not be taken for it (RFC 8725, section 3.11).
func isAccessToken(header jose.Header) bool {
	kind, some := header.ExtraHeaders[jose.HeaderType]
	text, isText := kind.(string)
	text = strings.TrimPrefix(strings.ToLower(text), "application/")
	return !some || isText && (text == "jwt" || text == "at+jwt")
}

// current refuses a token that is not for us or not good now.
func (a *Access) current(claims jwt.Claims) error {
	if claims.Expiry == nil {
		return invalid("the token never expires: exp is missing", nil)
	}
	want := jwt.Expected{Issuer: a.cfg.Issuer, AnyAudience: jwt.Audience{a.cfg.Audience}, Time: a.cfg.Now()}
	err := claims.ValidateWithLeeway(want, a.cfg.Leeway)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrExpired):
		return invalid("the token has expired", nil)
	case errors.Is(err, jwt.ErrNotValidYet), errors.Is(err, jwt.ErrIssuedInTheFuture):
		return invalid("the token is not good yet", nil)
	case errors.Is(err, jwt.ErrInvalidAudience):
		return invalid("the token is for another service", nil)
	}
	return invalid("the token is of another issuer", err)
}
