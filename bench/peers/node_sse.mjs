// bench/peers/node_sse.mjs: what many people write first: a Server-Sent Events server in Node,
// without a framework.
//
//   GET  /events/{topic}   a stream        POST /events/{topic}   an event
//   GET  /stream/{topic}   the origin that Pushpin wants: says which channel a stream is held for
//
// node node_sse.mjs PORT; prints `ready URL`. PORT 0: the system's choice.
import http from 'node:http';

const topics = new Map();
let number = 0;

function streamsOf(topic) {
  let streams = topics.get(topic);
  if (!streams) topics.set(topic, (streams = new Set()));
  return streams;
}

function open(topic, request, response) {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
  });
  response.flushHeaders();
  const streams = streamsOf(topic);
  streams.add(response);
  request.on('close', () => streams.delete(response));
}

function publish(topic, request, response) {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const data = Buffer.concat(parts).toString();
    const text = `id: ${++number}\ndata: ${data.replaceAll('\n', '\ndata: ')}\n\n`;
    for (const stream of streamsOf(topic)) stream.write(text);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(`{"id":"${number}"}`);
  });
}

function hold(topic, response) {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Grip-Hold': 'stream',
    'Grip-Channel': topic,
  });
  response.end();
}

const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const [, kind, topic] = request.url.split('/');
  if (kind === 'events' && request.method === 'POST') return publish(topic, request, response);
  if (kind === 'events') return open(topic, request, response);
  if (kind === 'stream') return hold(topic, response);
  response.writeHead(404);
  response.end();
});
server.maxConnections = 0;
server.requestTimeout = 0;
server.listen({ host: '127.0.0.1', port: Number(process.argv[2] ?? 0), backlog: 4096 }, () => {
  console.log(`ready http://127.0.0.1:${server.address().port}`);
});
