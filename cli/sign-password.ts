import { registerSecret } from '#base';

/** The password of signing keys, from the environment only; empty when none is set. */
export function signPassword(env: NodeJS.ProcessEnv): string {
  const password = env['PROVISIONING_SIGN_PASSWORD'] ?? env['COSIGN_PASSWORD'] ?? '';
  if (password !== '') registerSecret(password);
  return password;
}
