// Bundles the compiled rooms into dist/: modules.cjs, in which each module is a function that runs when something of it
// is first used, and program.cjs, which loads them (docs/adr/0011-modules-on-first-use.md).
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, relative, resolve as resolvePath } from 'node:path';
import { build, transform } from 'esbuild';
import { lazyModule } from './lazy-module.mjs';

/** Packages whose files are taken as one module: with copies of its own each would not know what another made. */
const WHOLE = ['@cyclonedx/cyclonedx-library'];
/** Native code that must stay outside the bundle, and a plug-in of the SBOM library for XML, which nobody asks for. */
const EXTERNAL = ['libsql', 'xmlbuilder2'];
/** Threads: each is a bundle of its own. */
const WORKERS = { 'db-worker': 'build/db/worker.js', 'deflate-worker': 'build/oci/pack/deflate-worker.js' };
/** Files of packages that are read as they are; the notices list them with the bundle's inputs. */
const COPIES = { 'deflate.wasm': 'node_modules/@zip.js/zip.js/dist/zip-module.wasm' };
const TARGET = 'node20.17';
const PROGRAM = 'cli/program';
const DOOR = 'manager/index';
const MINIFY = {
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  target: TARGET,
};
const REQUIRE_SHIM =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

export async function bundle() {
  rmSync('dist', { recursive: true, force: true });
  mkdirSync('dist');
  const extensionLibs = 'scripts/bundle-extension-libs.mjs';
  if (existsSync(extensionLibs)) await (await import('./bundle-extension-libs.mjs')).bundleExtensionLibs();
  const meta = { inputs: {} };
  const { modules, packages } = await readModules([PROGRAM, DOOR]);
  const parts = [...modules].map(([id, { code }]) => [id, code]);
  parts.push(...(await packageModules(packages, meta)));
  const { index, build: id } = writeArchive(parts, meta);
  await writeCommonJs('program', 'build/cli/modules/bundled-program.js', {
    PROV_MODULES: JSON.stringify(JSON.stringify(index)),
    PROV_BUILD: JSON.stringify(id),
  });
  writeFileSync('dist/index.js', libraryDoor(modules.get(DOOR).exported));
  for (const [out, source] of Object.entries(WORKERS)) {
    await build({
      ...MINIFY,
      bundle: true,
      platform: 'node',
      format: 'esm',
      outdir: 'dist',
      external: EXTERNAL,
      entryPoints: [{ in: source, out }],
      banner: { js: REQUIRE_SHIM },
    });
  }
  for (const [name, source] of Object.entries(COPIES)) {
    if (!existsSync(source)) throw new Error(`${source} is missing: run npm ci`);
    copyFileSync(source, `dist/${name}`);
    meta.inputs[source] = { bytes: 0, imports: [] };
  }
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  if (!version) throw new Error('package.json has no version');
  await writeCommonJs('prov', 'build/cli/prov.js', { PROV_VERSION: JSON.stringify(version) });
  chmodSync('dist/prov.cjs', 0o755);
  writeFileSync('build/bundle-meta.json', JSON.stringify(meta));
}

/** Every module that the entries reach, as a lazy one, and what is taken of each package. */
async function readModules(entries) {
  const modules = new Map();
  const packages = new Map();
  const queue = [...entries];
  const room = JSON.parse(readFileSync('package.json', 'utf8')).imports;
  /** Id of the module that a specifier names in module `from`; undefined for one that is not ours. */
  const ours = (specifier, from) => {
    const path =
      room[specifier] ?? (specifier.startsWith('.') ? join('build', dirname(from), specifier) : undefined);
    return path && relative('build', resolvePath(path)).replace(/\.js$/, '');
  };
  const load = async (id) => {
    const file = `build/${id}.js`;
    const { body, exported, uses } = await lazyModule(readFileSync(file, 'utf8'), {
      file,
      target: TARGET,
      resolve(specifier) {
        const target = ours(specifier, id);
        if (target !== undefined) return `__at(${JSON.stringify(target)})`;
        if (isBuiltin(specifier)) return `__builtin(${JSON.stringify(specifier)})`;
        // Taken as its default export: that is all that import() of a CommonJS module surely has.
        if (EXTERNAL.includes(specifier)) return `{ default: require(${JSON.stringify(specifier)}) }`;
        return `__at(${JSON.stringify(packageId(specifier))})`;
      },
    });
    const found = [];
    for (const { specifier, names } of uses) {
      const target = ours(specifier, id);
      if (target !== undefined) found.push(target);
      else if (!isBuiltin(specifier) && !EXTERNAL.includes(specifier))
        packages.set(specifier, new Set([...(packages.get(specifier) ?? []), ...names]));
    }
    const { code } = await transform(
      `x = (__set, __at, __builtin, require, __url) => {\n'use strict';\n${body}\n}`,
      { ...MINIFY, sourcefile: file },
    );
    modules.set(id, { exported, code: code.replace(/^x=/, '').replace(/;\n$/, '') });
    return found;
  };
  const seen = new Set(queue);
  while (queue.length > 0) {
    for (const target of (await Promise.all(queue.splice(0).map(load))).flat()) {
      if (seen.has(target)) continue;
      seen.add(target);
      queue.push(target);
    }
  }
  return { modules, packages };
}

/** modules.cjs: one module a line, as a function; gives where each stands. */
function writeArchive(parts, meta) {
  const index = {};
  const lines = [
    '// Every module of prov, each run when it is first used: see program.cjs.',
    'module.exports = {',
  ];
  let offset = Buffer.byteLength(`${lines.join('\n')}\n`);
  for (const [id, text] of parts.sort(([a], [b]) => (a < b ? -1 : 1))) {
    // esbuild leaves other characters in regular expressions only, where an escape means the same.
    const code = text.replace(
      /[^ -~\t\n]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    const bytes = code.length;
    const name = `${JSON.stringify(id)}: `;
    index[id] = [offset + name.length, bytes, lines.length];
    const line = `${name}${code},`;
    lines.push(...line.split('\n'));
    offset += line.length + 1;
    if (!id.startsWith('packages/')) meta.inputs[`build/${id}.js`] = { bytes, imports: [] };
  }
  const text = `${lines.join('\n')}\n};\n`;
  writeFileSync('dist/modules.cjs', text);
  meta.modules = Object.fromEntries(Object.entries(index).map(([id, [, bytes]]) => [id, bytes]));
  return { index, build: createHash('sha256').update(text).digest('hex').slice(0, 16) };
}

/** What is taken of packages, a module for each way to name one. */
async function packageModules(packages, meta) {
  const alone = [...packages].filter(
    ([specifier]) => !WHOLE.some((name) => specifier.startsWith(`${name}/`)),
  );
  const wholes = WHOLE.map(async (name) => {
    const specifiers = [...packages.keys()].filter((each) => each.startsWith(`${name}/`));
    const contents = specifiers
      .map((each, i) => `export * as m${i} from ${JSON.stringify(each)};`)
      .join('\n');
    return [
      await packagedModule(name, { contents, sourcefile: 'package.mjs' }, meta),
      ...specifiers.map((each, i) => [
        packageId(each),
        `(__set, __at) => {__set(__at(${JSON.stringify(packageId(name))}).m${i});}`,
      ]),
    ];
  });
  const singles = alone.map(([specifier, names]) => packageModule(specifier, names, meta));
  return [...(await Promise.all(wholes)).flat(), ...(await Promise.all(singles))];
}

/** What is taken of a package, as one module. */
async function packageModule(specifier, names, meta) {
  const from = JSON.stringify(specifier);
  const functions =
    specifier === 'semver' && [...names].every((name) => name === 'default') ? semverFunctions() : undefined;
  const contents =
    functions ??
    (names.has('*')
      ? `export * from ${from}; export { default } from ${from};`
      : `export { ${[...names].sort().join(', ')} } from ${from};`);
  return packagedModule(specifier, { contents, sourcefile: functions ? 'package.cjs' : 'package.mjs' }, meta);
}

async function packagedModule(specifier, source, meta) {
  const { metafile, outputFiles } = await build({
    ...MINIFY,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    stdin: { ...source, resolveDir: process.cwd() },
    external: EXTERNAL,
    metafile: true,
    write: false,
  });
  Object.assign(meta.inputs, metafile.inputs);
  const [, strict, text] = /^("use strict";)?(.*)$/s.exec(outputFiles[0].text);
  return [
    packageId(specifier),
    `(__set, __at, __builtin, require) => {${strict ?? ''}const module={exports:{}};let exports=module.exports;${text}__set(module.exports);}`,
  ];
}

/** The library as an ES module over the same code. */
function libraryDoor(names) {
  return `import program from './program.cjs';\nexport const { ${names.sort().join(', ')} } = program.at('${DOOR}');\n`;
}

/** A file of its own at the top of dist/, whose import of the program is one of program.cjs. */
async function writeCommonJs(out, source, define) {
  await build({
    ...MINIFY,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outdir: 'dist',
    supported: { 'dynamic-import': false },
    define,
    entryPoints: [{ in: source, out }],
    outExtension: { '.js': '.cjs' },
    plugins: [
      {
        name: 'program',
        setup({ onResolve }) {
          onResolve({ filter: /^\.\/program\.js$/ }, () => ({ path: './program.cjs', external: true }));
        },
      },
    ],
  });
}

/** The functions of semver, each with its own file: all together take longer to run than all that is done with them. */
function semverFunctions() {
  const require = createRequire(import.meta.url);
  const all = require('semver');
  const files = ['functions', 'ranges', 'classes'].flatMap((folder) =>
    readdirSync(`node_modules/semver/${folder}`)
      .filter((file) => file !== 'index.js')
      .map((file) => `semver/${folder}/${file}`),
  );
  const getters = Object.keys(all).flatMap((name) => {
    const file = files.find((each) => require(each) === all[name]);
    return file === undefined ? [] : [`get ${name}() { return require(${JSON.stringify(file)}); }`];
  });
  return `module.exports = { default: { ${getters.join(', ')} } };`;
}

function packageId(specifier) {
  return `packages/${specifier}`;
}
