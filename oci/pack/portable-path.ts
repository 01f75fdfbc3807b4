const MAX_SEGMENT_BYTES = 255;
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/** Most names: nothing of what follows can be wrong with them but being a device. */
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}(?<!\.)$/;
const ASCII = /^[\u0000-\u007f]*$/;

/** Why a file name cannot exist alike on Linux, macOS and Windows, or undefined when it can. */
export function unportableReason(segment: string): string | undefined {
  if (PLAIN.test(segment) && !WINDOWS_DEVICE.test(segment)) return undefined;
  if (!segment.isWellFormed()) return 'the name is not valid Unicode';
  if (segment !== segment.normalize('NFC')) return 'the name is not in Unicode normal form NFC';
  if (/[\u0000-\u001f\u007f]/.test(segment)) return 'the name has control characters';
  if (/[\\<>:"|?*]/.test(segment)) return 'the name has one of \\ < > : " | ? *';
  if (/[. ]$/.test(segment)) return 'the name ends with a dot or a space';
  if (WINDOWS_DEVICE.test(segment)) return 'the name is a device on Windows';
  if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) return 'the name is longer than 255 bytes';
  return undefined;
}

/**
 * Paths with equal keys are one file on some file system (case folding, Unicode normalisation). It folds a
 * little more than any of them does, so it may refuse two names that would fit, never the reverse.
 */
export function collisionKey(path: string): string {
  if (ASCII.test(path)) return path.toLowerCase();
  return path.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

/** Compares paths by their UTF-8 bytes, the order of entries in our archives. */
export function compareBytewise(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left === right) continue;
    // Below the surrogates, UTF-16 and UTF-8 sort alike.
    if (left < 0xd800 && right < 0xd800) return left - right;
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  }
  return a.length - b.length;
}
