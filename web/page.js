// page.js: the broker's page: one stream, and the panels that it feeds.
import {DeliveryCheck} from './check.js';
import {Timeline} from './charts.js';
import {HostCards} from './host.js';
import {Stream} from './stream.js';
import {publish, publish_json, send, topic_path} from './requests.js';
import {
  append_line, as_text, by_id, clock, element, enable_copy_buttons, on_submit, set_text, show_state,
} from './dom.js';

const check_interval_ms = 200;
const random_name = () => [...crypto.getRandomValues(new Uint8Array(6))]
  .map((byte) => byte.toString(16).padStart(2, '0')).join('');

const check_topic = `check/${random_name()}`;
const stream = new Stream(['host/**', 'chat/lobby', 'demo/**', check_topic], {last: '60'});

function fill(name, text) {
  for (const node of document.querySelectorAll(`[data-fill="${name}"]`)) set_text(node, text);
}

// --- The machine's own figures, and other topics, as they arrive.

const cards = new HostCards(by_id('host-cards'), by_id('host-hint'));

function event_line(event) {
  return element('li', {},
    element('span', {class: 'meta'}, element('code', {}, event.topic),
      event.type && element('span', {class: 'tag'}, event.type), element('time', {}, clock())),
    element('span', {class: 'data'}, as_text(event.data)));
}

stream.addEventListener('event', ({detail: event}) => {
  if (event.topic.startsWith('host/')) cards.show(event.topic, event.data);
  if (event.topic.startsWith('demo/')) append_line(by_id('demo-feed'), event_line(event));
  if (event.topic === 'chat/lobby') show_chat(event.data);
  if (event.topic === check_topic) check_arrived(Number(event.data));
  set_text(by_id('position'), stream.position);
});

// --- The cut test: numbers out, numbers in, and what is between.

const check = new DeliveryCheck();
const timeline = new Timeline(by_id('timeline'));
let check_in_view = false;
let left_at = 0;

function show_check() {
  const counts = {
    lost: check.lost, twice: check.twice, gaps: check.gaps, published: check.published,
    arrived: check.arrived, waiting: check.waiting, late: check.late, cuts: check.cuts,
  };
  for (const [name, count] of Object.entries(counts)) set_text(by_id(`count-${name}`), count);
  for (const name of ['lost', 'twice', 'gaps']) {
    document.querySelector(`[data-verdict="${name}"]`).classList.toggle('wrong', counts[name] > 0);
  }
}

function check_arrived(number) {
  check.arrive(number);
  timeline.arrived();
  show_check();
}

async function publish_numbers() {
  for (;;) {
    const due = performance.now() + check_interval_ms;
    if (check_in_view && document.visibilityState === 'visible' && stream.position) {
      const number = check.next();
      timeline.published();
      try {
        await send('POST', topic_path(check_topic), String(number));
        check.answered(number);
      } catch { /* no answer, no promise: this number may be missing */ }
      show_check();
    }
    await new Promise((done) => setTimeout(done, Math.max(20, due - performance.now())));
  }
}

new IntersectionObserver(([entry]) => { check_in_view = entry.isIntersecting; })
  .observe(by_id('check'));
publish_numbers();

by_id('cut').addEventListener('click', async () => {
  const id = stream.id;
  by_id('cut').disabled = true;
  set_text(by_id('cut-note'), 'Cutting…');
  try {
    await send('DELETE', `/streams/${id}`);
    check.cuts++;
  } catch (error) {
    set_text(by_id('cut-note'), error.message);
    by_id('cut').disabled = stream.id === '';
  }
  show_check();
});

stream.addEventListener('gap', () => { check.gap(); show_check(); });

stream.addEventListener('close', ({detail: close}) => {
  set_text(by_id('cut-note'), `The broker closed the stream (${close.reason}). Reconnecting…`);
});

stream.addEventListener('state', ({detail: {state}}) => {
  by_id('cut').disabled = state !== 'open';
  if (state !== 'open') {
    left_at ||= performance.now();
    timeline.left();
    set_text(by_id('own-stream'), '–');
    return;
  }
  timeline.back();
  const away_ms = left_at ? Math.round(performance.now() - left_at) : 0;
  left_at = 0;
  if (away_ms) set_text(by_id('away'), away_ms < 1000 ? `${away_ms} ms` : `${(away_ms / 1000).toFixed(1)} s`);
  set_text(by_id('cut-note'), away_ms ? 'Back, and caught up. Press it again.' : 'Press it as often as you like.');
});

// --- Publish, chat, one stream alone.

on_submit(by_id('publish-form'), async (form) => {
  const before = performance.now();
  const answer = await publish(form.get('topic').trim(), form.get('data'), form.get('type').trim());
  return `Accepted as ${answer.id} in ${(performance.now() - before).toFixed(1)} ms`;
});

by_id('publish-form').elements.topic.addEventListener('input', (event) => {
  const topic = event.target.value.trim();
  by_id('topic-page').href = topic_path(topic);
  by_id('topic-page').hidden = topic === '' || topic.split('/').includes('');
});

const chat_form = by_id('chat-form').elements;
chat_form.name.value = localStorage.getItem('fanfare-name') ?? `guest-${random_name().slice(0, 3)}`;

function show_chat(data) {
  const said = data?.text === undefined ? {name: 'terminal', text: as_text(data)} : data;
  const own = said.name === chat_form.name.value;
  append_line(by_id('chat-log'), element('li', own ? {class: 'own'} : {},
    element('span', {class: 'who'}, String(said.name)), element('span', {class: 'said'}, String(said.text))));
}

on_submit(by_id('chat-form'), async (form) => {
  const name = form.get('name').trim();
  localStorage.setItem('fanfare-name', name);
  await publish_json('chat/lobby', {name, text: form.get('text')}, 'chat');
  chat_form.text.value = '';
  chat_form.text.focus();
});

stream.addEventListener('hello', ({detail}) => {
  set_text(by_id('own-stream'), detail.stream);
  fill('own-stream', detail.stream);
  set_text(by_id('position'), stream.position);
});

stream.addEventListener('message', ({detail: message}) => {
  append_line(by_id('own-feed'), element('li', {},
    element('span', {class: 'meta'}, message.type && element('span', {class: 'tag'}, message.type),
      element('time', {}, clock())),
    element('span', {class: 'data'}, as_text(message.data))));
});

on_submit(by_id('send-form'), async (form) => {
  await send('POST', `/streams/${encodeURIComponent(form.get('id').trim())}?event=note`, form.get('text'));
  return 'Sent to that stream, and to nobody else.';
});

fill('host', location.host);
fill('origin', location.origin);
fill('check-topic', check_topic);
enable_copy_buttons();
show_state(stream);
