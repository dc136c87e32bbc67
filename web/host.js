// host.js: a card for each figure that arrives on host/**.
import {as_text, element, set_text} from './dom.js';
import {Sparkline, spark_frame} from './charts.js';

const number = new Intl.NumberFormat('en', {maximumFractionDigits: 1, minimumFractionDigits: 1});

function bytes(count) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; count >= 1000 && unit < units.length - 1; unit++) count /= 1000;
  return [unit === 0 ? String(Math.round(count)) : number.format(count), units[unit]];
}

const with_unit = (count) => bytes(count).join(' ');

// How the figures that ./run publishes are read. `values` feed the sparkline; `top` is the least
// that the top of its scale stands for.
const known = {
  'host/load': {
    title: 'Load', top: 1,
    values: (f) => [f.load1],
    big: (f) => [f.load1.toFixed(2), ''],
    note: (f) => `${f.load5} over 5 min, ${f.load15} over 15`,
  },
  'host/cpu': {
    title: 'Processor', top: 100,
    values: (f) => [f.busy_percent],
    big: (f) => [number.format(f.busy_percent), '%'],
    note: (f) => `busy, of ${f.cores} core${f.cores === 1 ? '' : 's'}`,
  },
  'host/memory': {
    title: 'Memory', top: 100,
    values: (f) => [f.used_percent],
    big: (f) => bytes(f.used_bytes),
    note: (f) => `of ${with_unit(f.total_bytes)} in use`,
  },
  'host/net': {
    title: 'Network', top: 1000, rows: 2,
    values: (f) => [f.sent_bytes_per_s, f.received_bytes_per_s],
    big: (f) => bytes(f.sent_bytes_per_s),
    unit: '/s out',
    note: (f) => `${with_unit(f.received_bytes_per_s)}/s in`,
  },
};

// Any other topic there: its first number is drawn, all of it is told.
function guess(topic, figures) {
  const name = typeof figures === 'object' && figures !== null
    ? Object.keys(figures).find((key) => typeof figures[key] === 'number') : undefined;
  const value = (f) => Number(name === undefined ? f : f[name]) || 0;
  return {
    title: topic.slice('host/'.length), top: 1,
    values: (f) => [value(f)],
    big: (f) => [number.format(value(f)), name?.replaceAll('_', ' ') ?? ''],
    note: (f) => as_text(f).slice(0, 60),
  };
}

const order = Object.keys(known);
const cards_most = 12;

export class HostCards {
  #cards = new Map();

  constructor(root, hint) {
    this.root = root;
    this.hint = hint;
    setTimeout(() => { hint.hidden = this.#cards.size > 0; }, 4000);
  }

  show(topic, data) {
    const figures = typeof data === 'string' ? this.#parsed(data) : data;
    let card = this.#cards.get(topic);
    if (!card) {
      if (this.#cards.size >= cards_most) return;
      card = this.#add(topic, known[topic] ?? guess(topic, figures));
    }
    try {
      const [value, unit] = card.view.big(figures);
      card.spark.push(...card.view.values(figures));
      set_text(card.value, value);
      set_text(card.unit, unit + (card.view.unit ?? ''));
      set_text(card.note, card.view.note(figures));
    } catch {
      set_text(card.note, as_text(data).slice(0, 60));  // somebody else's event on this topic
    }
  }

  #parsed(text) {
    try { return JSON.parse(text); } catch { return text; }
  }

  #add(topic, view) {
    const card = {
      view,
      spark: new Sparkline({rows: view.rows ?? 1, floor: view.top}),
      value: element('span', {class: 'value'}, '–'),
      unit: element('span', {class: 'unit'}),
      note: element('p', {class: 'note'}),
    };
    card.node = element('article', {class: 'card', 'data-topic': topic},
      element('header', {}, element('h3', {}, view.title), element('code', {}, topic)),
      element('p', {class: 'big'}, card.value, card.unit), card.note, spark_frame(card.spark));
    const rank = (name) => { const at = order.indexOf(name); return at < 0 ? order.length : at; };
    const after = [...this.#cards].find(([name]) => rank(name) > rank(topic));
    this.root.insertBefore(card.node, after?.[1].node ?? null);
    this.#cards.set(topic, card);
    this.hint.hidden = true;
    return card;
  }
}
