import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cliPath, projectRoot } from '../../test/support/project.js';
import { type Row, ratioAtMost } from '../row.js';
import { KEY_PASSWORD, type Site } from '../site.js';
import { timeProgram } from '../time-program.js';

/** What a start may cost over bare Node, by major version of Node. */
const GOALS: Readonly<Record<'version' | 'validate', (major: number) => number>> = {
  version: (major) => (major < 22 ? 1.3 : 1.4),
  validate: (major) => (major < 22 ? 1.9 : 2.7),
};
/** Of npm's own `--version`. */
const NPM_GOAL = 0.7;
const PULL_GOAL = 2.2;
const SIGN_GOAL = 6;
const EXTENSION = join(projectRoot, 'extensions', 'taskservs', 'os');
const PLAIN_MANIFEST = `schema: 1
name: plain
type: taskserv
version: 1.2.3
description: An extension without a configuration schema.
license: Apache-2.0
platforms: [linux/amd64, linux/arm64]
dependencies:
  os: ">=0.1.0,<2.0.0"
  containerd: ^1.7.0
`;

/** Start-up of the command as it ships, on this Node and on those that PROV_NODES lists. */
export function cliRows(site: Site): Row[] {
  const others = (process.env['PROV_NODES'] ?? '').split(delimiter).filter((path) => path !== '');
  return [process.execPath, ...others].flatMap((node) => rowsOf(site, node));
}

function rowsOf(site: Site, node: string): Row[] {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);
  const major = Number(version.split('.')[0]);
  const cwd = site.folder('cli');
  const run = (args: readonly string[]) => timeProgram(node, args, { cwd, env: site.env });
  const peer = { name: 'node -e 0', measure: () => run(['-e', '0']) };
  const shared = { unit: 'ms', better: 'lower', peer } as const;
  const plain = join(cwd, 'plain');
  const npm = npmProgram();
  let pull: readonly string[] = [];
  let pullDigest: readonly string[] = [];
  let pulls = 0;
  let push = 0;
  const sign = async (key: string) => {
    const { host } = await site.ownRegistry();
    const namespace = `bench/sign${major}-${push++}`;
    const target = ['--registry', host, '--namespace', namespace, '--sign', '--key', join(cwd, key)];
    return run([cliPath, 'ext', 'push', EXTENSION, ...target]);
  };
  return [
    {
      ...shared,
      id: `cli.version.node${major}`,
      title: `prov --version, Node ${version}`,
      candidate: { name: 'prov --version', measure: () => run([cliPath, '--version']) },
      goal: ratioAtMost(GOALS.version(major)),
      repeat: site.quick ? 2 : 4,
    },
    {
      ...shared,
      id: `cli.version-npm.node${major}`,
      title: `prov --version against npm, Node ${version}`,
      skip: npm === undefined ? 'npm is absent' : undefined,
      candidate: { name: 'prov --version', measure: () => run([cliPath, '--version']) },
      peer: { name: 'npm --version', measure: () => run([npm ?? '', '--version']) },
      goal: ratioAtMost(NPM_GOAL),
      repeat: site.quick ? 2 : 4,
    },
    {
      ...shared,
      id: `cli.pull.node${major}`,
      title: `prov ext pull of a small extension, Node ${version}`,
      candidate: {
        name: 'prov ext pull',
        measure: () => run([...pull, '--destination', join(cwd, `pulled-${pulls++}`)]),
      },
      goal: ratioAtMost(PULL_GOAL),
      repeat: site.quick ? 2 : 4,
      note: 'from our registry on loopback: tag, manifest, config, archive and lifecycle are asked for, digests checked, files unpacked',
      async prepare() {
        const { host } = await site.ownRegistry();
        const namespace = `bench/cached${major}`;
        const to = ['--registry', host, '--namespace', namespace];
        run([cliPath, 'ext', 'push', EXTENSION, ...to]);
        pull = [cliPath, 'ext', 'pull', `${host}/${namespace}/os`];
      },
    },
    {
      ...shared,
      id: `cli.pull-digest.node${major}`,
      title: `prov ext pull of a small extension by digest from the cache, Node ${version}`,
      candidate: {
        name: 'prov ext pull @sha256:…',
        measure: () => run([...pullDigest, '--destination', join(cwd, `pulled-${pulls++}`)]),
      },
      goal: ratioAtMost(PULL_GOAL),
      repeat: site.quick ? 2 : 4,
      note: 'nobody is asked: manifest, config and archive are on this machine and checked again',
      async prepare() {
        const { host } = await site.ownRegistry();
        const namespace = `bench/digest${major}`;
        const to = ['--registry', host, '--namespace', namespace, '--out', 'json'];
        const pushed = execFileSync(node, [cliPath, 'ext', 'push', EXTENSION, ...to], { env: site.env });
        const { digest } = (JSON.parse(pushed.toString()) as { data: { digest: string } }).data;
        pullDigest = [cliPath, 'ext', 'pull', `${host}/${namespace}/os@${digest}`];
        run([...pullDigest, '--destination', join(cwd, 'filled')]);
      },
    },
    {
      ...shared,
      id: `cli.validate.node${major}`,
      title: `prov ext validate (YAML, zod), Node ${version}`,
      candidate: { name: 'prov ext validate', measure: () => run([cliPath, 'ext', 'validate', plain]) },
      goal: ratioAtMost(GOALS.validate(major)),
      repeat: site.quick ? 2 : 4,
      async prepare() {
        mkdirSync(plain, { recursive: true });
        writeFileSync(join(plain, 'manifest.yaml'), PLAIN_MANIFEST);
      },
    },
    {
      ...shared,
      id: `cli.validate-schema.node${major}`,
      title: `prov ext validate (YAML, zod, JSON Schema), Node ${version}`,
      candidate: { name: 'prov ext validate', measure: () => run([cliPath, 'ext', 'validate', EXTENSION]) },
      goal: ratioAtMost(GOALS.validate(major)),
      repeat: site.quick ? 2 : 4,
      note: 'the schema of the extension is compiled in every process, its meta-schema when prov is built',
    },
    {
      ...shared,
      id: `cli.sign.node${major}`,
      title: `prov ext push --sign, Node ${version}`,
      candidate: { name: 'prov ext push --sign', measure: () => sign('bench.key') },
      goal: ratioAtMost(SIGN_GOAL),
      repeat: site.quick ? 1 : 2,
      note: "opens an encrypted key, packs, pushes and signs a small extension on our registry; cosign's scrypt (N 65536, r 8), which makes the password slow to guess, takes some 185 ms of CPU of it",
      async prepare() {
        await site.ownRegistry();
        execFileSync(node, [cliPath, 'key', 'generate', '--output', join(cwd, 'bench')], {
          env: { ...site.env, PROVISIONING_SIGN_PASSWORD: KEY_PASSWORD },
          stdio: 'ignore',
        });
      },
    },
    {
      ...shared,
      id: `cli.sign-plain-key.node${major}`,
      title: `prov ext push --sign with an unencrypted key, Node ${version}`,
      candidate: { name: 'prov ext push --sign', measure: () => sign('plain.key') },
      goal: ratioAtMost(SIGN_GOAL),
      repeat: site.quick ? 1 : 2,
      note: 'the same with a plain PKCS#8 key: what is ours of the time',
      async prepare() {
        await site.ownRegistry();
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
        writeFileSync(join(cwd, 'plain.key'), pem, { mode: 0o600 });
      },
    },
  ];
}

/** The script behind the command npm, which is run by the Node that is measured. */
function npmProgram(): string | undefined {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'npm'))
    .find((path) => existsSync(path));
  return found && realpathSync(found);
}
