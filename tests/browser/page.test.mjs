// page.test.mjs: the broker's own page does what it offers, and its counters count.
// FANFARE_SCREENSHOTS names a directory for pictures of it.
import assert from 'node:assert/strict';
import {mkdirSync, readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {once} from 'node:events';
import {after, before} from 'node:test';
import {fileURLToPath} from 'node:url';
import {Broker, test, until} from '../node/broker.mjs';
import {start_chromium} from './chromium.mjs';

const pictures = process.env.FANFARE_SCREENSHOTS;
let broker, chromium;
before(async () => {
  if (pictures) mkdirSync(pictures, {recursive: true});
  broker = await Broker.start('--retry', '300ms');
  chromium = await start_chromium();
});
after(async () => {
  await chromium?.close();
  await broker?.stop();
});

// A page of its own for a test; whatever it complains of, or asks of others, fails the test.
async function with_page(path, body, home = broker) {
  const page = await chromium.newPage();
  const complaints = [];
  page.on('console', (said) => { if (said.type() === 'error') complaints.push(said.text()); });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (asked) => {
    if (!asked.url().startsWith(home.url) && !asked.url().startsWith('data:')) complaints.push(asked.url());
  });
  await page.goto(home.url + path);
  try {
    await until('it is connected', async () => await text(page, '#state-text') === 'Connected'
      || [await text(page, '#state-text'), complaints]);
    await body(page, complaints);
  } finally {
    await page.close();
  }
  return complaints;
}

const text = (page, selector) => page.$eval(selector, (node) => node.textContent.trim());
const count = async (page, name) => Number(await text(page, `#count-${name}`));
const shows = (page, selector, what) => async () => {
  const all = await text(page, selector);
  return all.includes(what) || all;
};
// As a person's click, but also in a tab that is not in front.
const press = (page, selector) => page.$eval(selector, (button) => button.click());
async function fill(page, selector, value) {
  await page.$eval(selector, (field, text_of_it) => { field.value = text_of_it; }, value);
}

async function publish_figures(step) {
  await broker.publish('host/load', JSON.stringify({load1: 0.4 + step / 20, load5: 0.5, load15: 0.6, running: 1}));
  await broker.publish('host/cpu', JSON.stringify({busy_percent: 20 + 5 * step, cores: 2}));
  await broker.publish('host/memory', JSON.stringify({used_bytes: 3.2e9, total_bytes: 8e9, used_percent: 40}));
  await broker.publish('host/net',
    JSON.stringify({received_bytes_per_s: 900 * step, sent_bytes_per_s: 2000 * step}));
}

test('the machine\'s figures appear as they arrive', async () => {
  const complaints = await with_page('/', async (page) => {
    for (let step = 1; step <= 10; step++) await publish_figures(step);
    await until('the last is shown', shows(page, '#host-cards', '70.0%'));
    const cards = await page.$$eval('.card', (all) => all.map((card) => card.dataset.topic));
    assert.deepEqual(cards, ['host/load', 'host/cpu', 'host/memory', 'host/net']);
    const line = await page.$eval('.card .line', (path) => path.getAttribute('d'));
    assert.ok(line.split('L').length >= 10, line);
    await broker.publish('host/disk', '{"busy_percent":3}');
    await until('a figure nobody foresaw has a card', shows(page, '#host-cards', 'disk'));
  });
  assert.deepEqual(complaints, []);
});

test('what a person publishes is answered with its id and comes back', async () => {
  const complaints = await with_page('/', async (page) => {
    await fill(page, '#publish-form [name=data]', 'from the page');
    await fill(page, '#publish-form [name=type]', 'greeting');
    await press(page, '#publish-form button');
    await until('it is accepted', shows(page, '#publish-answer', 'Accepted as'));
    assert.match(await text(page, '#publish-answer'), /[0-9a-f]{8,16}-\d+/);
    await until('it came back', shows(page, '#demo-feed', 'from the page'));
    assert.match(await text(page, '#demo-feed'), /greeting/);
  });
  assert.deepEqual(complaints, []);
});

test('a wrong topic is told with the broker\'s own words', async () => {
  await with_page('/', async (page) => {
    await fill(page, '#publish-form [name=topic]', 'demo/*');
    await press(page, '#publish-form button');
    await until('it is refused', async () =>
      await page.$eval('#publish-answer', (node) => 'failed' in node.dataset && node.textContent.length > 10));
  });
});

test('two tabs chat, and markup stays text', async () => {
  await with_page('/', (one) => with_page('/', async (two) => {
    await fill(one, '#chat-form [name=name]', 'Ada');
    await fill(one, '#chat-form [name=text]', 'hello <b>tab</b>');
    await press(one, '#chat-form button');
    await until('the other has it', shows(two, '#chat-log', 'hello <b>tab</b>'));
    await broker.publish('chat/lobby', 'plain words from a terminal');
    await until('plain text is shown too', shows(one, '#chat-log', 'plain words from a terminal'));
  }));
});

test('a message to one stream reaches that tab alone', async () => {
  await with_page('/', (one) => with_page('/', async (two) => {
    await fill(two, '#send-form [name=id]', await text(one, '#own-stream'));
    await fill(two, '#send-form [name=text]', 'for you alone');
    await press(two, '#send-form button');
    await until('it is sent', shows(two, '#send-answer', 'Sent'));
    await until('it is there', shows(one, '#own-feed', 'for you alone'));
    assert.ok(!(await text(two, '#own-feed')).includes('for you alone'));
    await fill(two, '#send-form [name=id]', '0'.repeat(32));
    await press(two, '#send-form button');
    await until('nobody there is told', async () =>
      await two.$eval('#send-answer', (node) => 'failed' in node.dataset));
  }));
});

async function cut_and_return(page, times) {
  await press(page, '#cut');
  await until('the cut is counted', async () => await count(page, 'cuts') === times || await text(page, '#cut-note'));
  await until('it is back', async () => await text(page, '#state-text') === 'Connected'
    && await page.$eval('#cut', (button) => !button.disabled) || await text(page, '#cut-note'));
}

async function nothing_under_way(page) {
  await until('all published have arrived', async () => {
    const [published, arrived] = [await count(page, 'published'), await count(page, 'arrived')];
    return published === arrived || {published, arrived};
  });
}

test('cut connections lose nothing, double nothing, and need no gap', async () => {
  const complaints = await with_page('/', async (page) => {
    await page.$eval('#check', (panel) => panel.scrollIntoView({behavior: 'instant'}));
    await until('numbers flow', async () => await count(page, 'arrived') >= 3);
    const ids = new Set([await text(page, '#own-stream')]);
    for (let times = 1; times <= 4; times++) {
      await cut_and_return(page, times);
      const arrived = await count(page, 'arrived');
      await until('numbers flow again', async () => await count(page, 'arrived') > arrived + 1);
      ids.add(await text(page, '#own-stream'));
    }
    await nothing_under_way(page);
    assert.equal(ids.size, 5, 'every reconnect has an id of its own');
    for (const name of ['lost', 'twice', 'gaps', 'late']) assert.equal(await count(page, name), 0, name);
  });
  assert.deepEqual(complaints, []);
});

test('the counters are counted: a number that comes twice shows', async () => {
  await with_page('/', async (page) => {
    await page.$eval('#check', (panel) => panel.scrollIntoView({behavior: 'instant'}));
    await until('numbers flow', async () => await count(page, 'arrived') >= 2);
    await broker.publish(await text(page, '[data-fill="check-topic"]'), '1');
    await until('twice is 1', async () => await count(page, 'twice') === 1);
  });
});

test('a broker that died and came back shows as a gap told, not as a loss in silence', async () => {
  const own = await Broker.start('--retry', '300ms');
  await with_page('/', async (page) => {
    await page.$eval('#check', (panel) => panel.scrollIntoView({behavior: 'instant'}));
    await until('numbers flow', async () => await count(page, 'arrived') >= 3);
    await own.restart();
    await until('a gap was told', async () => await count(page, 'gaps') >= 1 || await text(page, '#state-text'));
    const arrived = await count(page, 'arrived');
    await until('numbers flow again', async () => await count(page, 'arrived') > arrived + 2);
    assert.equal(await count(page, 'lost'), 0);
  }, own);
  await own.stop();
});

test('seven tabs of the page leave room to publish, and one that rested comes back', async () => {
  const tabs = [];
  for (let tab = 0; tab < 7; tab++) {
    const page = await chromium.newPage();
    await page.goto(broker.url);
    await until(`tab ${tab} is connected`, async () => await text(page, '#state-text') === 'Connected');
    tabs.push(page);
  }
  await press(tabs[6], '#publish-form button');
  await until('the last can publish', shows(tabs[6], '#publish-answer', 'Accepted as'));
  await fill(tabs[6], '#chat-form [name=text]', 'said to all seven');
  await press(tabs[6], '#chat-form button');
  for (const page of tabs) {
    await page.bringToFront();
    await until('it has what was said', shows(page, '#chat-log', 'said to all seven'));
  }
  for (const page of tabs) await page.close();
});

test('the live page of a topic shows what is kept and what comes', async () => {
  await broker.publish('demo/live', 'kept');
  const complaints = await with_page('/topics/demo/live', async (page) => {
    await until('what is kept is shown', shows(page, '#events', 'kept'));
    await fill(page, '#publish-form [name=data]', 'and this is new');
    await press(page, '#publish-form button');
    await until('what comes is shown', shows(page, '#events', 'and this is new'));
    assert.equal(await text(page, '#topic'), 'demo/live');
  });
  assert.deepEqual(complaints, []);
  await with_page('/topics/demo/**', async (page) => {
    await until('a pattern works too', shows(page, '#events', 'and this is new'));
  });
});

test('the README\'s browser example publishes and reads', async () => {
  const body = readFileSync(fileURLToPath(new URL('../../examples/browser.html', import.meta.url)));
  const server = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const page = await chromium.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/?fanfare=${encodeURIComponent(broker.url)}`);
  await until('its price is shown', async () => {
    await press(page, '#publish');
    return (await text(page, '#prices')).startsWith('ACME');
  });
  await page.close();
  server.closeAllConnections();
  server.close();
});

test('every field and button has a name', async () => {
  await with_page('/', async (page) => {
    const nameless = await page.$$eval('input, textarea, button, a', (all) => all
      .filter((node) => !node.labels?.length && !node.textContent.trim() && !node.ariaLabel)
      .map((node) => node.outerHTML));
    assert.deepEqual(nameless, []);
  });
});

for (const [name, width, scheme] of [['light', 1280, 'light'], ['dark', 1280, 'dark'], ['phone', 390, 'dark']]) {
  test(`the page fits and is pictured: ${name}`, async () => {
    await with_page('/', async (page) => {
      await page.setViewport({width, height: 900});
      await page.emulateMediaFeatures([{name: 'prefers-color-scheme', value: scheme}]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} px too wide`);
      if (pictures) await page.screenshot({path: `${pictures}/page-${name}.png`, fullPage: true});
    });
  });
}
