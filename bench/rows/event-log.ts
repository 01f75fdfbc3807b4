import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type EventLog, openEventLog } from '#runtime';
import { type Goal, type Row, ratioAtLeast } from '../row.js';
import type { Site } from '../site.js';

const RECORD_BYTES = 250;
const WRITERS = 64;
const SINGLE_GOAL = 0.7;
const MANY_GOAL_RATIO = 30;
const MANY_GOAL_RATE = 100_000;

/** Durable commits of the runtime's event log, against what the disk gives a bare file. */
export function eventLogRows(site: Site): Row[] {
  const folder = site.folder('event-log');
  const durationMs = site.quick ? 200 : 600;
  let opened: Promise<EventLog> | undefined;
  let streams = 0;
  const prepare = async () => {
    opened ??= openEventLog(folder);
    const log = await opened;
    site.onClose(() => log.close());
  };
  const commits = (writers: number) => async () => {
    const log = await opened!;
    const started = performance.now();
    const deadline = started + durationMs;
    const counts = await Promise.all(
      Array.from({ length: writers }, async () => {
        const stream = `bench-${streams++}`;
        let seq = 0;
        while (performance.now() < deadline) seq = await log.append(stream, [event(seq)], seq);
        return seq;
      }),
    );
    const total = counts.reduce((sum, count) => sum + count, 0);
    return { value: (total * 1000) / (performance.now() - started) };
  };
  const peer = {
    name: 'write + fdatasync',
    measure: () => ({ value: fdatasyncRate(join(folder, 'raw'), durationMs) }),
  };
  return [
    {
      id: 'event-log.single',
      title: 'event log, one writer',
      unit: '/s',
      better: 'higher',
      goal: ratioAtLeast(SINGLE_GOAL),
      candidate: { name: 'append', measure: commits(1) },
      peer,
      prepare,
    },
    {
      id: 'event-log.c64',
      title: `event log, ${WRITERS} writers`,
      unit: '/s',
      better: 'higher',
      goal: manyGoal,
      candidate: { name: 'append', measure: commits(WRITERS) },
      peer,
      prepare,
    },
  ];
}

/** On a disk whose flushes are nearly free the processor is the limit, not the ratio. */
const manyGoal: Goal = {
  text: `>= ${MANY_GOAL_RATIO}x or >= ${MANY_GOAL_RATE / 1000} K/s`,
  met: (candidate, peer) => candidate.best >= Math.min(MANY_GOAL_RATE, MANY_GOAL_RATIO * (peer?.best ?? 0)),
};

function event(seq: number) {
  return {
    type: 'task.intent',
    task: 'web-01/taskserv/postgres',
    time: '2026-01-01T00:00:00.000Z',
    data: {
      run: 'bench',
      op: 'install',
      attempt: 1,
      key: `key-${seq}`,
      inputsDigest: `sha256:${'0'.repeat(64)}`,
    },
  };
}

function fdatasyncRate(path: string, durationMs: number): number {
  const fd = openSync(path, 'a');
  const record = Buffer.alloc(RECORD_BYTES, 'x');
  try {
    const started = performance.now();
    let count = 0;
    for (; performance.now() < started + durationMs; count++) {
      writeSync(fd, record);
      fdatasyncSync(fd);
    }
    return (count * 1000) / (performance.now() - started);
  } finally {
    closeSync(fd);
  }
}
