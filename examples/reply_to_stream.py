#!/usr/bin/env python3
"""reply_to_stream.py: an answer sent back to the one stream that asked.

    reply_to_stream.py worker          answers whatever is asked on questions/**
    reply_to_stream.py ask "6 * 7"     asks, prints the answer, ends

The asker opens a stream first. Its id (header Fanfare-Stream) is its address: it goes along with the
question, and the worker sends the answer there. Nobody else reads it, and no topic is made for it.
"""
import json
import os
import sys
import urllib.error
import urllib.request

from sse import subscribe

fanfare = os.environ.get("FANFARE_URL", "http://localhost:8080")


def post(path, value):
    request = urllib.request.Request(fanfare + path, data=json.dumps(value).encode(), method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def work():
    opened = lambda response: print("answering", flush=True)
    for event in subscribe(f"{fanfare}/topics/questions/**", opened):
        if event.type != "question":
            continue
        asked = json.loads(event.data)
        answer = {"question": asked["text"], "answer": asked["text"].upper()}
        try:
            post(f"/streams/{asked['reply_to']}?event=answer", answer)
        except urllib.error.HTTPError as gone:
            print("nobody there any more:", gone.code, file=sys.stderr)


def ask(text):
    def opened(response):
        post("/topics/questions/new?event=question",
             {"text": text, "reply_to": response.headers["Fanfare-Stream"]})

    for event in subscribe(f"{fanfare}/topics/answers/all", opened):
        if event.type == "answer":
            print(json.loads(event.data)["answer"])
            return


if sys.argv[1:2] == ["worker"]:
    work()
elif sys.argv[1:2] == ["ask"] and len(sys.argv) == 3:
    ask(sys.argv[2])
else:
    sys.exit(__doc__)
