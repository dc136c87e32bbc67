// charts.js: a sparkline and the timeline of the cut test.
import {element} from './dom.js';

const svg_namespace = 'http://www.w3.org/2000/svg';
const width = 120, height = 36, pad = 3;

function svg(name, attributes) {
  const made = document.createElementNS(svg_namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// The last `points_most` values of one or two figures on a common scale from zero.
export class Sparkline {
  #rows; #lines; #areas; #heads; #points_most; #floor;

  // `floor`: the least value that the top of the scale stands for.
  constructor({rows = 1, points_most = 60, floor = 1} = {}) {
    this.#points_most = points_most;
    this.#floor = floor;
    this.#rows = Array.from({length: rows}, () => []);
    this.node = svg('svg', {
      viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', class: 'spark', 'aria-hidden': 'true',
    });
    const paths = (name) => this.#rows.map((_, row) => svg('path', {class: `${name} row-${row}`}));
    this.#areas = paths('area');
    this.#lines = paths('line');
    this.#heads = paths('head');
    this.node.append(...this.#areas, ...this.#lines, ...this.#heads);
  }

  push(...values) {
    values.forEach((value, row) => {
      this.#rows[row].push(value);
      if (this.#rows[row].length > this.#points_most) this.#rows[row].shift();
    });
    this.#draw();
  }

  get peak() { return Math.max(...this.#rows.flat()); }

  #draw() {
    const top = Math.max(this.#floor, this.peak * 1.1);
    const step = (width - 2 * pad) / (this.#points_most - 1);
    this.#rows.forEach((values, row) => {
      const x = (i) => (width - pad - (values.length - 1 - i) * step).toFixed(1);
      const y = (value) => (height - pad - value / top * (height - 2 * pad)).toFixed(1);
      const line = values.map((value, i) => `${i ? 'L' : 'M'}${x(i)} ${y(value)}`).join('');
      this.#lines[row].setAttribute('d', line);
      this.#areas[row].setAttribute('d', `${line}V${height}H${x(0)}Z`);
      this.#heads[row].setAttribute('d', `M${x(values.length - 1)} ${y(values.at(-1))}h0`);
    });
  }
}

// Two lanes of the last seconds: when events were published, when they arrived; bands while away.
export class Timeline {
  #canvas; #published = []; #arrived = []; #away = []; #colours = {};
  static #span_ms = 20000;

  constructor(canvas) {
    this.#canvas = canvas;
    const read = () => {
      const style = getComputedStyle(canvas);
      for (const name of ['line', 'muted', 'accent', 'good', 'bad-soft', 'bad']) {
        this.#colours[name] = style.getPropertyValue(`--${name}`).trim();
      }
    };
    read();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', read);
    const frame_ms = matchMedia('(prefers-reduced-motion: reduce)').matches ? 1000 : 50;
    setInterval(() => { if (document.visibilityState === 'visible') this.#draw(); }, frame_ms);
  }

  published() { this.#note(this.#published); }
  arrived() { this.#note(this.#arrived); }
  left() { if (!this.#is_away()) this.#away.push({from: performance.now(), to: Infinity}); }
  back() { if (this.#is_away()) this.#away.at(-1).to = performance.now(); }

  #is_away() { return this.#away.at(-1)?.to === Infinity; }

  #note(times) {
    const now = performance.now();
    times.push(now);
    while (times[0] < now - Timeline.#span_ms) times.shift();
  }

  #draw() {
    const ratio = devicePixelRatio, wide = this.#canvas.clientWidth, high = this.#canvas.clientHeight;
    if (!wide) return;
    if (this.#canvas.width !== Math.round(wide * ratio)) {
      this.#canvas.width = Math.round(wide * ratio);
      this.#canvas.height = Math.round(high * ratio);
    }
    const pen = this.#canvas.getContext('2d');
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, wide, high);
    const left = 76, now = performance.now();
    const x = (time) => wide - 8 - (now - time) / Timeline.#span_ms * (wide - left - 8);
    this.#draw_away(pen, x, left, high);
    this.#draw_lane(pen, 'published', this.#published, high * 0.3, this.#colours.accent, {x, left, wide});
    this.#draw_lane(pen, 'arrived', this.#arrived, high * 0.7, this.#colours.good, {x, left, wide});
  }

  #draw_away(pen, x, left, high) {
    for (const {from, to} of this.#away) {
      const start = Math.max(left, x(from)), end = x(Math.min(to, performance.now()));
      if (end < left) continue;
      pen.fillStyle = this.#colours['bad-soft'];
      pen.fillRect(start, 0, Math.max(2, end - start), high);
      pen.fillStyle = this.#colours.bad;
      pen.fillRect(start, 0, 1.5, high);
    }
  }

  #draw_lane(pen, name, times, y, colour, {x, left, wide}) {
    pen.fillStyle = this.#colours.muted;
    pen.font = '12px system-ui, sans-serif';
    pen.textBaseline = 'middle';
    pen.fillText(name, 0, y);
    pen.fillStyle = this.#colours.line;
    pen.fillRect(left, y - 0.5, wide - left, 1);
    pen.fillStyle = colour;
    for (const time of times) {
      const at = x(time);
      if (at < left) continue;
      pen.beginPath();
      pen.arc(at, y, 3, 0, 7);
      pen.fill();
    }
  }
}

export const spark_frame = (sparkline) => element('div', {class: 'spark-frame'}, sparkline.node);
