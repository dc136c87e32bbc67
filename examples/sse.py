"""sse.py: a small reader of Server-Sent Events that resumes by itself; standard library only."""
import http.client
import time
import urllib.error
import urllib.request


class Event:
    def __init__(self):
        self.type, self.data, self.id = "message", "", None


def events_of(response):
    """Yields the events of one response; sets `retry` on the response where the broker says it."""
    event, lines, last_id = Event(), [], None
    for raw in response:
        line = raw.decode("utf-8").rstrip("\r\n")
        name, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if line == "":
            if lines or last_id is not None:
                event.data, event.id, event.has_data = "\n".join(lines), last_id, bool(lines)
                yield event
            event, lines = Event(), []
        elif name == "data":
            lines.append(value)
        elif name == "event":
            event.type = value
        elif name == "id":
            last_id = value
        elif name == "retry" and value.isdigit():
            response.retry_s = int(value) / 1000


def subscribe(url, opened=lambda response: None):
    """Yields events for ever, reconnecting with Last-Event-ID; raises on a final refusal."""
    last_id, retry_s = None, 2.0
    while True:
        headers = {"Accept": "text/event-stream"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as response:
                response.retry_s = retry_s
                opened(response)
                for event in events_of(response):
                    last_id = event.id or last_id
                    retry_s = response.retry_s
                    if event.has_data:
                        yield event
        except urllib.error.HTTPError as refusal:
            if refusal.code not in (429, 503):
                raise
            retry_s = float(refusal.headers.get("Retry-After", 2))
        except (OSError, http.client.HTTPException):
            pass  # the connection went: resume
        time.sleep(retry_s)
