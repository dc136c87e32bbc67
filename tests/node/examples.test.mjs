// examples.test.mjs: every example of the README does what it says.
import assert from 'node:assert/strict';
import {execFile, spawn} from 'node:child_process';
import {copyFileSync, mkdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {after, before} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {Broker, environment, test, until} from './broker.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const examples = join(here, '../../examples');
const run = promisify(execFile);

let broker, env;
before(async () => {
  broker = await Broker.start();
  env = {...environment, FANFARE_URL: broker.url, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1'};
});
after(() => broker?.stop());

// A reader that runs until it is ended; `out` grows with what it prints.
function start(command, ...args) {
  const child = spawn(command, args, {env, stdio: ['ignore', 'pipe', 'pipe']});
  const reader = {child, out: '', stop: () => child.kill()};
  child.stdout.on('data', (text) => { reader.out += text; });
  child.stderr.on('data', (text) => { reader.out += text; });
  return reader;
}

// Publishes until a reader has something: then its stream is open.
async function await_open(reader, topic) {
  await until('the reader is open', async () => {
    await broker.publish(topic, '{"symbol":"FIRST","value":0}', 'price');
    return reader.out.includes('FIRST') || reader.out;
  });
}

async function node_subscriber(topic) {
  // Beside node_modules, so that its import finds the package that this suite has installed.
  const folder = join(here, 'node_modules/.examples');
  mkdirSync(folder, {recursive: true});
  copyFileSync(join(examples, 'node_subscriber.mjs'), join(folder, 'node_subscriber.mjs'));
  return start(process.execPath, join(folder, 'node_subscriber.mjs'), topic);
}

const readers = {
  'shell': (topic) => start('sh', join(examples, 'subscribe.sh'), topic),
  'Python': (topic) => start('python3', join(examples, 'subscriber.py'), topic),
  'Node': node_subscriber,
};
const publishers = {
  'shell': (topic) => run('sh', [join(examples, 'publish.sh'), topic], {env}),
  'Python': (topic) => run('python3', [join(examples, 'publisher.py'), topic], {env}),
  'Node': (topic) => run(process.execPath, [join(examples, 'node_publisher.mjs'), topic], {env}),
};

for (const [reading, read] of Object.entries(readers)) {
  for (const [publishing, publish] of Object.entries(publishers)) {
    test(`what ${publishing} publishes, ${reading} reads`, async () => {
      const topic = `prices/${reading}-${publishing}`;
      const reader = await read(topic);
      await await_open(reader, topic);
      const {stdout} = await publish(topic);
      assert.match(stdout, /[0-9a-f]{8,16}-\d+/);
      await until('its events are there', () => /17\.5/.test(reader.out) && /\b19\b/.test(reader.out) || reader.out);
      reader.stop();
    });
  }
}

test('an answer goes back to the stream that asked', async () => {
  const worker = start('python3', join(examples, 'reply_to_stream.py'), 'worker');
  await until('the worker listens', () => worker.out.includes('answering') || worker.out);
  const {stdout} = await run('python3', [join(examples, 'reply_to_stream.py'), 'ask', 'six by seven'],
    {env, timeout: 15000});
  assert.equal(stdout.trim(), 'SIX BY SEVEN');
  worker.stop();
});

test('a refusal is told with what to change', async () => {
  await assert.rejects(run('python3', [join(examples, 'publisher.py'), 'prices/*'], {env}),
    (error) => /400: .+/.test(error.stderr));
});

test('the machine\'s figures are JSON, one topic each, and end with their parent', async () => {
  const reader = start('sh', '-c', `sh ${join(examples, 'host_figures.sh')} --print & wait`);
  const topics = ['host/load', 'host/cpu', 'host/memory', 'host/net'];
  const events = () => reader.out.split('\n').slice(0, -1).map((line) => JSON.parse(line));
  await until('each figure is there', () =>
    topics.every((topic) => events().some((event) => event.topic === topic)) || reader.out);
  for (const {data} of events()) {
    for (const value of Object.values(data)) assert.ok(Number.isFinite(value) && value >= 0);
  }
  const closed = new Promise((done) => reader.child.stdout.on('close', done));
  reader.child.kill('SIGKILL');
  await closed;  // the last holder of its output has gone
});

test('the machine\'s figures reach the broker by fanfare pub', async () => {
  const reader = start('curl', '-sN', `${broker.url}/topics/host/**`);
  const figures = spawn('sh', [join(examples, 'host_figures.sh')],
    {env: {...env, FANFARE: process.env.FANFARE_BINARY}, stdio: 'ignore'});
  await until('all four are there', () =>
    ['load1', 'busy_percent', 'used_bytes', 'sent_bytes_per_s']
      .every((word) => reader.out.includes(word)) || reader.out);
  figures.kill();
  reader.stop();
});
