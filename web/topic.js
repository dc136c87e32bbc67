// topic.js: the live page of one topic or pattern: what is kept of it, then what comes.
import {Stream} from './stream.js';
import {publish} from './requests.js';
import {append_line, as_text, by_id, clock, element, enable_copy_buttons, on_submit, set_text, show_state} from './dom.js';

const path = location.pathname.slice('/topics/'.length);
const topic = decodeURIComponent(path);
const is_pattern = topic.split('/').some((segment) => segment === '*' || segment === '**');

document.title = `${topic} · Fanfare`;
set_text(by_id('topic'), topic);
set_text(by_id('kind'), is_pattern ? 'Every topic that matches' : 'Topic');
set_text(by_id('cmd'), `curl -N '${location.origin}/topics/${path.replaceAll("'", '%27')}'`);
by_id('publish-form').hidden = is_pattern;
enable_copy_buttons();

const stream = new Stream([topic], {last: '50'});
show_state(stream);

let count = 0;
let gaps = 0;
let recent = [];

function show_rate() {
  recent = recent.filter((time) => time > performance.now() - 1000);
  set_text(by_id('rate'), recent.length);
}
setInterval(show_rate, 250);

function notice(text) {
  by_id('notice').hidden = text === '';
  set_text(by_id('notice'), text);
}

stream.addEventListener('event', ({detail: event}) => {
  recent.push(performance.now());
  set_text(by_id('count'), ++count);
  set_text(by_id('position'), stream.position);
  append_line(by_id('events'), element('li', {},
    element('span', {class: 'meta'}, element('code', {}, is_pattern ? event.topic : event.id),
      event.type && element('span', {class: 'tag'}, event.type), element('time', {}, clock())),
    element('span', {class: 'data'}, as_text(event.data))), 500);
});
stream.addEventListener('hello', () => {
  notice('');
  set_text(by_id('position'), stream.position);
});
stream.addEventListener('gap', ({detail: gap}) => {
  set_text(by_id('gaps'), ++gaps);
  notice(`Some events are no longer kept (${gap.reason}). What follows is complete.`);
});
stream.addEventListener('close', ({detail: close}) => {
  notice(close.final ? `This stream has ended (${close.reason}).`
    : `The broker closed the stream (${close.reason}); the browser reconnects.`);
});

on_submit(by_id('publish-form'), async (form) => {
  const answer = await publish(topic, form.get('data'), form.get('type').trim());
  return `Accepted as ${answer.id}`;
});
