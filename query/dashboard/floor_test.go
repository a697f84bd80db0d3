package dashboard_test

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// The oldest browsers that the page works in are Chrome 102, Firefox 102 and
// Safari 15.4. What each of these patterns finds is younger than one of them.
const (
	tooYoungForScripts = `AbortSignal\s*\.\s*(any|timeout)\b
		\.(toReversed|toSorted|toSpliced|findLast|findLastIndex|isWellFormed|toWellFormed|getOrInsert)\(
		\.with\(
		\b(Object|Map)\.groupBy\b
		\bArray\.fromAsync\b
		\bPromise\.(withResolvers|try)\b
		\bURL\.(canParse|parse)\b
		\bResponse\.json\(
		\bReadableStream\.from\b
		\bIterator\b
		\.(values|keys|entries)\(\)\.(map|filter|take|drop|flatMap|reduce|toArray|forEach|some|every|find)\(
		\.(intersection|union|difference|symmetricDifference|isSubsetOf|isSupersetOf|isDisjointFrom)\(
		\bIntl\.(Segmenter|DurationFormat)\b
		\buseGrouping:\s*["']
		\b(roundingMode|trailingZeroDisplay|roundingPriority|roundingIncrement)\b
		\.formatRangeToParts\(
		\bTemporal\b
		\b(requestIdleCallback|startViewTransition|checkVisibility|moveBefore|scrollend|showPopover|setHTML|CloseWatcher|navigation)\b
		\b(scheduler|CompressionStream|DecompressionStream|userActivation|cookieStore|userAgentData)\b
		\badoptedStyleSheets\b
		\bimport\.meta\.resolve\b
		\bfrom\s+["'][^./]
		\bwith\s*\{\s*type\s*:
		^\s*static\s*\{
		^\s*(await\s+)?using\s
		\(\?<[=!]
		/[dgimsuy]*v[dgimsuy]*\.(test|exec)\(
		#\w+\s+in\s
		\.inert\b
		\bRegExp\.escape\b
		\bError\.isError\b`
	tooYoungForStyles = `:has\(
		:(popover-open|user-valid|user-invalid|state\(|open\b|muted\b)
		(color-mix|light-dark|oklch|oklab|lab|lch|color|contrast-color|device-cmyk|linear|sin|cos|tan|round|mod|rem|abs|sign|pow|sqrt|hypot|anchor|calc-size)\(
		\((from|[a-z]+ )from
		@(container|property|scope|starting-style|position-try|view-transition|function)\b
		@import[^;]*(layer|supports)
		@media[^{]*[<>]
		\d(d|s|l)v(h|w|i|b|min|max)\b
		\dcq(w|h|i|b|min|max)\b
		\d(rcap|rch|rex|ric|lh|rlh|cap|ic)\b
		subgrid
		(^|[;{\s])(translate|rotate|scale|content-visibility|field-sizing|interpolate-size|text-wrap|text-wrap-style|text-box|animation-timeline|view-transition-name|mask|backdrop-filter|scrollbar-gutter|scrollbar-color|scrollbar-width|font-palette|container|container-type|inset-area|position-area|anchor-name|hyphenate-limit-chars|initial-letter|white-space-collapse|margin-trim|offset-path|zoom|reading-flow|line-clamp|transition-behavior|grid-template-columns:\s*masonry)\s*:
		overflow(-x|-y)?:\s*clip
		attr\([^)]*(,|\s)
		&
		image-set\(
		@media[^{]*\((scripting|update|overflow-block|prefers-reduced-transparency|inverted-colors|dynamic-range|video-dynamic-range|prefers-reduced-data)`
	tooYoungForPages = `\b(popover|popovertarget|inert|fetchpriority|blocking|shadowrootmode|commandfor|closedby)\b
		<(search|dialog|selectedcontent)\b
		type="(importmap|speculationrules)"
		<details[^>]*\bname=
		hidden="until-found"
		<script[^>]*\basync\b`
)

func patterns(list string) []*regexp.Regexp {
	var compiled []*regexp.Regexp
	for pattern := range strings.SplitSeq(list, "\n") {
		compiled = append(compiled, regexp.MustCompile(`(?m)`+strings.TrimSpace(pattern)))
	}
	return compiled
}

// comments are no part of what a browser must understand.
func withoutComments(text string) string {
	text = regexp.MustCompile(`(?s)/\*.*?\*/|<!--.*?-->`).ReplaceAllString(text, "")
	return regexp.MustCompile(`(?m)(^|\s)//.*$`).ReplaceAllString(text, "")
}

// A rule inside a rule is nesting, but for those inside an at-rule.
func nested(css string) bool {
	css = regexp.MustCompile(`@(media|supports|keyframes|layer)[^{]*\{`).ReplaceAllString(css, "@{")
	depth, at := 0, 0
	for i, c := range css {
		switch {
		case c == '{' && i > 0 && css[i-1] == '@':
			at++
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == '}':
			at--
		}
		if depth > 1 {
			return true
		}
	}
	return false
}

// TestNothingYoungerThanTheOldestBrowsers reads every shipped file.
func TestNothingYoungerThanTheOldestBrowsers(t *testing.T) {
	kinds := map[string][]*regexp.Regexp{
		".js": patterns(tooYoungForScripts), ".css": patterns(tooYoungForStyles), ".html": patterns(tooYoungForPages),
	}
	for name, text := range shipped(t) {
		text = withoutComments(text)
		for _, pattern := range kinds[path.Ext(name)] {
			if found := pattern.FindString(text); found != "" {
				t.Errorf("%s: %q is younger than Chrome 102, Firefox 102 or Safari 15.4", name, found)
			}
		}
		if path.Ext(name) == ".css" && nested(text) {
			t.Errorf("%s: rules inside rules are younger than Chrome 112, Firefox 117, Safari 16.5", name)
		}
	}
}

// floor.js speaks to browsers that know no module: ES5, nothing younger.
func TestTheOldestScript(t *testing.T) {
	var text string
	for name, script := range shipped(t) {
		if strings.HasPrefix(name, "assets/floor-") && path.Ext(name) == ".js" {
			text = script
		}
	}
	if text == "" {
		t.Fatal("there is no floor.js")
	}
	for _, pattern := range patterns("=>\n`\n\\b(let|const|class|async|await|import|export|of)\\b\n\\?\\.\n\\?\\?\n\\.\\.\\.\n\\b(fetch|Promise)\\(") {
		if found := pattern.FindString(text); found != "" {
			t.Errorf("%q is younger than ES5", found)
		}
	}
}

// Every address is relative, so that the page works under any path. What is asked for
// together is named by the paths of the API, which are no addresses.
func TestAddressesAreRelative(t *testing.T) {
	absolute := regexp.MustCompile("(?m)(href|src|action)=[\"']/|url\\([\"']?/|[\"'`]/(assets|openapi|status|docs|embed)\\b|from [\"']/")
	for name, text := range shipped(t) {
		if path.Ext(name) != ".svg" && path.Ext(name) != ".woff2" {
			if found := absolute.FindString(text); found != "" {
				t.Errorf("%s: %q leaves the path that a proxy serves the page under", name, found)
			}
		}
	}
}
