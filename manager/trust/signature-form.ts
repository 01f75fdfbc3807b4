import { SIGNATURE_FORMS, type SignatureForm } from '#schemas';
import { configValue, readUserSettings } from '#workspace';
import type { ManagerContext } from '../context.js';

/**
 * In which form signatures are written to a registry: what was asked for, else what `security.signature_forms` of the
 * machine, the user or the environment says of the host, else both.
 */
export async function signatureForm(
  registry: string,
  asked: SignatureForm | undefined,
  { env, signal }: ManagerContext,
): Promise<SignatureForm> {
  if (asked !== undefined) return asked;
  const hosts: unknown = configValue(
    await readUserSettings({ env, signal }),
    'security.signature_forms',
  )?.value;
  const set = new Map(typeof hosts === 'object' && hosts !== null ? Object.entries(hosts) : []).get(registry);
  return SIGNATURE_FORMS.find((form) => form === set) ?? 'both';
}
