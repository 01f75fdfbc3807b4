/** One thing to time. `limitMs` is held against the median of `repeat` runs; `skip` says why it cannot run here. */
export interface BenchRow {
  readonly name: string;
  readonly limitMs: number;
  readonly repeat: number;
  readonly skip?: string;
  run(): Promise<void> | void;
}
