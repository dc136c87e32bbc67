// requests.js: what the page sends to the broker, and how a refusal reads.

const patience_ms = 8000;

// The answer of a request, or an Error whose message names what is wrong.
export async function send(method, path, body, headers = {}) {
  let response;
  try {
    const signal = AbortSignal.timeout(patience_ms);
    response = await fetch(path, {method, body, headers, signal, cache: 'no-store'});
  } catch (error) {
    throw new Error(error.name === 'TimeoutError'
      ? 'No answer. A browser holds six connections to one host: close a few tabs of this broker.'
      : 'The broker cannot be reached.');
  }
  const text = await response.text();
  let answer = {};
  try { answer = JSON.parse(text); } catch { /* an empty body is an answer too */ }
  if (response.ok) return {status: response.status, ...answer};
  throw new Error(answer.detail ?? answer.title ?? `${response.status} ${response.statusText}`);
}

// The path of a topic. A topic that a path cannot carry (an empty segment) goes by POST /events.
export function topic_path(topic) {
  return `/topics/${topic.split('/').map(encodeURIComponent).join('/')}`;
}

export function publish(topic, data, type = '') {
  if (topic.split('/').includes('')) return publish_json(topic, data, type || undefined);
  const query = type ? `?event=${encodeURIComponent(type)}` : '';
  return send('POST', topic_path(topic) + query, data);
}

export function publish_json(topic, data, type) {
  const event = JSON.stringify({topic, data, event: type});
  return send('POST', '/events', event, {'Content-Type': 'application/json'});
}
