#!/bin/sh
# subscribe.sh: events of a topic or pattern in a terminal: subscribe.sh [topic]
# -N shows each event as it comes. `fanfare sub` does the same and resumes by itself.
fanfare=${FANFARE_URL:-http://localhost:8080}
topic=${1:-prices/**}
exec curl -sSN --fail-with-body --get --data-urlencode "topic=$topic" "$fanfare/events"
