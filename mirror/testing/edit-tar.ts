/** A regular file or directory of a plain ustar, as bytes. */
export interface TarPart {
  readonly name: string;
  readonly header: Buffer;
  readonly body: Buffer;
}

const BLOCK = 512;

/** Takes a plain tar apart, without checking anything. */
export function splitTar(bytes: Buffer): TarPart[] {
  const parts: TarPart[] = [];
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0; ) {
    const header = Buffer.from(bytes.subarray(at, at + BLOCK));
    const name = header.toString('utf8', 0, header.indexOf(0));
    const size = Number.parseInt(header.toString('latin1', 124, 135), 8);
    const padded = Math.ceil(size / BLOCK) * BLOCK;
    parts.push({ name, header, body: Buffer.from(bytes.subarray(at + BLOCK, at + BLOCK + size)) });
    at += BLOCK + padded;
  }
  return parts;
}

/** Puts it together again; names, sizes and checksums of the headers are made anew. */
export function joinTar(parts: readonly TarPart[]): Buffer {
  const blocks = parts.flatMap(({ name, header, body }) => {
    const fresh = Buffer.from(header);
    fresh.fill(0, 0, 100).write(name, 0, 'utf8');
    fresh.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    fresh.fill(0x20, 148, 156);
    const sum = fresh.reduce((total, byte) => total + byte, 0);
    fresh.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return [fresh, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}
