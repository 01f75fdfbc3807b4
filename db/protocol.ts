import type { Failure } from './errors.js';
import type { Statement, StatementResult } from './types.js';

/** What the worker's thread is started with. */
export interface WorkerStart {
  readonly path: string;
  readonly migrations: readonly string[];
}

export type Request =
  | { readonly id: number; readonly type: 'write'; readonly statements: readonly Statement[] }
  | { readonly id: number; readonly type: 'snapshot'; readonly path: string }
  | { readonly id: number; readonly type: 'close' };
export type WriteRequest = Extract<Request, { type: 'write' }>;

export type Outcome =
  | { readonly id: number; readonly ok: true; readonly results: readonly StatementResult[] }
  | { readonly id: number; readonly ok: false; readonly failure: Failure };

export type Reply =
  | { readonly type: 'ready' }
  | { readonly type: 'refused'; readonly failure: Failure }
  | { readonly type: 'outcomes'; readonly outcomes: readonly Outcome[] };
