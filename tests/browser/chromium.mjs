// chromium.mjs: Debian's Chromium for a test file, and pages whose EventSources note what they see.
import {once} from 'node:events';
import {createServer} from 'node:http';
import puppeteer from 'puppeteer-core';

export async function start_chromium() {
  return puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
}

// An empty page of another origin than the broker's, as an application's would be: CORS applies.
export async function start_application() {
  const server = createServer((_, response) => {
    response.writeHead(200, {'Content-Type': 'text/html'});
    response.end('<!doctype html><title>application</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    stop() { server.closeAllConnections(); server.close(); },
  };
}

// Opens an EventSource in the page; window.seen[name] says what became of it.
export function listen(page, url, types = [], name = 'main') {
  return page.evaluate((address, typed, key) => {
    const source = new EventSource(address);
    const seen = {opens: 0, errors: 0, messages: [], gaps: [], closes: [], streams: [], id: ''};
    window.seen = {...window.seen, [key]: seen};
    window.sources = {...window.sources, [key]: source};
    source.onopen = () => { seen.opens++; };
    source.onerror = () => { seen.errors++; };
    source.onmessage = (message) => { seen.messages.push(message.data); seen.id = message.lastEventId; };
    for (const type of typed) {
      source.addEventListener(type, (message) => seen.messages.push(`${type}:${message.data}`));
    }
    const control = (type, list) =>
      source.addEventListener(type, (message) => list.push(JSON.parse(message.data)));
    control('fanfare.gap', seen.gaps);
    control('fanfare.close', seen.closes);
    control('fanfare.hello', seen.streams);
  }, url, types, name);
}

export const seen = (page, name = 'main') => page.evaluate((key) =>
  ({...window.seen[key], ready_state: window.sources[key].readyState}), name);

export const close = (page, name = 'main') => page.evaluate((key) => window.sources[key].close(), name);
