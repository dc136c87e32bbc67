// stream.js: one EventSource on the broker for many topics, and what is known about it.
//
// It reads with `envelope=1`, so that one handler sees topic, type, id and data of every event, and
// with `hello=1`, so that the page knows its own address. The browser reconnects by itself and sends
// Last-Event-ID; only where it has given up (a final status) does this try again, by `last_event_id=`.
//
// A browser has six HTTP/1.1 connections to one host, for all tabs together. When many tabs of this
// broker are open, hidden ones let theirs go and catch up when they are looked at again.

const tabs_that_may_hold = 4;
const hidden_grace_ms = 1000;
const retry_after_refusal_ms = 5000;

function parsed(text) {
  try { return JSON.parse(text); } catch { return undefined; }
}

export class Stream extends EventTarget {
  #topics; #query; #source = null; #hidden_timer = 0; #retry_timer = 0;
  id = '';
  position = '';
  state = 'connecting';

  // Events of this object: state, hello, gap, close, event (detail: topic, type, data, id),
  // message (detail: type, data; sent to this stream alone).
  constructor(topics, query = {}) {
    super();
    this.#topics = topics;
    this.#query = query;
    this.#open();
    document.addEventListener('visibilitychange', () => this.#visibility_changed());
    if (navigator.locks) {
      navigator.locks.request('fanfare-tab', {mode: 'shared'}, () => new Promise(() => {}));
    }
  }

  #open() {
    clearTimeout(this.#retry_timer);
    this.#source?.close();
    const query = new URLSearchParams(this.#topics.map((topic) => ['topic', topic]));
    query.set('hello', '1');
    query.set('envelope', '1');
    if (this.position) query.set('last_event_id', this.position);
    for (const [name, value] of Object.entries(this.#query)) query.set(name, value);
    const source = this.#source = new EventSource(`/events?${query}`);
    source.onmessage = (message) => this.#on_message(message);
    source.addEventListener('fanfare.hello', (message) => {
      this.#moved(message);
      this.id = parsed(message.data)?.stream ?? '';
      this.#become('open');
      this.#tell('hello', {stream: this.id});
    });
    source.addEventListener('fanfare.gap', (message) => {
      this.#moved(message);
      this.#tell('gap', parsed(message.data) ?? {});
    });
    source.addEventListener('fanfare.close', (message) => {
      this.#tell('close', parsed(message.data) ?? {});
    });
    source.onerror = () => {
      this.id = '';
      if (source.readyState !== EventSource.CLOSED) return this.#become('reconnecting');
      this.#become('refused');
      this.#retry_timer = setTimeout(() => this.#open(), retry_after_refusal_ms);
    };
  }

  #on_message(message) {
    this.#moved(message);
    const event = parsed(message.data);
    if (event === null || typeof event !== 'object') return;
    const detail = {topic: event.topic, type: event.event ?? '', data: event.data, id: event.id};
    this.#tell(event.topic === undefined ? 'message' : 'event', detail);
  }

  #moved(message) {
    if (message.lastEventId) this.position = message.lastEventId;
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.#tell('state', {state});
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }

  #visibility_changed() {
    clearTimeout(this.#hidden_timer);
    if (document.visibilityState === 'visible') {
      if (this.state === 'resting') this.#open();
    } else {
      this.#hidden_timer = setTimeout(() => this.#rest_if_crowded(), hidden_grace_ms);
    }
  }

  async #rest_if_crowded() {
    const locks = await navigator.locks?.query();
    const tabs = locks?.held.filter((lock) => lock.name === 'fanfare-tab').length ?? 0;
    if (tabs <= tabs_that_may_hold || document.visibilityState === 'visible') return;
    this.#source.close();
    this.id = '';
    this.#become('resting');
  }
}
