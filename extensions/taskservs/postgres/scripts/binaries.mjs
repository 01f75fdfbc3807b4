import { symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { invalid, readJson, replaceDirectory, unpackTarball } from '../lib/shared.bundle.mjs';

const LIBRARY = /^native\/lib\/[A-Za-z0-9._+/-]+$/;

/** Unpacks PostgreSQL of this platform into `home`, library links included, all or nothing. */
export async function unpackBinaries(request, home, signal) {
  const [asset] = Object.values(request.assets);
  if (asset === undefined) throw invalid('there is no PostgreSQL for this platform among the assets');
  const accept = (path) => path.startsWith('native/') || path === 'LICENSE.md';
  await replaceDirectory(home, async (staging) => {
    await unpackTarball(asset.path, staging, { signal, accept });
    linkLibraries(staging);
  });
}

// An npm package cannot hold links; this one lists the links that its libraries need.
function linkLibraries(home) {
  for (const { source, target } of readJson(join(home, 'native', 'pg-symlinks.json')) ?? []) {
    for (const path of [source, target]) {
      if (!LIBRARY.test(path) || path.split('/').includes('..'))
        throw invalid(`the package asks for a link at '${path}', outside its libraries`);
    }
    symlinkSync(relative(dirname(target), source), join(home, target));
  }
}
