/** The unit of a tar file: headers are one block, content is padded to whole blocks. */
export const TAR_BLOCK = 512;
/** Two blocks of zeros end an archive. */
export const TAR_END: Uint8Array = new Uint8Array(2 * TAR_BLOCK);

const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
/** The largest size that eleven octal digits hold; above it GNU's base-256 form is written. */
const MAX_OCTAL_SIZE = 0o77777777777;

export interface TarEntry {
  readonly path: string;
  readonly type: 'file' | 'directory';
  readonly mode: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/**
 * One ustar header, or undefined when the path fits neither the name nor prefix and name. Owner is 0 and
 * names are empty, so that the bytes depend on nothing but the entry. Sizes of 8 GiB and more are written
 * in base-256: programs that seek by the plain header read them right, unlike a PAX record.
 * @see POSIX.1-2017, pax, "ustar Interchange Format"
 */
export function encodeTarHeader(entry: TarEntry): Uint8Array | undefined {
  const block = Buffer.alloc(TAR_BLOCK);
  return writeTarHeader(block, 0, entry) ? block : undefined;
}

/** Like `encodeTarHeader`, into the block of zeros that stands at `at`; false when the path does not fit. */
export function writeTarHeader(target: Buffer, at: number, entry: TarEntry): boolean {
  const block = target.subarray(at, at + TAR_BLOCK);
  if (entry.path.length <= NAME_BYTES && isAscii(entry.path)) block.write(entry.path, 0, 'latin1');
  else {
    const split = splitPath(Buffer.from(entry.path));
    if (!split) return false;
    split.name.copy(block, 0);
    split.prefix.copy(block, 345);
  }
  block.write(`${octal(entry.mode, 7)}${OWNER}`, 100, 'latin1');
  writeSize(block, entry.size);
  block.write(`${octal(entry.mtime, 11)}        ${entry.type === 'directory' ? '5' : '0'}`, 136, 'latin1');
  block.write(MAGIC, 257, 'latin1');
  block.write(OWNER, 329, 'latin1');
  let sum = 0;
  for (let i = 0; i < TAR_BLOCK; i++) sum += block[i]!;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return true;
}

/** Two numbers of seven digits: owner and group, or the device numbers of what is no device. */
const OWNER = '0000000\0' + '0000000\0';
const MAGIC = 'ustar\0' + '00';

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Zeros that fill content of `size` bytes up to a whole block. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK);
}

function splitPath(path: Buffer): { name: Buffer; prefix: Buffer } | undefined {
  if (path.length <= NAME_BYTES) return { name: path, prefix: Buffer.alloc(0) };
  for (let slash = Math.min(PREFIX_BYTES, path.length - 2); slash > 0; slash -= 1) {
    if (path[slash] !== 0x2f) continue;
    const name = path.subarray(slash + 1);
    return name.length <= NAME_BYTES ? { name, prefix: path.subarray(0, slash) } : undefined;
  }
  return undefined;
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, '0')}\0`;
}

function writeSize(block: Buffer, size: number): void {
  if (size <= MAX_OCTAL_SIZE) {
    block.write(octal(size, 11), 124, 'latin1');
    return;
  }
  block[124] = 0x80;
  block.writeBigUInt64BE(BigInt(size), 128);
}
