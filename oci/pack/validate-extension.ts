import { readFileSync, statSync } from 'node:fs';
import { type ErrorCode, type ErrorDetails, isProvError, ProvError } from '#base';
import { type ExtensionManifest, isVersion } from '#schemas';
import { collectFiles, type TreeEntry } from './collect-files.js';
import { isExecutableContent, MAGIC_BYTES } from './executable-content.js';
import { createPathFilter } from './path-filter.js';
import { declaredFiles, readSourceManifest, sourceManifestProblems } from './source-manifest.js';
import { checkConfiguration } from './validate-configuration.js';

/** One thing to correct (error) or to think about (warning) in an extension. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly details: ErrorDetails;
}

/** Script endings that the runtime knows an interpreter for; a `#!` line does not count. */
const INTERPRETED = /\.(?:sh|nu|mjs|js|py)$/;
/** Shells that understand more than `sh`, in a `#!` line. */
const OTHER_SHELL = /^#!.*\b(bash|zsh|ksh|fish)\b/;

/**
 * Everything that is wrong with an extension directory, errors first; never throws for what its author did.
 * An extension without errors packs, and its scripts, schema and defaults fit together.
 */
export async function validateExtension(
  dir: string,
  options: { provVersion: string },
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const problems = attempt(findings, () => sourceManifestProblems(dir, options.provVersion));
  if (problems === undefined || problems.length > 0)
    return [...findings, ...(problems ?? []).map((problem) => finding('error', problem))];
  const manifest = readSourceManifest(dir, options.provVersion).value;
  const entries = attempt(findings, () => collectFiles(dir, createPathFilter(manifest.build ?? {})));
  if (entries === undefined) return findings;
  const files = new Map(entries.filter((entry) => entry.type === 'file').map((entry) => [entry.path, entry]));
  const report = (severity: Finding['severity'], reason: string) => {
    findings.push(
      finding(
        severity,
        new ProvError('OCI_EXTENSION_INVALID', { path: dir, reason, hint: hintOf(severity) }),
      ),
    );
  };

  for (const { key, path } of declaredFiles(manifest)) {
    const file = files.get(path);
    if (file === undefined) report('error', `${key} names ${path}, which is not among the packed files`);
    else if (!key.startsWith('configuration.')) checkScript({ key, path, file }, report);
  }
  checkHealth(manifest, report);
  checkAssets(manifest, report);
  await checkConfiguration({ dir, manifest, files: new Set(files.keys()) }, report);
  if (manifest.type === 'provider' && manifest.operations === undefined)
    report('warning', 'a provider without operations cannot make servers');
  if (![...files.keys()].some((path) => /^(?:docs\/)?README\.md$/i.test(path)))
    report('warning', 'there is no README.md');
  if (manifest.license === undefined) report('warning', 'the manifest has no license');
  for (const file of files.values()) {
    if (
      process.platform !== 'win32' &&
      (statSync(file.source).mode & 0o111) !== 0 &&
      !isExecutableFile(file)
    ) {
      report(
        'warning',
        `${file.path} is marked executable but starts with neither #! nor a program's magic: it is packed as a plain file`,
      );
    }
  }
  return findings.sort((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
}

export type Report = (severity: Finding['severity'], reason: string) => void;

interface Script {
  readonly key: string;
  readonly path: string;
  readonly file: TreeEntry;
}

function checkScript({ key, path, file }: Script, report: Report): void {
  if (!INTERPRETED.test(path))
    report('error', `${key} names ${path}, which cannot be run: scripts end in .sh, .mjs, .py or .nu`);
  if (!path.endsWith('.sh')) return;
  const shell = OTHER_SHELL.exec(readFileSync(file.source, 'latin1'))?.[1];
  if (shell !== undefined)
    report('warning', `${path} names ${shell} in its first line, but .sh scripts are run by sh`);
}

function checkHealth(manifest: ExtensionManifest, report: Report): void {
  const { health } = manifest;
  if (health === undefined) return;
  if (health.check === 'script' && manifest.scripts?.['health'] === undefined) {
    report('error', 'health.check is "script" but there is no scripts.health');
  }
  const ports = (manifest.permissions?.network ?? []).filter((each) => each.startsWith('listen:'));
  if (health.port !== undefined && !ports.includes(`listen:${health.port}`)) {
    report('error', `health.port is "${health.port}" but permissions.network has no "listen:${health.port}"`);
  }
  if (health.check !== 'script' && health.port === undefined)
    report('error', `health.check "${health.check}" needs health.port`);
}

function checkAssets(manifest: ExtensionManifest, report: Report): void {
  const seen = new Set<string>();
  for (const { name, platform, source } of manifest.assets ?? []) {
    const key = `${name} for ${platform ?? 'any platform'}`;
    if (seen.has(key)) report('error', `assets has ${key} twice`);
    seen.add(key);
    const version = /^npm:.+@([^@]+)$/.exec(source)?.[1];
    if (version !== undefined && !isVersion(version))
      report('error', `the source of asset ${name} needs an exact version, not ${version}`);
    const declared = manifest.platforms;
    if (platform !== undefined && declared !== undefined && !declared.includes(platform)) {
      report('warning', `the asset ${key} is for a platform that platforms does not list`);
    }
  }
}

function isExecutableFile(file: TreeEntry): boolean {
  return isExecutableContent(readFileSync(file.source).subarray(0, MAGIC_BYTES));
}

function attempt<T>(findings: Finding[], action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!isProvError(error)) throw error;
    findings.push(finding('error', error));
    return undefined;
  }
}

function finding(severity: Finding['severity'], error: ProvError): Finding {
  return { severity, code: error.code, message: error.message, hint: error.hint, details: error.details };
}

function hintOf(severity: Finding['severity']): string {
  return severity === 'error'
    ? 'Correct it; the extension cannot be used as it is.'
    : 'The extension works without it.';
}
