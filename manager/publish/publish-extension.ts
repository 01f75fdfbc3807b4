import { ProvError } from '#base';
import { type Finding, readSourceManifest, validateExtension } from '#oci';
import { openRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { type IndexUpdate, updateIndex } from '../index-document/update-index.js';
import { rehearsed } from '../transfer/rehearsed.js';
import { type PushOptions, type PushResult, packAndPush } from './push-extension.js';
import { runExtensionTests, type TestOutcome } from './run-extension-tests.js';
import { type Landed, verifyLanded } from './verify-landed.js';

export interface PublishOptions extends PushOptions {
  /** Run the extension's own tests first. Default true. */
  readonly test?: boolean | undefined;
  /** For one test, in milliseconds. */
  readonly testLimitMs?: number | undefined;
}

export interface PublishResult extends PushResult {
  /** What validation warned about. */
  readonly findings: readonly Finding[];
  /** The extension's own tests; `skipped` when they were not to be run. */
  readonly tests: readonly TestOutcome[] | 'skipped';
  readonly index: IndexUpdate;
  /** What was read back; absent from a dry run. */
  readonly landed?: Landed;
  /** What went wrong without failing the publish. */
  readonly warnings: readonly string[];
}

/**
 * Publishes a directory: checks it, runs its tests, packs, signs, pushes, brings the index up to date and reads back
 * what landed. A reader sees nothing of the version before it is complete: blobs, manifest, signatures, then the tag,
 * then the index. After a failure or a kill the same call goes on where it stopped.
 * @throws MANAGER_EXTENSION_INVALID, MANAGER_TESTS_FAILED, MANAGER_VERSION_EXISTS, MANAGER_LANDED_WRONG
 */
export async function publishExtension(
  options: PublishOptions,
  context: ManagerContext,
): Promise<PublishResult> {
  const { dir } = options;
  const findings = await validateExtension(dir, { provVersion: context.provVersion });
  assertValid(dir, findings);
  const tests = options.test === false ? ('skipped' as const) : await testsOf(options, context);
  const { dryRun = false, ...real } = options;
  const send = async (within: ManagerContext) => {
    const { result, content } = await packAndPush(real, within);
    const { version } = result;
    return {
      result,
      content,
      index: await indexOf(real, { repository: content.repository, version }, within),
    };
  };
  if (dryRun) {
    const { result, index, plan } = await rehearsed(context, send);
    return { ...result, pushed: false, findings, tests, index, ...(plan && { plan }), warnings: [] };
  }
  const { result, content, index } = await send(context);
  const { version } = result;
  const landed = await verifyLanded(
    { registry: options.registry, content, version, signedBy: options.signer?.publicKey },
    context,
  );
  const warnings =
    index.problem === undefined
      ? []
      : [`the index of ${content.repository} was not brought up to date: ${index.problem}`];
  return { ...result, findings, tests, index, landed, warnings };
}

function assertValid(dir: string, findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  throw new ProvError('MANAGER_EXTENSION_INVALID', { dir, problem: errors[0]!.message, more });
}

async function testsOf(options: PublishOptions, context: ManagerContext): Promise<readonly TestOutcome[]> {
  const { name, version } = readSourceManifest(options.dir, context.provVersion).value;
  return runExtensionTests({ dir: options.dir, name, version, limitMs: options.testLimitMs }, context);
}

async function indexOf(
  { registry }: PublishOptions,
  { repository, version }: { readonly repository: string; readonly version: string },
  context: ManagerContext,
): Promise<IndexUpdate> {
  const { signal, provVersion } = context;
  const registries = await openRegistries(context);
  try {
    return await updateIndex(registries.open(registry), {
      repository,
      versions: [version],
      publishedAt: new Date().toISOString(),
      provVersion,
      signal,
    });
  } finally {
    registries.close();
  }
}
