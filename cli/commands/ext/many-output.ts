import { EXIT, isProvError, type ProvError } from '#base';
import type { ManyOutcomes } from '#manager';
import type { CommandOutput } from '../../command.js';
import { planLines } from './plan-lines.js';

export interface ManyWords<R> {
  /** Of a dry run: `would push`. */
  readonly verb: string;
  /** False for what was there already. */
  readonly isNew: (result: R) => boolean;
  readonly reference: (result: R) => string;
  readonly text: (result: R) => string;
}

/** What people and scripts are told when one command did the same for many things: each, and how many. */
export function manyOutput<R extends object>(
  things: readonly string[],
  { outcomes, requests, plan }: ManyOutcomes<R>,
  words: ManyWords<R>,
): CommandOutput {
  const results = outcomes.filter((each): each is R => !isProvError(each));
  const done = results.filter(words.isNew).length;
  const failed = outcomes.length - results.length;
  const there = results.length - done;
  const counts = [
    ...(there === 0 ? [] : [`${there} there already`]),
    ...(failed === 0 ? [] : [`${failed} failed`]),
  ];
  return {
    data: {
      items: outcomes.map((outcome, i) => ({ item: things[i], ...entryOf(outcome) })),
      done,
      there,
      failed,
      requests,
      ...(plan && { plan }),
    },
    text: [
      ...outcomes.map((outcome, i) =>
        isProvError(outcome)
          ? `failed: ${things[i]}: ${outcome.code}: ${outcome.message}`
          : words.text(outcome),
      ),
      `${words.verb} ${done} of ${outcomes.length}${counts.length === 0 ? '' : ` (${counts.join(', ')})`}`,
      ...planLines(plan === undefined ? {} : { plan }),
    ].join('\n'),
    table: {
      columns: ['item', 'reference', 'result'],
      rows: outcomes.map((outcome, i) =>
        isProvError(outcome)
          ? [things[i]!, '', outcome.code]
          : [things[i]!, words.reference(outcome), words.isNew(outcome) ? words.verb : 'there'],
      ),
    },
    ...(failed > 0 ? { exit: EXIT.partial } : {}),
  };
}

/** Requests and plan belong to all of them together. */
function entryOf(outcome: object | ProvError): object {
  if (isProvError(outcome)) return { error: { code: outcome.code, message: outcome.message } };
  const { requests: _requests, plan: _plan, served: _served, ...rest } = outcome as Record<string, unknown>;
  return rest;
}
