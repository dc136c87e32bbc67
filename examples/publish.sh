#!/bin/sh
# publish.sh: publishes one JSON event with a type, then two lines at once: publish.sh [topic]
set -e
fanfare=${FANFARE_URL:-http://localhost:8080}
topic=${1:-prices/acme}

curl -sS --fail-with-body --data '{"symbol":"ACME","value":17.5}' "$fanfare/topics/$topic?event=price"

curl -sS --fail-with-body -H 'Content-Type: application/x-ndjson' --data-binary @- "$fanfare/events" <<LINES
{"topic":"$topic","event":"price","data":{"symbol":"ACME","value":18}}
{"topic":"$topic","event":"price","data":{"symbol":"ACME","value":19}}
LINES
