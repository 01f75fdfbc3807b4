// Bundles the compiled rooms into dist/: an ES module per command and shared chunks, loaded lazily.
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

/** Native or worker code that must stay outside the bundle. */
const EXTERNAL = ['libsql'];
const REQUIRE_SHIM =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

export async function bundle() {
  rmSync('dist', { recursive: true, force: true });
  const extensionLibs = 'scripts/bundle-extension-libs.mjs';
  if (existsSync(extensionLibs)) await (await import('./bundle-extension-libs.mjs')).bundleExtensionLibs();
  const common = {
    bundle: true,
    platform: 'node',
    target: 'node20.17',
    format: 'esm',
    outdir: 'dist',
    minifySyntax: true,
    minifyWhitespace: true,
    external: EXTERNAL,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  };
  const entries = { program: 'build/cli/program.js', index: 'build/manager/index.js' };
  const result = await build({
    ...common,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    entryPoints: Object.entries(entries).map(([out, source]) => ({ in: source, out })),
    banner: { js: REQUIRE_SHIM },
  });
  if (existsSync('build/db/worker.js')) {
    await build({
      ...common,
      entryPoints: [{ in: 'build/db/worker.js', out: 'db-worker' }],
      banner: { js: REQUIRE_SHIM },
    });
  }
  await build({
    ...common,
    bundle: false,
    external: undefined,
    entryPoints: [{ in: 'build/cli/prov.js', out: 'prov' }],
  });
  chmodSync('dist/prov.js', 0o755);
  writeFileSync('build/bundle-meta.json', JSON.stringify(result.metafile));
  const version = JSON.parse(readFileSync('package.json', 'utf8')).version;
  if (!version) throw new Error('package.json has no version');
}
