// check.test.mjs: the page's bookkeeping of lost, doubled and late events tells the truth.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {DeliveryCheck} from '../../web/check.js';

function published(count) {
  const check = new DeliveryCheck();
  for (let i = 0; i < count; i++) check.answered(check.next());
  return check;
}

test('what arrives once and in order is neither lost nor doubled', () => {
  const check = published(5);
  assert.equal(check.waiting, 5);
  for (const number of [1, 2, 3, 4, 5]) check.arrive(number);
  assert.deepEqual([check.arrived, check.lost, check.twice, check.late, check.waiting], [5, 0, 0, 0, 0]);
});

test('an answered event that was overtaken is lost', () => {
  const check = published(5);
  for (const number of [1, 2, 5]) check.arrive(number);
  assert.equal(check.lost, 2);
});

test('an event that comes after its successors is late, and no longer lost', () => {
  const check = published(3);
  for (const number of [1, 3, 2]) check.arrive(number);
  assert.deepEqual([check.lost, check.late, check.arrived], [0, 1, 3]);
});

test('an event that comes again is counted as twice', () => {
  const check = published(3);
  for (const number of [1, 2, 2, 3, 1]) check.arrive(number);
  assert.deepEqual([check.twice, check.arrived, check.lost], [2, 3, 0]);
});

test('an event that the broker never answered for may be missing', () => {
  const check = new DeliveryCheck();
  check.answered(check.next());
  check.next();
  check.answered(check.next());
  for (const number of [1, 3]) check.arrive(number);
  assert.deepEqual([check.lost, check.waiting], [0, 0]);
});

test('what a gap told of is not lost in silence, what is missing later is', () => {
  const check = published(4);
  check.arrive(1);
  check.gap();
  for (let i = 0; i < 3; i++) check.answered(check.next());
  check.arrive(5);
  assert.deepEqual([check.gaps, check.lost], [1, 0]);
  check.arrive(7);
  assert.equal(check.lost, 1);
});

test('an event may arrive before the answer to its publisher', () => {
  const check = new DeliveryCheck();
  const number = check.next();
  check.arrive(number);
  check.answered(number);
  assert.deepEqual([check.arrived, check.lost, check.waiting], [1, 0, 0]);
});
