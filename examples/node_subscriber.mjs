// node_subscriber.mjs: JSON events in Node, with the npm package `eventsource`.
//
//   npm install eventsource && node node_subscriber.mjs [topic ...]
import {EventSource} from 'eventsource';

const fanfare = process.env.FANFARE_URL ?? 'http://localhost:8080';
const topics = process.argv.length > 2 ? process.argv.slice(2) : ['prices/**'];
const query = new URLSearchParams(topics.map((topic) => ['topic', topic]));

// envelope=1: one handler sees topic, type, id and data of every event.
// hello=1: the first event carries the position, so that a cut before the first event loses nothing.
const source = new EventSource(`${fanfare}/events?${query}&envelope=1&hello=1`);

source.addEventListener('fanfare.hello', () => console.error(`reading ${topics.join(', ')}`));
source.addEventListener('message', (message) => {
  const event = JSON.parse(message.data);
  console.log(event.topic, event.event ?? '-', JSON.stringify(event.data));
});
source.addEventListener('fanfare.gap', (message) => console.error('missed for good:', message.data));
source.addEventListener('error', (error) => {
  if (source.readyState === EventSource.CLOSED) {
    console.error(`refused: ${error.code ?? ''} ${error.message ?? ''}`);
    process.exitCode = 1;
  }
});
