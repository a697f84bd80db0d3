#!/bin/sh
# Starts mlf up with a year of votes, a million, and keeps it running; `make year` calls it. The year is played once: a
# folder that has one is served as it is.
set -eu
mkdir -p "$DATA"
start() {
  bin/mlf up --data "$DATA" --publish "$1" 2>"$DATA/log.json" &
  up=$!
}
if [ -e "$DATA/year" ]; then start on; else start off; fi
trap 'kill "$up" 2>/dev/null || true; wait "$up" || true' EXIT
trap 'exit 0' INT TERM
if [ ! -e "$DATA/year" ]; then
  bin/mlf simulate --days 365 --terminals 3000 --votes-per-day 0.95 --seed 1 \
    --ingest http://127.0.0.1:8080 --query http://127.0.0.1:8081 --kafka 127.0.0.1:19092
  date >"$DATA/year"
  kill "$up" && wait "$up" || true
  start on # All is counted that its first release is to have.
fi
echo "A year of votes: http://127.0.0.1:8081/ (Ctrl-C ends it)"
wait "$up"
