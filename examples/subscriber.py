#!/usr/bin/env python3
"""subscriber.py: prints JSON events and resumes by itself: subscriber.py [topic or pattern]"""
import json
import os
import sys
import urllib.error
import urllib.parse

from sse import subscribe

fanfare = os.environ.get("FANFARE_URL", "http://localhost:8080")
topic = sys.argv[1] if len(sys.argv) > 1 else "prices/**"

try:
    for event in subscribe(f"{fanfare}/events?topic={urllib.parse.quote(topic, safe='')}"):
        if event.type == "fanfare.gap":
            print("missed for good:", event.data, file=sys.stderr)
        elif not event.type.startswith("fanfare."):
            print(event.type, json.loads(event.data), flush=True)
except urllib.error.HTTPError as refusal:
    sys.exit(f"{refusal.code}: {json.load(refusal)['detail']}")
except KeyboardInterrupt:
    pass
