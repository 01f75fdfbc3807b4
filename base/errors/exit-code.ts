/** Exit codes of every `prov` command; stable. @see docs/errors.md */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  configuration: 3,
  permission: 4,
  notFound: 5,
  refused: 6,
  noResolution: 7,
  lockStale: 8,
  network: 9,
  partial: 10,
  conflict: 11,
  differences: 12,
  bug: 70,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitName = keyof typeof EXIT;
