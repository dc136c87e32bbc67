// check.js: counts what became of numbered events: lost, twice, out of order, told as gaps.
//
// Pure bookkeeping, so that it is tested without a browser. Numbers rise from 1 and are published one
// after the other, so whatever is missing below the highest that arrived has been overtaken:
// if the broker had answered for it, it is lost, unless a gap had told so.

export class DeliveryCheck {
  published = 0;
  arrived = 0;
  twice = 0;
  late = 0;
  gaps = 0;
  cuts = 0;
  #highest = 0;
  #answered_most = 0;
  #told_to = 0;
  #missing = new Map();   // number -> told, for numbers below the highest that have not arrived
  #unanswered = new Set();

  // The number to publish next. Until answered() it is promised to nobody.
  next() {
    this.#unanswered.add(++this.published);
    return this.published;
  }

  answered(number) {
    this.#unanswered.delete(number);
    this.#answered_most = Math.max(this.#answered_most, number);
  }

  arrive(number) {
    if (number > this.#highest) {
      for (let n = this.#highest + 1; n < number; n++) this.#missing.set(n, n <= this.#told_to);
      this.#highest = number;
      this.arrived++;
    } else if (this.#missing.delete(number)) {
      this.late++;
      this.arrived++;
    } else {
      this.twice++;
    }
  }

  // The broker said that events are missing: what is under way may be among them.
  gap() {
    this.gaps++;
    this.#told_to = this.published;
  }

  get lost() {
    let lost = 0;
    for (const [number, told] of this.#missing) {
      if (!told && !this.#unanswered.has(number)) lost++;
    }
    return lost;
  }

  // Answered and not here yet.
  get waiting() {
    let waiting = 0;
    for (let n = Math.max(this.#highest, this.#told_to) + 1; n <= this.#answered_most; n++) {
      if (!this.#unanswered.has(n)) waiting++;
    }
    return waiting;
  }
}
