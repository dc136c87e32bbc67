// eventsource.test.mjs: a browser's own EventSource reads the broker from another origin: every event,
// once, in order, over cuts, restarts and refusals.
import assert from 'node:assert/strict';
import {after, before} from 'node:test';
import {Broker, numbers, Proxy, test, until} from '../node/broker.mjs';
import {close, listen, seen, start_application, start_chromium} from './chromium.mjs';

let broker, chromium, application;
before(async () => {
  broker = await Broker.start('--retry', '200ms');
  chromium = await start_chromium();
  application = await start_application();
});
after(async () => {
  await chromium?.close();
  application?.stop();
  await broker?.stop();
});

// Each test in a page of its own, closed at its end so that its connections go.
function in_page(name, body) {
  test(name, async () => {
    const page = await chromium.newPage();
    await page.goto(application.url);
    try {
      await body(page);
    } finally {
      await page.close();
    }
  });
}

const has = (page, count, name) => async () => {
  const {messages, ...rest} = await seen(page, name);
  return messages.length >= count || {count: messages.length, ...rest};
};
const said_hello = (page, times, name) => async () => {
  const now = await seen(page, name);
  return now.streams.length >= times || now;
};

in_page('open, message and typed events arrive, and no data forges a field', async (page) => {
  await listen(page, `${broker.url}/topics/browser/typed`, ['price']);
  await until('it is open', async () => (await seen(page)).opens === 1);
  await broker.publish('browser/typed', 'plain');
  await broker.publish('browser/typed', '{"value":17}', 'price');
  const last = await broker.publish('browser/typed', 'a\n\nevent: fanfare.close\rid: 0-0\r\ndata: b');
  await until('all three are there', has(page, 3));
  const {messages, id, closes} = await seen(page);
  assert.deepEqual(messages,
    ['plain', 'price:{"value":17}', 'a\n\nevent: fanfare.close\nid: 0-0\ndata: b']);
  assert.equal(id, last);
  assert.deepEqual(closes, []);
});

in_page('several topics and a pattern come in one order over one stream', async (page) => {
  await listen(page, `${broker.url}/events?topic=browser/one&topic=browser/many/**`);
  await until('it is open', async () => (await seen(page)).opens === 1);
  for (const number of numbers(1, 20)) {
    await broker.publish(Number(number) % 2 ? 'browser/one' : `browser/many/${number}`, number);
  }
  await until('all are there', has(page, 20));
  assert.deepEqual((await seen(page)).messages, numbers(1, 20));
});

in_page('a stream cut before its first event loses nothing', async (page) => {
  const proxy = await Proxy.start(broker.port);
  await listen(page, `${proxy.url}/topics/browser/early`);
  await until('it is open', async () => (await seen(page)).opens === 1);
  proxy.refusing = true;
  proxy.cut();
  for (const number of numbers(1, 3)) await broker.publish('browser/early', number);
  await until('it noticed', async () => (await seen(page)).errors > 0);
  proxy.refusing = false;
  await until('all three are there', has(page, 3));
  const {messages, gaps} = await seen(page);
  assert.deepEqual(messages, numbers(1, 3));
  assert.deepEqual(gaps, []);
  proxy.stop();
});

in_page('connections that break in mid-stream lose nothing and double nothing', async (page) => {
  const proxy = await Proxy.start(broker.port);
  await listen(page, `${proxy.url}/events?topic=browser/break&hello=1`);
  await until('it said hello', said_hello(page, 1));
  for (const number of numbers(1, 300)) {
    await broker.publish('browser/break', number);
    if (Number(number) % 100 === 50) proxy.cut();
  }
  await until('all are there', has(page, 300));
  const {messages, gaps} = await seen(page);
  assert.deepEqual(messages, numbers(1, 300));
  assert.deepEqual(gaps, []);
  proxy.stop();
});

in_page('streams that the broker cuts resume by Last-Event-ID', async (page) => {
  await listen(page, `${broker.url}/events?topic=browser/cut&hello=1`);
  for (let cut = 1; cut <= 3; cut++) {
    await until('it said hello', said_hello(page, cut));
    await broker.cut((await seen(page)).streams.at(-1).stream);
    for (const number of numbers(cut * 10 - 9, cut * 10)) await broker.publish('browser/cut', number);
  }
  await until('all are there', has(page, 30));
  const {messages, gaps, closes} = await seen(page);
  assert.deepEqual(messages, numbers(1, 30));
  assert.deepEqual(gaps, []);
  assert.deepEqual(closes.map(({reason, final}) => [reason, final]), Array(3).fill(['kicked', false]));
});

in_page('a broker that died and came back tells a gap, then goes on', async (page) => {
  const own = await Broker.start('--retry', '200ms');
  await listen(page, `${own.url}/events?topic=browser/epoch&hello=1`);
  await until('it said hello', said_hello(page, 1));
  await own.publish('browser/epoch', 'before');
  await until('it has an event', has(page, 1));
  await own.restart();
  await until('it is back', said_hello(page, 2));
  await own.publish('browser/epoch', 'after');
  await until('it has the next', has(page, 2));
  const {messages, gaps} = await seen(page);
  assert.deepEqual(messages, ['before', 'after']);
  assert.deepEqual(gaps.map((gap) => gap.reason), ['epoch']);
  await close(page);
  await own.stop();
});

in_page('a broker that is asked to end says so, and the browser comes back', async (page) => {
  const own = await Broker.start('--retry', '200ms', '--drain', '1s');
  await listen(page, `${own.url}/events?topic=browser/drain&hello=1`);
  await until('it said hello', said_hello(page, 1));
  const {code} = await own.stop('SIGTERM');
  assert.equal(code, 0);
  await until('it was told', async () => (await seen(page)).closes.length === 1);
  assert.equal((await seen(page)).closes[0].reason, 'drain');
  await own.restart();
  await until('it is back', said_hello(page, 2));
  await close(page);
  await own.stop();
});

in_page('a storm of refusals kills no EventSource, and one is let in when there is room', async (page) => {
  const own = await Broker.start('--retry', '200ms', '--streams-max', '1');
  const holder = new AbortController();
  await fetch(`${own.url}/topics/browser/held`,
    {signal: holder.signal, headers: {accept: 'text/event-stream'}});
  const names = Array.from({length: 5}, (_, i) => `storm-${i}`);
  for (const name of names) await listen(page, `${own.url}/events?topic=browser/storm&hello=1`, [], name);
  for (const name of names) {
    await until(`${name} was refused twice`, async () => {
      const now = await seen(page, name);
      return now.closes.length >= 2 || now;
    });
    const {closes, ready_state} = await seen(page, name);
    assert.deepEqual([closes[0].reason, closes[0].final], ['busy', false]);
    assert.notEqual(ready_state, 2, 'an EventSource must survive');
  }
  for (const name of names.slice(1)) await close(page, name);
  holder.abort();
  await until('one is let in', said_hello(page, 1, names[0]));
  await own.publish('browser/storm', 'welcome');
  await until('it reads', has(page, 1, names[0]));
  await close(page, names[0]);
  await own.stop();
});

in_page('a wrong request is refused for good', async (page) => {
  await listen(page, `${broker.url}/events?topic=a*b`);
  await until('it has given up', async () => (await seen(page)).ready_state === 2);
  assert.equal((await seen(page)).opens, 0);
});

test('six tabs read the same topic, each every event', async () => {
  const tabs = [];
  for (let tab = 0; tab < 6; tab++) {
    const page = await chromium.newPage();
    await page.goto(application.url);
    await listen(page, `${broker.url}/events?topic=browser/tabs&hello=1`);
    await until(`tab ${tab} said hello`, said_hello(page, 1));
    tabs.push(page);
  }
  for (const number of numbers(1, 200)) await broker.publish('browser/tabs', number);
  for (const page of tabs) {
    await until('all are there', has(page, 200));
    assert.deepEqual((await seen(page)).messages, numbers(1, 200));
  }
  for (const page of tabs) await page.close();
});
