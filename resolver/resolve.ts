import { ProvError } from '#base';
import type { ResolveResult } from './failure.js';
import type { ResolveOptions } from './resolve-options.js';

/**
 * One version of every package needed, or a proof that there is none. Deterministic: the order and delay
 * of the source's answers do not change the result.
 * @throws what the source throws (network, authentication), RESOLVER_KIND_MIXED, RESOLVER_VERSION_DUPLICATE
 */
export async function resolve(options: ResolveOptions): Promise<ResolveResult> {
  options.signal?.throwIfAborted();
  throw new ProvError('BASE_INTERNAL', { reason: 'the solver is not wired yet' });
}
