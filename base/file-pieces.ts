import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Large enough that what is done for each piece does not count, small enough that no step is long. */
const PIECE_BYTES = 1024 * 1024;
/** Read at once, since four steps in threads cost more than that. */
const SMALL_BYTES = 64 * 1024;

/**
 * The bytes of a file in pieces of at most 1 MiB, each in memory of its own; the next is read while the caller
 * works on the one before. Ends where the file ended when it was opened. Errors are those of the system.
 */
export async function* filePieces(path: string): AsyncGenerator<Uint8Array> {
  const small = readSmall(path);
  if (small !== undefined) {
    if (small.byteLength > 0) yield small;
    return;
  }
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const readAt = async (position: number) => {
      const length = Math.min(PIECE_BYTES, size - position);
      if (length <= 0) return undefined;
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, position);
      return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
    };
    let position = 0;
    let pending = readAt(0);
    for (;;) {
      const piece = await pending;
      if (piece === undefined) return;
      position += piece.byteLength;
      pending = readAt(position);
      // Looked at in the next round, or by nobody when the caller has enough.
      pending.catch(() => undefined);
      yield piece;
    }
  } finally {
    await file.close();
  }
}

/** The bytes of a file that is small, undefined for a larger one. */
function readSmall(path: string): Uint8Array | undefined {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size > SMALL_BYTES) return undefined;
    const buffer = Buffer.allocUnsafeSlow(size);
    let filled = 0;
    while (filled < size) {
      const count = readSync(fd, buffer, filled, size - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    return buffer.subarray(0, filled);
  } finally {
    closeSync(fd);
  }
}
