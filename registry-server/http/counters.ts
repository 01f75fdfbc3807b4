import type { IncomingMessage, ServerResponse } from 'node:http';

/** Requests since the start, for `GET /api/v1/stats` and `/metrics`. */
export interface Counters {
  count(request: IncomingMessage, response: ServerResponse): void;
  snapshot(): CounterSnapshot;
}

export interface CounterSnapshot {
  readonly startedAt: string;
  /** Requests under `/v2/` by method. */
  readonly requests: Readonly<Record<string, number>>;
  /** Answers under `/v2/` by status. */
  readonly responses: Readonly<Record<string, number>>;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE'];

export function createCounters(): Counters {
  const startedAt = new Date().toISOString();
  const requests: Record<string, number> = Object.fromEntries(METHODS.map((method) => [method, 0]));
  const responses: Record<string, number> = {};
  return {
    count({ method = 'GET', url = '' }, { statusCode }) {
      if (!url.startsWith('/v2')) return;
      requests[method] = (requests[method] ?? 0) + 1;
      responses[statusCode] = (responses[statusCode] ?? 0) + 1;
    },
    snapshot: () => ({ startedAt, requests: { ...requests }, responses: { ...responses } }),
  };
}

/** The counters in Prometheus' text format 0.0.4. */
export function formatMetrics({ requests, responses }: CounterSnapshot): string {
  const lines = (name: string, help: string, label: string, values: Readonly<Record<string, number>>) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} counter`,
    ...Object.entries(values).map(([key, value]) => `${name}{${label}="${key}"} ${value}`),
  ];
  return [
    ...lines('prov_registry_requests_total', 'Requests under /v2/ by method.', 'method', requests),
    ...lines('prov_registry_responses_total', 'Answers under /v2/ by status.', 'status', responses),
    '',
  ].join('\n');
}
