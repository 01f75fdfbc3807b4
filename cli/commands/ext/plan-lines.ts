import { counted } from '#base';
import type { Rehearsed } from '#manager';
import { formatBytes } from './shared.js';

/** What people are told of the requests of a dry run; nothing of a real run. */
export function planLines({ plan }: Rehearsed): readonly string[] {
  if (plan === undefined) return [];
  const left = plan.requests.filter(({ sent }) => !sent);
  const read = plan.fetched === 0 ? '' : `, and ${counted(plan.fetched, 'byte')} fetched`;
  return [
    ...plan.requests.map(
      ({ method, host, path, bytes, sent }) =>
        `${sent ? 'sent ' : 'would'} ${method} ${host}${path}${bytes === 0 ? '' : ` (${formatBytes(bytes)})`}`,
    ),
    `${counted(left.length, 'more request')} and ${counted(plan.bytes, 'byte')} would be sent${read}`,
  ];
}
