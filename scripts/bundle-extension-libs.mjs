// Writes the generated files inside the shipped extensions, so that each one is self-contained:
// lib/shared.bundle.mjs (from extensions/shared) everywhere, lib/pg.bundle.mjs where SQL is spoken.
// Same sources, same bytes: esbuild and pg are pinned by the lock file.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const SPEAK_SQL = ['taskservs/postgres', 'taskservs/web'];

/** Every shipped extension, as `kinds/name`. */
export function shippedExtensions() {
  return ['providers', 'taskservs', 'clusters', 'workflows', 'templates'].flatMap((kinds) => {
    const folder = join(root, 'extensions', kinds);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => existsSync(join(folder, name, 'manifest.yaml')))
      .sort()
      .map((name) => `${kinds}/${name}`);
  });
}

/** Writes all generated libraries; the bytes depend on the sources and pinned packages only. */
export async function bundleExtensionLibs() {
  const common = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    charset: 'utf8',
    legalComments: 'inline',
    write: true,
    logLevel: 'warning',
  };
  for (const name of shippedExtensions()) {
    await build({
      ...common,
      entryPoints: ['extensions/shared/index.mjs'],
      outfile: `extensions/${name}/lib/shared.bundle.mjs`,
      banner: { js: '// Generated from extensions/shared by scripts/bundle-extension-libs.mjs: edit there.' },
    });
  }
  for (const name of SPEAK_SQL) {
    await build({
      ...common,
      stdin: {
        contents: "import pg from 'pg';\nexport const { Client, Pool } = pg;\n",
        resolveDir: root,
        sourcefile: 'pg-entry.mjs',
      },
      outfile: `extensions/${name}/lib/pg.bundle.mjs`,
      minify: true,
      // Optional native parts of pg, absent by design: only its JavaScript client is used.
      external: ['pg-native', 'pg-cloudflare', 'cloudflare:sockets'],
      banner: {
        js: [
          '// pg (MIT), bundled by scripts/bundle-extension-libs.mjs; the version is pinned in package.json.',
          "import { createRequire as prov_createRequire } from 'node:module';",
          'const require = prov_createRequire(import.meta.url);',
        ].join('\n'),
      },
    });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundleExtensionLibs();
