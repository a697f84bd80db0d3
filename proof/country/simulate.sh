#!/bin/sh
# Plays 2,000 terminals for 7 days against a fresh mlf up and compares every cell; `make simulate` calls it.
set -eu
data=$(mktemp -d)
bin/mlf up --data "$data" --ingest 127.0.0.1:28080 --query 127.0.0.1:28081 --admin 127.0.0.1:29090 \
  --kafka-listen 127.0.0.1:29092 2>"$data.log" &
up=$!
trap 'kill "$up" 2>/dev/null; wait "$up"; rm -rf "$data" "$data.log"' EXIT
bin/mlf simulate --foreign --ingest http://127.0.0.1:28080 --query http://127.0.0.1:28081 --kafka 127.0.0.1:29092 \
  --terminals "${TERMINALS:-2000}" --days "${DAYS:-7}" --seed "${SEED:-1}" || { tail -5 "$data.log"; exit 1; }
