import { gzipSync } from 'node:zlib';

/** An entry written as it is told, however wrong. */
export interface RawEntry {
  readonly path: string;
  /** The type flag; '0' is a file, '5' a directory, '2' a symbolic link. */
  readonly type?: string;
  readonly content?: string | Uint8Array;
  /** What the header says; default the content's size. */
  readonly size?: number;
  readonly link?: string;
  readonly mode?: number;
  readonly checksum?: number;
}

/** A tar of raw entries with the two closing blocks. */
export function rawTar(entries: readonly RawEntry[]): Buffer {
  return Buffer.concat([...entries.map(rawEntry), Buffer.alloc(1024)]);
}

export function rawTarGzip(entries: readonly RawEntry[]): Buffer {
  return gzipSync(rawTar(entries));
}

/** One header with its padded content. */
export function rawEntry(entry: RawEntry): Buffer {
  const content = Buffer.from(entry.content ?? '');
  const header = Buffer.alloc(512);
  header.write(entry.path, 0, 100, 'utf8');
  header.write(`${(entry.mode ?? 0o644).toString(8).padStart(7, '0')}\0`, 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  writeSize(header, entry.size ?? content.length);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(entry.type ?? '0', 156);
  header.write(entry.link ?? '', 157, 100, 'utf8');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = entry.checksum ?? header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function writeSize(header: Buffer, size: number): void {
  if (size <= 0o77777777777) {
    header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
    return;
  }
  header[124] = 0x80;
  header.writeBigUInt64BE(BigInt(size), 128);
}

/** A PAX record with its own length in front. */
export function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  const length = Buffer.byteLength(body);
  let total = length + String(length).length;
  if (length + String(total).length !== total) total = length + String(total).length;
  return `${total}${body}`;
}
