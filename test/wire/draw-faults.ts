import type { FaultRegistry } from '../fault-registry/index.js';

/** What a schedule may draw; each names itself for the count at the end. */
const KINDS = [
  'cut answer',
  'cut request',
  'reset before an answer',
  '503',
  '500 after the work',
  '429 with Retry-After',
  'wrong range',
  'lost uploads',
  'expired token',
  'answer without its headers',
] as const;

export type FaultKind = (typeof KINDS)[number];

/**
 * Adds up to `most` faults to a registry, drawn from `random`: what goes wrong, for which request, at which
 * byte and how often. Counts in `drawn` what really happened.
 */
export function drawFaults(
  server: FaultRegistry,
  { random, most, bytes }: { random: () => number; most: number; bytes: number },
  drawn: Map<FaultKind, number>,
): void {
  const below = (limit: number) => Math.floor(random() * limit);
  const happened = (kind: FaultKind) => drawn.set(kind, (drawn.get(kind) ?? 0) + 1);
  for (let count = below(most + 1); count > 0; count -= 1) {
    const kind = KINDS[below(KINDS.length)]!;
    const after = below(6);
    const times = 1 + below(2);
    const answer = (status: number, headers: Record<string, string> = {}) => ({
      answer: () => {
        happened(kind);
        return { status, headers };
      },
    });
    const at = { after, times };
    const soon = { after: 0, times };
    switch (kind) {
      case 'cut answer':
        server.fault({
          ...soon,
          method: 'GET',
          path: /\/blobs\/sha/,
          does: { cutAnswerAfter: below(bytes), happened: () => happened(kind) },
        });
        break;
      case 'cut request':
        server.fault({
          ...soon,
          method: random() < 0.5 ? 'PUT' : 'PATCH',
          path: /uploads/,
          does: { cutRequestAfter: 1 + below(bytes), happened: () => happened(kind) },
        });
        break;
      case 'reset before an answer':
        server.fault({
          ...at,
          does: {
            change: () => {
              happened(kind);
              throw new Error('reset');
            },
          },
        });
        break;
      case '503':
        server.fault({ ...at, does: answer(503) });
        break;
      case '500 after the work':
        server.fault({
          ...at,
          does: {
            change: (planned) => {
              happened(kind);
              Object.assign(planned, { status: 500, headers: {}, body: Buffer.alloc(0) });
            },
          },
        });
        break;
      case '429 with Retry-After':
        server.fault({ ...at, does: answer(429, { 'retry-after': '0' }) });
        break;
      case 'wrong range':
        server.fault({
          ...soon,
          method: 'GET',
          path: /\/blobs\/sha/,
          does: {
            change: (planned) => {
              if (planned.status !== 206) return;
              happened(kind);
              planned.body = planned.body.subarray(0, planned.body.length >> 1);
            },
          },
        });
        break;
      case 'lost uploads':
        server.fault({
          ...at,
          path: /uploads/,
          does: {
            change: () => {
              happened(kind);
              server.model.uploads.clear();
            },
          },
        });
        break;
      case 'expired token':
        server.fault({
          ...at,
          does: {
            change: () => {
              happened(kind);
              server.gatekeeper?.tokens.clear();
            },
          },
        });
        break;
      case 'answer without its headers':
        server.fault({
          ...at,
          path: /\/manifests\//,
          does: {
            change: (planned) => {
              happened(kind);
              planned.headers = {};
            },
          },
        });
    }
  }
}
