import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const quote = (text) =>
  /^[A-Za-z0-9_@%+=:,./^~*-]+$/.test(text) && !/[*^~]/.test(text)
    ? text
    : `'${text.replaceAll("'", `'\\''`)}'`;
/** System programs that scripts may need beside node; npm is not among them. */
const FAR_PROGRAMS = ['sh', 'id', 'ps', 'uname', 'getconf', 'df', 'ldd', 'cat', 'cp', 'kill'];

/** Signals closer together than this are one, in milliseconds. */
const SECOND_SIGNAL_MS = 3000;

export class StepError extends Error {
  constructor(message, { code, hint, command, exitCode }) {
    super(message);
    Object.assign(this, { code, hint, command, exitCode });
  }
}

/** Runs `prov` commands one at a time as child processes; Ctrl-C reaches the one that runs. */
export function createRunner({ root, dir, reporter }) {
  let child;
  let interrupted;
  let interruptedAt = 0;
  let record;
  // One Ctrl-C may arrive twice (from the terminal and from npm). The child, which has a process group of its
  // own, must get it once: a second one would end it without cleaning up.
  const interrupt = (signal) => {
    if (interrupted && Date.now() - interruptedAt < SECOND_SIGNAL_MS) return;
    interrupted ??= signal;
    interruptedAt = Date.now();
    child?.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupt(signal));
  process.stdout.on('error', () => interrupt('SIGTERM'));
  const start = (program, args, options) => {
    child = spawn(program, args, { ...options, detached: true });
    if (child.pid !== undefined) record?.child(child.pid);
    return child;
  };
  const ended = () => {
    child = undefined;
    record?.child();
  };
  const assertGoing = (command) => {
    if (interrupted)
      throw new StepError('interrupted', {
        code: 'INTERRUPTED',
        command,
        exitCode: interrupted === 'SIGINT' ? 130 : 143,
        hint: 'Run it again: it goes on from what is there.',
      });
  };
  const prov = join(root, 'dist', 'prov.cjs');
  const write = (path, text) => {
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  };

  /** A side has its own home and, on the far side, a PATH without npm. */
  function environment(side) {
    const home = `"$PWD/${dir}/${side}/home"`;
    const shown = {
      PATH: `"$PWD/${dir}/${side === 'far' ? 'far/bin' : 'bin'}${side === 'far' ? '"' : `:$PATH"`}`,
      PROVISIONING_HOME: home,
      PROVISIONING_SIGN_PASSWORD: `"$(cat ${dir}/keys/password)"`,
    };
    return { shown, home: join(root, dir, side, 'home') };
  }

  function prepare() {
    const bin = join(root, dir, 'bin');
    mkdirSync(bin, { recursive: true });
    write(join(bin, 'prov'), `#!/bin/sh\nexec "${process.execPath}" "${prov}" "$@"\n`);
    const farBin = join(root, dir, 'far', 'bin');
    mkdirSync(farBin, { recursive: true });
    write(join(farBin, 'prov'), `#!/bin/sh\nexec "${process.execPath}" "${prov}" "$@"\n`);
    const link = (name, target) => {
      rmSync(join(farBin, name), { force: true });
      symlinkSync(target, join(farBin, name));
    };
    link('node', process.execPath);
    for (const name of FAR_PROGRAMS) {
      const found = (process.env.PATH ?? '')
        .split(delimiter)
        .map((folder) => join(folder, name))
        .find(existsSync);
      if (found) link(name, found);
    }
  }

  /** Runs a command with `--out json` and returns its data. */
  async function run(
    side,
    name,
    args,
    { quiet = false, summarise = () => '', allowFailure = false, shell } = {},
  ) {
    const { shown, home } = environment(side);
    const full = shell ?? ['prov', ...args, '--out', 'json'];
    const command = full.map(quote).join(' ');
    if (!quiet) assertGoing(command);
    prepare();
    const { readFileSync } = await import('node:fs');
    const passwordFile = join(root, dir, 'keys', 'password');
    const env = {
      ...process.env,
      PATH:
        side === 'far'
          ? join(root, dir, 'far', 'bin')
          : `${join(root, dir, 'bin')}${delimiter}${process.env.PATH}`,
      PROVISIONING_HOME: home,
      ...(existsSync(passwordFile) ? { PROVISIONING_SIGN_PASSWORD: readFileSync(passwordFile, 'utf8') } : {}),
    };
    const started = Date.now();
    const [program, ...rest] = shell ?? [process.execPath, prov, ...args, '--out', 'json'];
    const { code, stdout, stderr } = await new Promise((resolve, reject) => {
      start(program, rest, {
        cwd: root,
        env: shell ? process.env : env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk) => (out += chunk));
      child.stderr.on('data', (chunk) => (err += chunk));
      child.on('error', reject);
      child.on('close', (status, signal) =>
        resolve({ code: status ?? (signal === 'SIGINT' ? 130 : 143), stdout: out, stderr: err }),
      );
    });
    ended();
    if (!quiet) assertGoing(command);
    const document = shell ? undefined : parse(stdout);
    if (code !== 0 && !allowFailure) {
      const error = document?.error;
      throw new StepError(error ? `${error.code}: ${error.message}` : stderr.trim() || `exit code ${code}`, {
        code: error?.code,
        hint: error?.hint,
        command,
        exitCode: code,
      });
    }
    const data = document?.data;
    if (!quiet)
      reporter.step({
        side,
        name,
        command,
        env: shown,
        ok: code === 0,
        ms: Date.now() - started,
        summary: data === undefined ? '' : summarise(data),
        data,
      });
    return data;
  }

  /** Runs the far side where only loopback can be reached, if such a place can be made. */
  async function far({ state, keep, run: here }) {
    const namespace = keep ? undefined : networkNamespace();
    if (!namespace)
      return {
        ...(await here()),
        isolation: keep
          ? 'not isolated: --keep leaves it reachable from this machine'
          : 'not isolated: no network namespace can be made here',
      };
    assertGoing('');
    let last;
    const [program, ...args] = [
      ...namespace,
      process.execPath,
      join(root, 'scripts', 'quickstart.mjs'),
      '--part',
      'far',
      '--dir',
      dir,
    ];
    const code = await new Promise((resolve, reject) => {
      start(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
      let rest = '';
      child.stdout.on('data', (chunk) => {
        rest += chunk;
        const lines = rest.split('\n');
        rest = lines.pop();
        for (const line of lines.filter((each) => each !== '')) {
          const event = JSON.parse(line);
          if (event.event === 'result' || event.event === 'done') last = event;
          else reporter.adopt(event);
        }
      });
      child.on('error', reject);
      child.on('close', (status) => resolve(status ?? 143));
    });
    ended();
    assertGoing('');
    if (code !== 0 || last === undefined || last.event === 'done') {
      const error = last?.error ?? {};
      throw new StepError(error.message ?? `the far side ended with ${code}`, {
        code: error.code,
        hint: error.hint,
        command: error.command,
        exitCode: code === 0 ? 1 : code,
      });
    }
    return {
      ...last,
      isolation: 'only loopback reachable (own network namespace), npm off the PATH, empty home',
      state,
    };
  }

  return {
    run,
    far,
    dir,
    root,
    /** Every process that is started from now on is written down. */
    remember: (processes) => {
      record = processes;
    },
  };
}

function parse(stdout) {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

/** The command line that runs what follows it with loopback as the only network, or undefined. */
export function networkNamespace() {
  if (process.platform !== 'linux') return undefined;
  const inside = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  const candidates =
    process.getuid() === 0
      ? [['unshare', '--net']]
      : [['unshare', '--user', '--map-current-user', '--keep-caps', '--net']];
  for (const candidate of candidates) {
    const tried = spawnSync(candidate[0], [...candidate.slice(1), ...inside, 'true'], { stdio: 'ignore' });
    if (tried.status === 0) return [...candidate, ...inside];
  }
  return undefined;
}
