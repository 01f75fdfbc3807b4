import type { Stage } from './stage.js';

export const SURFACES = ['verify', 'pull', 'resolve', 'import'] as const;
export type Surface = (typeof SURFACES)[number];

/** One way of one line of the attack list, played against every way in that it can take. */
export interface Attack {
  /** Number in the attack list. */
  readonly number: number;
  readonly what: string;
  /** The error's code; for TRUST_REFUSED the reason is the code that decides. */
  readonly code: string | Partial<Readonly<Record<Surface, string>>>;
  /** What the sentence must name. */
  readonly says: RegExp;
  /** The ways in where it can be tried. Default: all. */
  readonly on?: readonly Surface[];
  /**
   * Changes the stage. Called once for the twin, with `hostile` false, which must be accepted, and once for the
   * attack; the two differ in nothing but the attacked bytes.
   */
  play(stage: Stage, hostile: boolean): Promise<void> | void;
}

/** A line of the attack list that is not played here, and why. */
export interface Elsewhere {
  readonly number: number;
  readonly what: string;
  /** File and name of the test that plays it. */
  readonly tested?: readonly [file: string, name: string];
  readonly missing?: string;
}

/** Ways in that read signatures but do not unpack. */
export const READING: readonly Surface[] = ['verify'];
/** Ways in that write files of an extension. */
export const UNPACKING: readonly Surface[] = ['pull', 'resolve'];
