import { randomUUID } from 'node:crypto';
import type { RegistryContext } from '../context.js';
import { formatMetrics } from '../http/counters.js';
import { type Exchange, sendBytes, sendJson } from '../http/respond.js';

/** `livez`: the process answers. */
export function handleLive(exchange: Exchange): void {
  sendJson(exchange, { status: 'healthy' });
}

/** `readyz`: metadata can be read and bytes can be written and made durable. */
export async function handleReady(context: RegistryContext, exchange: Exchange): Promise<void> {
  await context.metadata.hasRepository('readyz');
  const id = `readyz-${randomUUID()}`;
  const staged = await context.blobs.stage(id);
  try {
    await staged.append([Buffer.from(id)]);
    await staged.sync();
  } finally {
    await staged.close();
    await context.blobs.discard(id);
  }
  sendJson(exchange, { status: 'healthy' });
}

export function handleStats(context: RegistryContext, exchange: Exchange): void {
  sendJson(exchange, { ok: true, data: context.counters.snapshot() });
}

export function handleMetrics(context: RegistryContext, exchange: Exchange): void {
  const bytes = Buffer.from(formatMetrics(context.counters.snapshot()));
  sendBytes(exchange, bytes, { 'content-type': 'text/plain; version=0.0.4' });
}
