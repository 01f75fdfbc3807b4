import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from '#base';
import { formatDuration, ProgressView } from './progress-view.js';
import { RateWindow } from './rate-window.js';

const MIB = 1024 * 1024;

/** A terminal that understands what the view writes: the lines that a person would see. */
class Terminal {
  readonly columns: number;
  readonly frames: string[] = [];
  #lines: string[] = [''];
  #row = 0;

  constructor(columns = 80) {
    this.columns = columns;
  }

  write(text: string): void {
    this.frames.push(text);
    for (const [token] of text.matchAll(/\u001b\[(\d*)([AKJ])|\r|\n|[^\u001b\r\n]+/g)) {
      const code = /^\u001b\[(\d*)([AKJ])$/.exec(token);
      if (code?.[2] === 'A') this.#row -= Number(code[1] || 1);
      else if (code?.[2] === 'J') this.#lines.splice(this.#row + 1);
      else if (token === '\n') this.#lines[++this.#row] ??= '';
      else if (token !== '\r' && code === null) this.#lines[this.#row] = token;
      if (code?.[2] === 'J' && !text.includes('#') && !text.includes('.')) this.#lines[this.#row] = '';
    }
    assert.ok(this.#row >= 0, 'the cursor leaves what is ours');
  }

  get shown(): readonly string[] {
    return this.#lines.map((line) => line.trimEnd());
  }
}

function view(options: { columns?: number; dumb?: boolean } = {}) {
  const screen = new Terminal(options.columns);
  const clock = { now: 1000 };
  const progress = new ProgressView({
    screen,
    clean: printable,
    dumb: options.dumb ?? false,
    now: () => clock.now,
  });
  const bytes = (digest: string, size: number, done: number, resumed = 0) =>
    progress.event({
      event: 'transfer.progress',
      operation: 'push',
      digest,
      name: digest,
      size,
      done,
      resumed,
    });
  return { screen, clock, progress, bytes };
}

test('one blob is one line with bytes, rate and time left', () => {
  const { screen, clock, progress, bytes } = view();
  bytes('layer', 100 * MIB, 0);
  clock.now += 1000;
  bytes('layer', 100 * MIB, 10 * MIB);
  assert.deepEqual(screen.shown, [
    'layer                        ##.................. 10.0 MiB of 100.0 MiB  10.0 MiB/s  ETA 0:09'.slice(
      0,
      79,
    ),
  ]);
  progress.clear();
  assert.deepEqual(screen.shown, ['']);
});

test('several blobs have a line each and a total; finished ones leave', () => {
  const { screen, clock, progress, bytes } = view({ columns: 120 });
  progress.event({ event: 'transfer.plan', operation: 'copy', items: 6, bytes: 60 * MIB });
  for (const name of ['a', 'b', 'c', 'd', 'e']) bytes(name, 10 * MIB, 0);
  clock.now += 2000;
  for (const name of ['a', 'b', 'c', 'd', 'e']) bytes(name, 10 * MIB, 2 * MIB);
  clock.now += 200;
  bytes('e', 10 * MIB, 2 * MIB);
  assert.equal(screen.shown.length, 5, 'four blobs and the total');
  assert.match(screen.shown[4]!, /^push 0\/6 +#+\.+ 10\.0 MiB of 60\.0 MiB {2}4\.5 MiB\/s {2}ETA 0:11$/);
  progress.event({
    event: 'transfer.item',
    operation: 'copy',
    digest: 'a',
    size: 10 * MIB,
    outcome: 'copied',
  });
  progress.event({
    event: 'transfer.item',
    operation: 'copy',
    digest: 'b',
    size: 10 * MIB,
    outcome: 'copied',
  });
  clock.now += 200;
  bytes('c', 10 * MIB, 3 * MIB);
  assert.equal(screen.shown.length, 4);
  assert.match(screen.shown[3]!, /^push 2\/6 /);
  assert.ok(
    screen.frames.every((frame) => !frame.includes('\u001b[2J')),
    'the screen is never cleared',
  );
  progress.clear();
});

test('bytes that an earlier run had brought are no speed', () => {
  const { screen, clock, progress, bytes } = view({ columns: 120 });
  bytes('layer', 100 * MIB, 50 * MIB, 50 * MIB);
  clock.now += 1000;
  bytes('layer', 100 * MIB, 51 * MIB, 50 * MIB);
  assert.match(screen.shown[0]!, /51\.0 MiB of 100\.0 MiB {2}1\.0 MiB\/s {2}ETA 0:49$/);
  progress.clear();
});

test('frames are drawn at most ten times a second, and no line is wider than the terminal', () => {
  const { screen, clock, progress, bytes } = view({ columns: 40 });
  for (let i = 0; i < 100; i += 1) {
    clock.now += 1;
    bytes('a-very-long-name-of-some-layer-that-does-not-end', 100 * MIB, i * MIB);
  }
  assert.ok(screen.frames.length <= 2, String(screen.frames.length));
  assert.ok(screen.shown.every((line) => line.length < 40));
  progress.clear();
});

test('a hostile name moves no cursor', () => {
  const { screen, progress } = view();
  const name = 'x\u001b[2J\u001b[Hfake';
  progress.event({
    event: 'transfer.progress',
    operation: 'pull',
    digest: 'd',
    name,
    size: 1,
    done: 0,
    resumed: 0,
  });
  assert.ok(!screen.frames.join('').includes('\u001b[2J'));
  progress.clear();
});

test('a dumb terminal gets a plain line now and then', () => {
  const { screen, clock, bytes } = view({ dumb: true });
  for (let second = 0; second <= 12; second += 1) {
    bytes('layer', 100 * MIB, second * MIB);
    clock.now += 1000;
  }
  assert.equal(screen.frames.length, 3);
  assert.ok(screen.frames.every((frame) => !frame.includes('\u001b') && frame.endsWith('\n')));
});

test('a rate is that of the last five seconds', () => {
  const clock = { now: 0 };
  const rate = new RateWindow(() => clock.now);
  rate.add(100);
  assert.equal(rate.perSecond(), undefined, 'no rate out of nothing');
  clock.now = 1000;
  rate.add(900);
  assert.equal(rate.perSecond(), 1000);
  clock.now = 5500;
  assert.equal(rate.perSecond(), 180, 'what was at 0 s is forgotten');
  clock.now = 60_000;
  assert.equal(rate.perSecond(), 0);
});

test('durations read like a clock', () => {
  assert.deepEqual([0, 9.2, 61, 3599, 3600, 400_000].map(formatDuration), [
    '0:00',
    '0:10',
    '1:01',
    '59:59',
    '1:00:00',
    '>99 h',
  ]);
});
