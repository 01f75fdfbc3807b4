// Checks what `npm pack` would ship: the bundle, the extensions and the documents, nothing else.
import { spawnSync } from 'node:child_process';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  encoding: 'utf8',
  maxBuffer: 64 << 20,
});
if (packed.status !== 0) {
  console.error(packed.stderr);
  process.exit(1);
}
const parsed = JSON.parse(packed.stdout);
const [report] = Array.isArray(parsed) ? parsed : Object.values(parsed);
const paths = report.files.map(({ path }) => path);
const problems = [];
const allowed =
  /^(?:dist\/|extensions\/|README\.md$|LICENSE$|CHANGELOG\.md$|THIRD-PARTY-NOTICES\.md$|docs\/errors\.md$|package\.json$)/;
for (const path of paths) if (!allowed.test(path)) problems.push(`${path} should not be shipped`);
for (const path of paths)
  if (/\.(?:test\.\w+|ts|tsbuildinfo|key|pem)$/.test(path) && !path.endsWith('.d.ts'))
    problems.push(`${path} should not be shipped`);
const required = [
  'dist/prov.cjs',
  'dist/program.cjs',
  'dist/modules.cjs',
  'dist/index.js',
  'dist/db-worker.js',
  'dist/deflate-worker.js',
  'dist/deflate.wasm',
  'dist/types/manager/index.d.ts',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'THIRD-PARTY-NOTICES.md',
  'extensions/providers/local/manifest.yaml',
  'extensions/taskservs/postgres/lib/pg.bundle.mjs',
];
for (const path of required) if (!paths.includes(path)) problems.push(`${path} is missing from the package`);
const limitMiB = 8;
if (report.unpackedSize > limitMiB << 20)
  problems.push(`the package unpacks to ${report.unpackedSize} bytes, over ${limitMiB} MiB`);
console.log(
  `${paths.length} files, ${(report.size / 1024).toFixed(0)} KiB packed, ${(report.unpackedSize / 1024).toFixed(0)} KiB unpacked`,
);
for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 ? 1 : 0);
