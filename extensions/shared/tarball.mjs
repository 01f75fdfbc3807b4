import { closeSync, createReadStream, fchmodSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { invalid } from './contract.mjs';

const BLOCK = 512;
const MAX_ENTRIES = 50_000;
const MAX_BYTES = 2 * 1024 * 1024 * 1024;
/** Extended headers (long names) are small; anything larger is no honest archive. */
const MAX_HEADER_BYTES = 64 * 1024;

/**
 * Unpacks files and directories of a `.tgz` below `destination`, without the first path segment
 * (`package/` in npm's archives). Links, devices and paths that lead outside are refused.
 * @see POSIX.1-2017 pax, "ustar Interchange Format"
 */
export async function unpackTarball(archive, destination, { signal, accept = () => true } = {}) {
  const source = createReadStream(archive, { highWaterMark: 256 * 1024, signal });
  const plain = createGunzip({ chunkSize: 256 * 1024 });
  source.on('error', (error) => plain.destroy(error)).pipe(plain);
  const sink = createSink(destination, accept);
  const state = {
    rest: Buffer.alloc(0),
    left: 0,
    padding: 0,
    longName: undefined,
    entries: 0,
    bytes: 0,
    ended: false,
  };
  try {
    for await (const chunk of plain) feed(state, chunk, sink);
  } catch (error) {
    if (error.code?.startsWith?.('Z_'))
      throw invalid(`${archive} is no gzip archive: ${error.message}`, { cause: error });
    throw error;
  } finally {
    sink.close();
    source.destroy();
  }
  if (state.left > 0 || state.rest.length > 0) throw invalid(`${archive} ends in the middle of a file`);
  return { entries: state.entries, bytes: state.bytes };
}

function feed(state, chunk, sink) {
  let data = state.rest.length > 0 ? Buffer.concat([state.rest, chunk]) : chunk;
  state.rest = Buffer.alloc(0);
  while (data.length > 0 && !state.ended) {
    if (state.left > 0) {
      const part = data.subarray(0, state.left);
      sink.write(part);
      state.left -= part.length;
      data = data.subarray(part.length);
      if (state.left === 0) state.longName = sink.finish() ?? state.longName;
    } else if (state.padding > 0) {
      const skipped = Math.min(state.padding, data.length);
      state.padding -= skipped;
      data = data.subarray(skipped);
    } else if (data.length < BLOCK) {
      state.rest = data;
      return;
    } else {
      header(state, data.subarray(0, BLOCK), sink);
      data = data.subarray(BLOCK);
    }
  }
}

function header(state, block, sink) {
  if (block.every((byte) => byte === 0)) {
    state.ended = true;
    return;
  }
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (sum !== octal(block, 148, 8)) throw invalid('the archive is damaged: a header has a wrong checksum');
  const type = String.fromCharCode(block[156] || 0x30);
  const size = octal(block, 124, 12);
  state.entries += 1;
  state.bytes += size;
  if (state.entries > MAX_ENTRIES || state.bytes > MAX_BYTES)
    throw invalid('the archive is larger than allowed');
  const prefix = text(block, 345, 155);
  const name = state.longName ?? (prefix === '' ? text(block, 0, 100) : `${prefix}/${text(block, 0, 100)}`);
  if ((type === 'x' || type === 'L' || type === 'g') && size > MAX_HEADER_BYTES)
    throw invalid('the archive has an oversized header');
  if (type !== 'x' && type !== 'L' && type !== 'g') state.longName = undefined;
  sink.open({ type, name, mode: octal(block, 100, 8) });
  state.left = size;
  state.padding = (BLOCK - (size % BLOCK)) % BLOCK;
  if (size === 0) sink.finish();
}

/** Takes one entry after the other; `finish` returns the long name that an extended header announced. */
function createSink(destination, accept) {
  let kind;
  let file;
  let collected = [];
  return {
    open({ type, name, mode }) {
      kind = type;
      collected = [];
      if (type === 'x' || type === 'g' || type === 'L') return;
      if (type !== '0' && type !== '5')
        throw invalid(`the archive holds '${name}', which is neither file nor directory`);
      const inside = insidePath(name);
      if (inside === '' || !accept(inside)) return;
      const path = join(destination, inside);
      mkdirSync(type === '5' ? path : dirname(path), { recursive: true });
      if (type === '5') return;
      file = openSync(path, 'wx', 0o644);
      fchmodSync(file, (mode & 0o111) === 0 ? 0o644 : 0o755);
    },
    write(bytes) {
      if (kind === 'x' || kind === 'L') collected.push(Buffer.from(bytes));
      if (file === undefined) return;
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    },
    finish() {
      this.close();
      const content = Buffer.concat(collected).toString('utf8');
      if (kind === 'L') return content.replace(/\0+$/, '');
      if (kind === 'x') return /^\d+ path=(.*)$/m.exec(content)?.[1];
      return undefined;
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

function insidePath(name) {
  const segments = name.split('/').filter((each) => each !== '' && each !== '.');
  if (name.startsWith('/') || name.includes('\\') || name.includes('\0') || segments.includes('..'))
    throw invalid(`the archive holds the unsafe path '${name}'`);
  return segments.slice(1).join('/');
}

function text(block, start, length) {
  const end = block.indexOf(0, start);
  return block.toString('utf8', start, end === -1 || end > start + length ? start + length : end);
}

function octal(block, start, length) {
  const digits = text(block, start, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw invalid('the archive is damaged: a header holds no number');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
