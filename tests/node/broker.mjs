// broker.mjs: a broker of one's own for a test: started on ports of the kernel's choice, always ended.
//
// FANFARE_BINARY names the broker; FANFARE_ENGINE (auto, io_uring, epoll) what it runs on.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createConnection, createServer} from 'node:net';
import {createInterface} from 'node:readline';
import {test as node_test} from 'node:test';

const start_timeout_ms = 15000;
const test_timeout_ms = 40000;

// The broker takes FANFARE_... as settings and refuses names that are none: ours are not for it.
export const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('FANFARE_')));

// Whatever becomes of a test, no broker outlives it.
const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });
process.on('SIGTERM', () => process.exit(1));

export const test = (name, body) => node_test(name, {timeout: test_timeout_ms}, body);

export class Broker {
  // `flags` are added to `fanfare serve`; `port` is kept over restart().
  static async start(...flags) {
    const broker = new Broker();
    broker.flags = flags;
    broker.port = 0;
    await broker.#spawn();
    return broker;
  }

  async #spawn() {
    const binary = process.env.FANFARE_BINARY;
    if (!binary) throw new Error('FANFARE_BINARY must name the broker, such as build/dev/fanfare');
    const engine = process.env.FANFARE_ENGINE ? ['--engine', process.env.FANFARE_ENGINE] : [];
    const child = spawn(binary, ['serve', '--listen', `127.0.0.1:${this.port}`,
      '--internal', '127.0.0.1:0', ...engine, ...this.flags],
    {stdio: ['ignore', 'pipe', 'pipe'], env: environment});
    this.child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    this.log = '';
    this.ended = new Promise((done) => child.once('exit', (code, signal) => done({code, signal})));
    child.stderr.on('data', (text) => { this.log = (this.log + text).slice(-4000); });
    const line = await Promise.race([
      new Promise((done) => createInterface(child.stdout).on('line', (said) => {
        if (said.startsWith('ready ')) done(said);
      })),
      this.ended.then(({code}) => { throw new Error(`the broker ended with ${code}:\n${this.log}`); }),
      new Promise((_, fail) => setTimeout(fail, start_timeout_ms,
        new Error('the broker said no ready line')).unref()),
    ]);
    this.url = line.split(' ').find((word) => word.startsWith('http://'));
    this.internal = line.match(/internal=(\S+)/)?.[1];
    this.port = Number(new URL(this.url).port);
  }

  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.ended;
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10000);
    const how = await this.ended;
    clearTimeout(timer);
    return how;
  }

  // Dies without a word and comes back at the same address, with nothing of its history.
  async restart() {
    await this.stop('SIGKILL');
    await this.#spawn();
  }

  async publish(topic, data, type = '') {
    const response = await fetch(`${this.url}/topics/${topic}${type && `?event=${type}`}`,
      {method: 'POST', body: data});
    const answer = await response.json();
    if (!response.ok) throw new Error(`publish: ${response.status} ${answer.detail}`);
    return answer.id;
  }

  async cut(stream) {
    const response = await fetch(`${this.url}/streams/${stream}`, {method: 'DELETE'});
    if (!response.ok) throw new Error(`cut: ${response.status} ${await response.text()}`);
  }
}

// Stands between a client and the broker, to cut connections without the broker's knowing why.
export class Proxy {
  #connections = new Set();
  #server;
  refusing = false;

  static async start(target_port) {
    const proxy = new Proxy();
    proxy.#server = createServer((client) => {
      if (proxy.refusing) return client.resetAndDestroy();
      const upstream = createConnection(target_port, '127.0.0.1');
      proxy.#connections.add(client);
      client.pipe(upstream).pipe(client);
      const end = () => { client.destroy(); upstream.destroy(); proxy.#connections.delete(client); };
      for (const side of [client, upstream]) side.on('error', end).on('close', end);
    });
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    proxy.url = `http://127.0.0.1:${proxy.#server.address().port}`;
    return proxy;
  }

  cut() {
    for (const connection of this.#connections) connection.resetAndDestroy();
  }

  stop() {
    this.cut();
    this.#server.close();
  }
}

// Waits for a condition rather than for a time; its failure says what was seen last.
export async function until(what, condition, timeout_ms = 15000) {
  const end = Date.now() + timeout_ms;
  for (let last; ; ) {
    last = await condition();
    if (last === true) return;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}; saw ${JSON.stringify(last)}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

export const numbers = (from, to) => Array.from({length: to - from + 1}, (_, i) => String(from + i));
