import { ProvError } from '#base';
import type { ManagerContext } from '../context.js';
import { describeLifecycle, type Lifecycle } from './read-lifecycle.js';

export interface UsableOptions {
  /** For messages. */
  readonly reference: string;
  /** Take it although it is revoked. */
  readonly allowRevoked?: boolean | undefined;
}

/**
 * Warns about a version that is deprecated or yanked and refuses one that is revoked.
 * @throws MANAGER_VERSION_REVOKED
 */
export function assertUsable(
  lifecycle: Lifecycle,
  { reference, allowRevoked }: UsableOptions,
  context: Pick<ManagerContext, 'onEvent'>,
): void {
  const { state, reason = 'no reason was given', replacement } = lifecycle;
  for (const { digest, problem } of lifecycle.unreadable)
    context.onEvent?.({
      event: 'warning',
      message: `${reference}: the status ${digest} cannot be read: ${problem}`,
    });
  if (state === 'active') return;
  if (state === 'revoked' && allowRevoked !== true) {
    const instead = replacement === undefined ? '' : `; take ${replacement} instead`;
    throw new ProvError('MANAGER_VERSION_REVOKED', { reference, reason: `${reason}${instead}` });
  }
  context.onEvent?.({
    event: 'warning',
    message: describeLifecycle(reference, lifecycle),
    state,
    reason,
    ...(replacement === undefined ? {} : { replacement }),
  });
}
