// clients.test.mjs: the EventSource clients that people use in Node read the broker: every event, once,
// in order, over cuts, restarts and refusals.
import assert from 'node:assert/strict';
import {after, before} from 'node:test';
import {EventSource} from 'eventsource';
import {createParser} from 'eventsource-parser';
import {Broker, numbers, Proxy, test, until} from './broker.mjs';

let broker;
before(async () => { broker = await Broker.start('--retry', '200ms'); });
after(() => broker?.stop());

// An EventSource of the npm package that notes what it sees.
function listen(url, types = []) {
  const seen = {opens: 0, messages: [], gaps: [], closes: [], streams: []};
  const source = new EventSource(url);
  source.onopen = () => { seen.opens++; };
  source.onmessage = (message) => { seen.messages.push(message.data); seen.id = message.lastEventId; };
  for (const type of types) {
    source.addEventListener(type, (message) => seen.messages.push(`${type}:${message.data}`));
  }
  const control = (name, list) => source.addEventListener(name, (message) => list.push(JSON.parse(message.data)));
  control('fanfare.gap', seen.gaps);
  control('fanfare.close', seen.closes);
  control('fanfare.hello', seen.streams);
  return {seen, source};
}

test('eventsource: open, message and typed events arrive with ids that rise', async () => {
  const {seen, source} = listen(`${broker.url}/topics/node/typed`, ['price']);
  await until('it is open', () => seen.opens === 1 || seen);
  await broker.publish('node/typed', 'plain');
  await broker.publish('node/typed', '{"value":17}', 'price');
  const last = await broker.publish('node/typed', 'two\r\nlines\rand\nmore');
  await until('all three are there', () => seen.messages.length === 3 || seen);
  assert.deepEqual(seen.messages, ['plain', 'price:{"value":17}', 'two\nlines\nand\nmore']);
  assert.equal(seen.id, last);
  source.close();
});

test('eventsource: a stream cut before its first event loses nothing', async () => {
  const proxy = await Proxy.start(broker.port);
  const {seen, source} = listen(`${proxy.url}/events?topic=node/early&hello=1`);
  await until('it said hello', () => seen.streams.length === 1 || seen);
  proxy.refusing = true;
  proxy.cut();
  for (const number of numbers(1, 3)) await broker.publish('node/early', number);
  proxy.refusing = false;
  await until('all three are there', () => seen.messages.length >= 3 || seen);
  assert.deepEqual(seen.messages, ['1', '2', '3']);
  assert.deepEqual(seen.gaps, []);
  source.close();
  proxy.stop();
});

test('eventsource: a stream that the broker cuts again and again sees every event once', async () => {
  const {seen, source} = listen(`${broker.url}/events?topic=node/cut&hello=1`);
  let cut = 0;
  for (const number of numbers(1, 200)) {
    await broker.publish('node/cut', number);
    if (Number(number) % 40 === 0) {
      await until('it is connected', () => seen.streams.length > cut || seen);
      await broker.cut(seen.streams.at(-1).stream);
      cut++;
    }
  }
  await until('it has the last', () => seen.messages.at(-1) === '200' || seen.messages.length);
  await until('it has been told of the last cut', () => seen.closes.length >= cut || seen.closes);
  const first = Number(seen.messages[0]);
  assert.deepEqual(seen.messages, numbers(first, 200));
  assert.equal(seen.closes.filter((close) => close.reason === 'kicked' && !close.final).length, cut);
  assert.deepEqual(seen.gaps, []);
  source.close();
});

test('eventsource: a position of a broker that has died is told as a gap', async () => {
  const own = await Broker.start('--retry', '200ms');
  const {seen, source} = listen(`${own.url}/events?topic=node/epoch&hello=1`);
  await until('it said hello', () => seen.streams.length === 1 || seen);
  await own.publish('node/epoch', 'before');
  await until('it has an event', () => seen.messages.length === 1 || seen);
  await own.restart();
  await until('it is back', () => seen.streams.length === 2 || seen);
  await own.publish('node/epoch', 'after');
  await until('it has the next', () => seen.messages.length === 2 || seen);
  assert.deepEqual(seen.gaps.map((gap) => gap.reason), ['epoch']);
  source.close();
  await own.stop();
});

test('eventsource: refusals do not kill it, and it is let in when there is room', async () => {
  const own = await Broker.start('--retry', '200ms', '--streams-max', '1');
  const holder = new AbortController();
  await fetch(`${own.url}/topics/node/held`, {signal: holder.signal, headers: {accept: 'text/event-stream'}});
  const {seen, source} = listen(`${own.url}/events?topic=node/busy&hello=1`);
  await until('it was refused twice', () => seen.closes.length >= 2 || seen);
  assert.deepEqual(seen.closes[0].reason, 'busy');
  assert.deepEqual(seen.closes[0].final, false);
  holder.abort();
  await until('it is let in', () => seen.streams.length === 1 || seen);
  await own.publish('node/busy', 'welcome');
  await until('it reads', () => seen.messages[0] === 'welcome' || seen);
  source.close();
  await own.stop();
});

test('eventsource: a wrong request is refused for good', async () => {
  const source = new EventSource(`${broker.url}/events?topic=a*b`);
  const error = await new Promise((done) => { source.onerror = done; });
  assert.equal(error.code, 400);
  assert.equal(source.readyState, EventSource.CLOSED);
});

test('eventsource-parser: reads the head block, events and control events from a fetch', async () => {
  await broker.publish('node/parser', 'kept');
  const abort = new AbortController();
  const response = await fetch(`${broker.url}/events?topic=node/parser&since=earliest&hello=1`,
    {signal: abort.signal, headers: {accept: 'text/event-stream'}});
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  assert.ok(response.headers.get('fanfare-stream'));
  const events = [];
  let retry_ms = 0;
  const parser = createParser({onEvent: (event) => events.push(event), onRetry: (ms) => { retry_ms = ms; }});
  await broker.publish('node/parser', 'live', 'price');
  const decoder = new TextDecoder();
  for await (const bytes of response.body) {
    parser.feed(decoder.decode(bytes, {stream: true}));
    if (events.length >= 3) break;
  }
  abort.abort();
  assert.equal(events[0].event, 'fanfare.hello');
  assert.deepEqual(events.slice(1).map(({event, data}) => [event, data]), [[undefined, 'kept'], ['price', 'live']]);
  assert.ok(retry_ms >= 100, `retry ${retry_ms}`);
});

test('fetch-event-source: reads, and resumes after a cut with what it missed', async () => {
  // The package is made for browsers: this is what it uses of one.
  globalThis.document ??= Object.assign(new EventTarget(), {hidden: false});
  globalThis.window ??= globalThis;
  const {fetchEventSource} = await import('@microsoft/fetch-event-source');
  const abort = new AbortController();
  const messages = [], streams = [];
  const done = fetchEventSource(`${broker.url}/events?topic=node/fetch&hello=1`, {
    signal: abort.signal,
    openWhenHidden: true,
    onmessage(message) {
      if (message.event === 'fanfare.hello') streams.push(JSON.parse(message.data).stream);
      if (message.event === '') messages.push(message.data);
    },
    onclose() { throw new Error('closed: try again'); },
    onerror() { return 50; },
  });
  await until('it said hello', () => streams.length === 1 || streams);
  for (const number of numbers(1, 3)) await broker.publish('node/fetch', number);
  await until('three are there', () => messages.filter(Boolean).length === 3 || messages);
  await broker.cut(streams[0]);
  for (const number of numbers(4, 6)) await broker.publish('node/fetch', number);
  await until('six are there', () => messages.filter(Boolean).length >= 6 || messages);
  assert.deepEqual(messages.filter(Boolean), numbers(1, 6));
  abort.abort();
  await done;
});
