#!/usr/bin/env bash
# Holds the OpenAPI document to the rules, and the rules to a document that breaks
# each of them.
set -euo pipefail
cd "$(dirname "$0")"
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund

npx spectral lint --ruleset rules.yaml --fail-severity warn ../openapi.yaml
npx redocly lint --config redocly.yaml ../openapi.yaml

complaints=$(npx spectral lint --ruleset rules.yaml --format json --quiet broken.yaml || true)
own=$(sed -n '/^  info-version-is-semver:/,$ s/^  \([a-z][a-z0-9-]*\):$/\1/p' rules.yaml)
silent=0
for rule in $own; do
  if ! grep -q "\"code\": *\"$rule\"" <<<"$complaints"; then
    echo "rule $rule does not complain about broken.yaml: it cannot fail" >&2
    silent=1
  fi
done
exit $silent
