// Brings the programs that the interop tests run against into .interop-tools/ (git-ignored): Debian packages,
// downloaded with apt from the mirror this machine is configured for, unpacked with their own libraries and
// started through their own loader. Nothing is installed into the system and no root is needed.
//   node scripts/interop-tools.mjs          prints which are there and which are missing, and why
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const home = resolve(process.env.PROV_INTEROP_DIR ?? join(root, '.interop-tools'));

/** Which package of which Debian suite carries a program, and the libraries it needs beside it. */
const TOOLS = [
  {
    name: 'skopeo',
    versionCommand: '--version',
    suite: 'bookworm',
    binary: 'usr/bin/skopeo',
    packages: [
      'skopeo',
      'libgpgme11',
      'libassuan0',
      'libgpg-error0',
      'libdevmapper1.02.1',
      'libudev1',
      'libselinux1',
      'libpcre2-8-0',
      'libc6',
    ],
  },
  {
    // The newest one, beside the one that Debian's stable users have.
    name: 'skopeo-new',
    versionCommand: '--version',
    suite: 'sid',
    binary: 'usr/bin/skopeo',
    packages: [
      'skopeo',
      'libgpgme45',
      'libassuan9',
      'libgpg-error0',
      'libsqlite3-0',
      'libc6',
      'libselinux1',
      'libpcre2-8-0',
    ],
  },
  {
    name: 'docker-registry',
    versionCommand: '--version',
    suite: 'bookworm',
    binary: 'usr/bin/docker-registry',
    packages: ['docker-registry', 'libc6'],
  },
  {
    name: 'cosign2',
    suite: 'trixie',
    binary: 'usr/bin/cosign',
    packages: ['cosign', 'libc6', 'libpcsclite1'],
  },
  { name: 'cosign3', suite: 'sid', binary: 'usr/bin/cosign', packages: ['cosign', 'libc6', 'libpcsclite1'] },
  { name: 'oras', suite: 'sid', binary: 'usr/bin/oras', packages: ['oras', 'libc6'] },
  { name: 'crane', suite: 'sid', binary: 'usr/bin/crane', packages: ['crane', 'libc6'] },
];

/** The mirror and keyring of the Debian archive that apt is already configured for. */
function debianArchive() {
  const listed = run('apt-get', [
    'indextargets',
    '--format',
    '$(SITE)|$(RELEASE)|$(CODENAME)',
    'Created-By: Packages',
  ]);
  const rows = listed.stdout.split('\n').map((line) => line.split('|'));
  const row =
    rows.find(([, , codename]) => codename === 'bookworm') ??
    rows.find(([site]) => /debian\/?$/.test(site ?? ''));
  if (!row) throw new Error('apt has no Debian archive configured');
  return { site: row[0].replace(/\/$/, ''), keyring: '/usr/share/keyrings/debian-archive-keyring.gpg' };
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  if (result.error) throw new Error(`${command}: ${result.error.message}`);
  if (result.status !== 0)
    throw new Error(
      `${command} ${args[0]}: exit ${result.status}: ${(result.stderr || result.stdout).trim().split('\n').slice(-3).join(' | ')}`,
    );
  return result;
}

/** apt options that keep its lists, cache and status out of the system's. */
function privateApt(suite, archive) {
  const state = join(home, 'apt', suite);
  for (const folder of ['lists/partial', 'archives/partial', 'etc'])
    mkdirSync(join(state, folder), { recursive: true });
  writeFileSync(
    join(state, 'etc/sources.list'),
    `deb [signed-by=${archive.keyring}] ${archive.site} ${suite} main\n`,
  );
  writeFileSync(join(state, 'status'), '');
  const options = [
    `Dir::State::lists=${state}/lists`,
    `Dir::State::status=${state}/status`,
    `Dir::Cache=${state}`,
    `Dir::Cache::archives=${state}/archives`,
    `Dir::Etc::sourcelist=${state}/etc/sources.list`,
    'Dir::Etc::sourceparts=/dev/null',
    'Dir::Etc::preferences=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    'Acquire::Languages=none',
    'APT::Sandbox::User=root',
    'Debug::NoLocking=true',
    'pkgCacheGen::Essential=none',
  ];
  return options.flatMap((option) => ['-o', option]);
}

function install(tool, archive) {
  const wrapper = join(home, 'bin', tool.name);
  if (existsSync(wrapper)) return;
  const apt = privateApt(tool.suite, archive);
  const state = join(home, 'apt', tool.suite);
  if (!existsSync(join(state, 'updated'))) {
    run('apt-get', [...apt, 'update', '-qq']);
    writeFileSync(join(state, 'updated'), '');
  }
  const staging = join(home, `${tool.name}.staging`);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(join(staging, 'debs'), { recursive: true });
  run('apt-get', [...apt, 'download', '-qq', ...tool.packages], { cwd: join(staging, 'debs') });
  const archiveFile = readdirSync(join(staging, 'debs')).find((file) =>
    file.startsWith(`${tool.packages[0]}_`),
  );
  writeFileSync(join(staging, 'VERSION'), decodeURIComponent(archiveFile.split('_')[1]));
  for (const file of readdirSync(join(staging, 'debs')))
    run('dpkg-deb', ['-x', join(staging, 'debs', file), staging]);
  rmSync(join(staging, 'debs'), { recursive: true });
  const folder = join(home, tool.name);
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
  const binary = join(folder, tool.binary);
  const triplet = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch];
  const libraries = ['lib', 'usr/lib']
    .flatMap((base) => [join(folder, base, triplet), join(folder, base)])
    .filter(existsSync);
  const loader = libraries.flatMap((library) =>
    readdirSync(library)
      .filter((name) => name.startsWith('ld-linux'))
      .map((name) => join(library, name)),
  )[0];
  const dynamic = readFileSync(binary).includes('ld-linux');
  mkdirSync(join(home, 'bin'), { recursive: true });
  const start = dynamic ? `"${loader}" --library-path "${libraries.join(':')}" "${binary}"` : `"${binary}"`;
  writeFileSync(`${wrapper}.tmp`, `#!/bin/sh\nexec ${start} "$@"\n`);
  chmodSync(`${wrapper}.tmp`, 0o755);
  renameSync(`${wrapper}.tmp`, wrapper);
}

export function installInteropTools() {
  mkdirSync(home, { recursive: true });
  let archive;
  try {
    archive = debianArchive();
  } catch (error) {
    return TOOLS.map(({ name }) => ({ name, missing: error.message }));
  }
  return TOOLS.map((tool) => {
    try {
      install(tool, archive);
      const started = spawnSync(join(home, 'bin', tool.name), [tool.versionCommand ?? 'version'], {
        encoding: 'utf8',
      });
      if (started.status !== 0 && started.status !== 1)
        throw new Error(`does not start: ${(started.stderr ?? '').trim().split('\n')[0]}`);
      return { name: tool.name, version: readFileSync(join(home, tool.name, 'VERSION'), 'utf8') };
    } catch (error) {
      return { name: tool.name, missing: error.message };
    }
  });
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const { name, version, missing } of installInteropTools())
    console.log(missing ? `missing ${name}: ${missing}` : `present ${name} ${version}`);
}
