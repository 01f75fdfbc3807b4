// Bundles the compiled rooms into dist/: an ES module per command and shared chunks, loaded lazily.
import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { build } from 'esbuild';

/** Native code that must stay outside the bundle, and a plug-in of the SBOM library for XML, which nobody asks for. */
const EXTERNAL = ['libsql', 'xmlbuilder2'];
/** Threads: each is a bundle of its own. */
const WORKERS = { 'db-worker': 'build/db/worker.js', 'deflate-worker': 'build/oci/pack/deflate-worker.js' };
/** Files of packages that are read as they are; the notices list them with the bundle's inputs. */
const COPIES = { 'deflate.wasm': 'node_modules/@zip.js/zip.js/dist/zip-module.wasm' };
const REQUIRE_SHIM =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/**
 * Takes Node's modules past their facade as ES modules, which evaluates every export, the lazy ones too: on Node 22
 * `node:http` loads all of undici by that and `node:crypto` its web cryptography. Here only what is used is evaluated.
 */
const builtinsWithoutFacade = {
  name: 'builtins-without-facade',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:node:)?[a-z_/]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '');
      if (kind !== 'import-statement' || !builtinModules.includes(name)) return undefined;
      return { path: `node:${name}`, namespace: 'builtin', sideEffects: false };
    });
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path)).filter((name) => /^[A-Za-z_]\w*$/.test(name));
      const exported = names.map(
        (name, i) => `const v${i} = /* @__PURE__ */ (() => builtin.${name})(); export { v${i} as ${name} };`,
      );
      return {
        contents: [
          `const builtin = process.getBuiltinModule('${path}');`,
          'export default builtin;',
          ...exported,
        ].join('\n'),
      };
    });
  },
};

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
    plugins: [builtinsWithoutFacade],
  };
  const entries = { program: 'build/cli/program.js', index: 'build/manager/index.js' };
  const result = await build({
    ...common,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    entryPoints: Object.entries(entries).map(([out, source]) => ({ in: source, out })),
    banner: { js: REQUIRE_SHIM },
  });
  for (const [out, source] of Object.entries(WORKERS)) {
    await build({ ...common, entryPoints: [{ in: source, out }], banner: { js: REQUIRE_SHIM } });
  }
  for (const [name, source] of Object.entries(COPIES)) {
    if (!existsSync(source)) throw new Error(`${source} is missing: run npm ci`);
    copyFileSync(source, `dist/${name}`);
    result.metafile.inputs[source] = { bytes: 0, imports: [] };
  }
  const version = JSON.parse(readFileSync('package.json', 'utf8')).version;
  if (!version) throw new Error('package.json has no version');
  await build({
    ...common,
    format: 'cjs',
    external: ['./program.js'],
    define: { PROV_VERSION: JSON.stringify(version) },
    entryPoints: [{ in: 'build/cli/prov.js', out: 'prov' }],
    outExtension: { '.js': '.cjs' },
  });
  chmodSync('dist/prov.cjs', 0o755);
  writeFileSync('build/bundle-meta.json', JSON.stringify(result.metafile));
}
