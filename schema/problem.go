package schema

// ProblemType is the media type of every error answer (RFC 9457).
const ProblemType = "application/problem+json"

// A Problem is an error answer. Type is "urn:mlf:problem:" and a code in
// kebab-case that never changes its meaning; Instance is the request's id.
type Problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Instance string `json:"instance,omitempty"`
}

// ProblemURN returns the type of the problem with the given code.
func ProblemURN(code string) string { return "urn:mlf:problem:" + code }
