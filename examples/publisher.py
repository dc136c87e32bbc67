#!/usr/bin/env python3
"""publisher.py: publishes a JSON event, then many at once: publisher.py [topic]"""
import json
import os
import sys
import urllib.error
import urllib.request

fanfare = os.environ.get("FANFARE_URL", "http://localhost:8080")
topic = sys.argv[1] if len(sys.argv) > 1 else "prices/acme"


def publish(body, content_type):
    request = urllib.request.Request(f"{fanfare}/events", data=body.encode(), method="POST",
                                     headers={"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)
    except urllib.error.HTTPError as refusal:
        sys.exit(f"{refusal.code}: {json.load(refusal)['detail']}")


event = {"topic": topic, "event": "price", "data": {"symbol": "ACME", "value": 17.5}}
print("published", publish(json.dumps(event), "application/json")["id"])

# Newline-delimited JSON is the fast way to publish many; a bad line names itself and nothing is published.
lines = [json.dumps({"topic": topic, "event": "price", "data": {"symbol": "ACME", "value": value}})
         for value in range(18, 118)]
answer = publish("\n".join(lines) + "\n", "application/x-ndjson")
print(f"published {answer['count']}, the last is {answer['last']}")
