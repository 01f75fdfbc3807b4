import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import {
  beginInstall,
  invalid,
  pruneVersions,
  replaceDirectory,
  replaceLink,
  runScript,
  ScriptError,
  stampStatus,
  unpackTarball,
  writeStamp,
} from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

const VERSION_TIMEOUT_MS = 20_000;

/** Unpacks the program of this platform, tries it, and only then links it into `bin/`. */
async function install(request, { progress, signal }) {
  const { home, program, link, all } = layout(request);
  const backup = request.dry_run ? undefined : beginInstall(request, { files: [link] });
  const { link: wanted = true } = request.config;
  const before = stampStatus(request, [program]);
  if (before.status === 'done') return { changed: false, outputs: before.outputs };
  if (request.dry_run) return { changed: true, message: `would install ${program}` };
  const [asset] = Object.values(request.assets);
  if (asset === undefined) throw invalid('there is no nushell for this platform among the assets');
  progress(`unpacking nushell ${request.extension.version}`, 10);
  await replaceDirectory(home, (staging) =>
    unpackTarball(asset.path, staging, { signal, accept: (path) => path === 'bin/nu' || path === 'LICENSE' }),
  );
  const version = askVersion(program);
  if (version !== request.extension.version)
    throw new ScriptError(`${program} says it is ${version}, not ${request.extension.version}`);
  if (wanted) replaceLink(link, relative(dirname(link), program));
  else rmSync(link, { force: true });
  const outputs = { nu: wanted ? link : program, version };
  writeStamp(request, { outputs });
  pruneVersions(all, request, backup);
  return { changed: true, outputs };
}

function askVersion(program) {
  if (!existsSync(program)) throw new ScriptError('the package holds no bin/nu');
  const nu = spawnSync(program, ['--version'], {
    encoding: 'utf8',
    timeout: VERSION_TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (nu.status !== 0)
    throw new ScriptError(
      `${program} does not run here: ${nu.error?.message ?? nu.stderr.trim() ?? nu.signal}`,
    );
  return nu.stdout.trim();
}

await runScript({ install });
