const MIN_SECRET_LENGTH = 4;
const MASK = '***';
const secrets = new Set<string>();

/**
 * From now on `value`, its base64, its URL-encoded form and each of its lines are masked in every
 * message, hint, log line and error document of this process. Values under 4 characters are ignored.
 */
export function registerSecret(value: string): void {
  for (const line of [value, ...value.split('\n')]) {
    const text = line.trim();
    if (text.length < MIN_SECRET_LENGTH) continue;
    secrets.add(text);
    secrets.add(Buffer.from(text).toString('base64'));
    secrets.add(Buffer.from(text).toString('base64url'));
    secrets.add(encodeURIComponent(text));
    secrets.add(JSON.stringify(text).slice(1, -1));
  }
}

/** Masks registered secrets, credentials inside URLs and `Authorization` values. */
export function redact(text: string): string {
  let out = text;
  const known = [...secrets].sort((a, b) => b.length - a.length);
  for (const secret of known) out = out.replaceAll(secret, MASK);
  return out
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, `$1${MASK}@`)
    .replace(/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/g, `$1 ${MASK}`)
    .replace(/(\bauthorization["']?\s*[:=]\s*["']?\w+\s+)[A-Za-z0-9._~+/=-]{6,}/gi, `$1${MASK}`);
}

/** JSON text with every string in it redacted: masking the text itself could break numbers and the JSON around them. */
export function redactedJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === 'bigint') return member.toString();
    return typeof member === 'string' ? redact(member) : member;
  });
}
