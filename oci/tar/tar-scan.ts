import { TAR_BLOCK } from './tar-header.js';

/** What is wrong with a tar file; the caller knows which file it was. */
export class TarDamage extends Error {
  override readonly name = 'TarDamage';
}

/** A regular file inside a tar. */
export interface TarMember {
  readonly path: string;
  /** Where its content starts in the tar, in bytes. */
  readonly offset: number;
  readonly size: number;
}

/** Reads `length` bytes at `position`; fewer only at the end of the file. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

const MAX_EXTENSION_BYTES = 1024 * 1024;

/**
 * The regular files of a tar of `fileSize` bytes, without reading their content: ustar, GNU long names,
 * base-256 sizes and PAX `path` and `size`. Links, devices and directories are passed over. Anything that
 * makes no sense (bad checksum, content past the end, more than `maxEntries`) stops the scan.
 * @throws TarDamage
 */
export async function* scanTar(
  readAt: ReadAt,
  fileSize: number,
  maxEntries: number,
): AsyncGenerator<TarMember> {
  let position = 0;
  let entries = 0;
  let next: { path?: string; size?: number } = {};
  for (;;) {
    const block = Buffer.from(await readAt(position, TAR_BLOCK));
    if (block.length === 0) return;
    if (block.length < TAR_BLOCK) throw new TarDamage('it ends in the middle of a header');
    if (block.every((byte) => byte === 0)) return;
    checkSum(block, position);
    if (++entries > maxEntries) throw new TarDamage(`it has more than ${maxEntries} entries`);
    const type = String.fromCharCode(block[156]!);
    const size =
      next.size !== undefined && !isExtension(type) ? next.size : readSize(block.subarray(124, 136));
    const offset = position + TAR_BLOCK;
    const hasContent = !'123456'.includes(type);
    const end = offset + (hasContent ? Math.ceil(size / TAR_BLOCK) * TAR_BLOCK : 0);
    if (hasContent && offset + size > fileSize) throw new TarDamage('an entry reaches past its end');
    position = end;
    if (isExtension(type)) {
      if (size > MAX_EXTENSION_BYTES) throw new TarDamage('an extended header is larger than 1 MiB');
      const content = Buffer.from(await readAt(offset, size));
      if (type === 'L') next = { ...next, path: cString(content) };
      else if (type === 'x') next = { ...next, ...paxRecords(content) };
      else if (type === 'g' && Object.keys(paxRecords(content)).length > 0) {
        throw new TarDamage('a global header sets path or size');
      }
      continue;
    }
    const path = next.path ?? headerPath(block);
    next = {};
    if (type === '0' || type === '\0' || type === '7') yield { path, offset, size };
  }
}

function isExtension(type: string): boolean {
  return type === 'x' || type === 'g' || type === 'L' || type === 'K';
}

function checkSum(block: Buffer, position: number): void {
  const expected = Number.parseInt(cString(block.subarray(148, 156)).trim(), 8);
  let actual = 8 * 0x20;
  for (let i = 0; i < TAR_BLOCK; i += 1) if (i < 148 || i >= 156) actual += block[i]!;
  if (expected !== actual) throw new TarDamage(`there is no valid header at byte ${position}`);
}

function readSize(field: Buffer): number {
  if ((field[0]! & 0x80) === 0) {
    const text = cString(field).trim();
    if (!/^[0-7]*$/.test(text)) throw new TarDamage('a size is not a number');
    return text === '' ? 0 : Number.parseInt(text, 8);
  }
  const high = field.subarray(1, 4);
  if (field[0] !== 0x80 || high.some((byte) => byte !== 0))
    throw new TarDamage('a size is negative or too large');
  return safe(field.readBigUInt64BE(4));
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new TarDamage('a size is too large');
  return Number(value);
}

function headerPath(block: Buffer): string {
  const name = cString(block.subarray(0, 100));
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? cString(block.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function paxRecords(content: Buffer): { path?: string; size?: number } {
  const out: { path?: string; size?: number } = {};
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(content.toString('latin1', at, space));
    if (!Number.isSafeInteger(length) || length <= space - at || at + length > content.length) {
      throw new TarDamage('an extended header is malformed');
    }
    const record = content.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    const value = record.slice(equals + 1);
    if (record.startsWith('path=')) out.path = value;
    if (record.startsWith('size=')) {
      if (!/^\d{1,16}$/.test(value)) throw new TarDamage('a size is not a number');
      out.size = safe(BigInt(value));
    }
    at += length;
  }
  return out;
}

function cString(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}
