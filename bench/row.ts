/** One timing of one contender. CPU is of one operation, in milliseconds, where it could be read. */
export interface Measurement {
  readonly value: number;
  /** Of the program that was started (or of the server, when only a server is measured). */
  readonly cpuMs?: number | undefined;
  /** Of the server that answered it. */
  readonly serverCpuMs?: number | undefined;
}

export interface Contender {
  readonly name: string;
  measure(round: number): Promise<Measurement> | Measurement;
}

export type Unit = 'ms' | 'MiB/s' | '/s' | 'MiB';

export interface Spread {
  readonly best: number;
  readonly median: number;
}

/** What must hold for the candidate, beside the peer of the same run. */
export interface Goal {
  readonly text: string;
  met(candidate: Spread, peer: Spread | undefined): boolean;
}

/** A line of the table: a candidate of ours beside the peer it is held against, measured in turns. */
export interface Row {
  /** `section.what`; `--only` looks for a part of it. */
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  /** Which values are better. */
  readonly better: 'lower' | 'higher';
  readonly candidate: Contender;
  readonly peer?: Contender | undefined;
  readonly goal?: Goal | undefined;
  /** Timings of each contender in one round. Default 1. */
  readonly repeat?: number | undefined;
  /** Most rounds; for rows that a further round would not change. */
  readonly maxRounds?: number | undefined;
  /** Default true: one timing of each that does not count. */
  readonly warmUp?: boolean | undefined;
  /** What a reader must know to judge the number. */
  readonly note?: string | undefined;
  /** Why the row cannot run here. */
  readonly skip?: string | undefined;
  /** Once, before the first timing. */
  prepare?(): Promise<void>;
  /** Before each round, not timed; the warm-up is round 0. */
  beforeRound?(round: number): Promise<void>;
  afterRound?(round: number): Promise<void>;
}

/** Of the best of both. */
export function ratioAtMost(bound: number): Goal {
  return {
    text: `<= ${bound}x`,
    met: (candidate, peer) => peer !== undefined && candidate.best / peer.best <= bound,
  };
}

/** Of the best of both. */
export function ratioAtLeast(bound: number): Goal {
  return {
    text: `>= ${bound}x`,
    met: (candidate, peer) => peer !== undefined && candidate.best / peer.best >= bound,
  };
}

/** A number of its own, for what has no peer: it means something on a quiet machine only. */
export function valueAtMost(bound: number, unit: Unit, of: keyof Spread = 'best'): Goal {
  return {
    text: `<= ${bound} ${unit}${of === 'best' ? '' : ` (${of})`}`,
    met: (candidate) => candidate[of] <= bound,
  };
}

/** What a room gives to time in its own process; `limitMs` is held against the median, `skip` says why it cannot run here. */
export interface BenchRow {
  readonly name: string;
  readonly limitMs: number;
  readonly repeat: number;
  readonly skip?: string;
  run(): Promise<void> | void;
}
