import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LIMITS, ProvError } from '#base';
import type { Asset } from '#schemas';
import type { ManagerContext } from '../context.js';

const MAX_REDIRECTS = 5;
/** Silence on the line after which a download is given up, in milliseconds. */
const STALL_TIMEOUT_MS = 60_000;

/** Downloads an `https://` asset; redirects stay on https and carry nothing of ours. */
export async function downloadHttps(asset: Asset, staging: string, context: ManagerContext): Promise<string> {
  const path = join(staging, asset.name);
  const limit = asset.size ?? LIMITS.blobBytes;
  try {
    const response = await follow(new URL(asset.source), context.signal);
    let bytes = 0;
    const cap = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        done(bytes > limit ? new Error(`it is larger than ${limit} bytes`) : null, chunk);
      },
    });
    await pipeline(response, cap, createWriteStream(path, { flags: 'wx' }), { signal: context.signal });
    return path;
  } catch (error) {
    if (context.signal?.aborted) throw error;
    throw new ProvError(
      'MANAGER_ASSET_UNAVAILABLE',
      { asset: asset.name, source: asset.source, reason: (error as Error).message },
      { cause: error },
    );
  }
}

async function follow(url: URL, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  let current = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    if (current.protocol !== 'https:') throw new Error('a redirect leaves https');
    const response = await request(current, signal);
    const status = response.statusCode ?? 0;
    if (status === 200) return response;
    response.resume();
    const { location } = response.headers;
    if (status < 300 || status >= 400 || location === undefined)
      throw new Error(`the server answered ${status}`);
    current = new URL(location, current);
  }
  throw new Error(`more than ${MAX_REDIRECTS} redirects`);
}

function request(url: URL, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = get(url, { signal, headers: { 'accept-encoding': 'identity' } }, resolve);
    outgoing.setTimeout(STALL_TIMEOUT_MS, () => outgoing.destroy(new Error('the server went silent')));
    outgoing.on('error', reject);
  });
}
