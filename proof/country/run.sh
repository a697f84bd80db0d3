#!/bin/sh
# Starts mlf up and plays terminals in real time; `make run` calls it. Ctrl-C ends the playing, compares every cell and
# stops mlf up: both run in sessions of their own, so that the terminal's signal reaches this script alone.
set -eu
mkdir -p "$DATA"
setsid bin/mlf up --data "$DATA" --demo-terminals 3 2>"$DATA/log.json" &
up=$!
trap 'kill "$up" 2>/dev/null || true; wait "$up" || true' EXIT
setsid bin/mlf simulate --pace real --terminals "$TERMINALS" --rate "$RATE" --days 1 \
  --ingest http://127.0.0.1:8080 --query http://127.0.0.1:8081 --kafka 127.0.0.1:19092 &
sim=$!
trap 'kill -INT "$sim"' INT TERM
wait "$sim" || wait "$sim"
