import { ProvError } from '#base';

/** Far above an RSA-8192 key in cosign's encrypted form. */
const MAX_PEM_LENGTH = 65_536;
const BLOCK = /^-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n([A-Za-z0-9+/=\r\n]+?)\r?\n?-----END \1-----$/;
const LINE_LENGTH = 64;

export interface PemBlock {
  readonly label: string;
  readonly body: Buffer;
}

/**
 * Reads text that is exactly one PEM block, in canonical base64, with white space around it at most.
 * @throws TRUST_KEY_INVALID. @see RFC 7468, section 3
 */
export function decodePem(text: string, what: string): PemBlock {
  if (text.length > MAX_PEM_LENGTH)
    throw new ProvError('TRUST_KEY_INVALID', {
      what,
      reason: `it is longer than ${MAX_PEM_LENGTH} characters`,
    });
  const match = BLOCK.exec(text.trim());
  if (!match) throw new ProvError('TRUST_KEY_INVALID', { what, reason: 'it is not one PEM block' });
  const base64 = match[2]!.replace(/[\r\n]/g, '');
  const body = Buffer.from(base64, 'base64');
  if (body.toString('base64') !== base64)
    throw new ProvError('TRUST_KEY_INVALID', { what, reason: 'its base64 is damaged' });
  return { label: match[1]!, body };
}

export function encodePem(label: string, body: Uint8Array): string {
  const base64 = Buffer.from(body).toString('base64');
  const lines = base64.match(new RegExp(`.{1,${LINE_LENGTH}}`, 'g')) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
