// node_publisher.mjs: publishes JSON events from Node; nothing to install.
//
//   node node_publisher.mjs [topic]
const fanfare = process.env.FANFARE_URL ?? 'http://localhost:8080';
const topic = process.argv[2] ?? 'prices/acme';

async function publish(events) {
  const response = await fetch(`${fanfare}/events`, {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(events),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${response.status}: ${answer.detail}`);
  return answer;
}

// One event; then three at once, all or nothing.
const one = await publish({topic, event: 'price', data: {symbol: 'ACME', value: 17.5}});
console.log('published', one.id);

const values = [18, 19, 20];
const three = await publish(values.map((value) => ({topic, event: 'price', data: {symbol: 'ACME', value}})));
console.log(`published ${three.count}, the last is ${three.last}`);
