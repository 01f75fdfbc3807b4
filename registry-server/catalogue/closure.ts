import {
  type ClosureRequest,
  closureRequestSchema,
  type DependencyFacts,
  isRange,
  MEDIA,
  rangeCovers,
  splitRepository,
} from '#schemas';
import type { RegistryContext } from '../context.js';
import { readJson } from '../http/read-json.js';
import type { Exchange } from '../http/respond.js';
import type { PublishedVersion } from '../storage/metadata-db.js';
import { indexDocument } from './index-document.js';
import { sendAnswer } from './kept-answers.js';

/** Request bodies, in bytes: 4096 roots with long names and ranges. */
const REQUEST_BYTES = 2 * 1024 * 1024;
/** Packages in one answer. */
const CLOSURE_PACKAGES = 10_000;
/** Bytes of one answer; clients read 32 MiB. */
const CLOSURE_BYTES = 24 * 1024 * 1024;
/** Versions compared with a range for one answer; what is left out then, clients ask for by itself. */
const CLOSURE_TESTS = 500_000;
/** After so many comparisons other requests have their turn. */
const TESTS_PER_TURN = 2000;

/**
 * `POST /api/v1/closure`: the index of every package that can be reached from the given ones. Ranges cut off
 * what no version in them needs. Deterministic; has an ETag; says when a limit cut it short.
 */
export async function handleClosure(context: RegistryContext, exchange: Exchange): Promise<void> {
  const asked = await readJson(exchange.request, closureRequestSchema, REQUEST_BYTES);
  await sendAnswer(context, exchange, {
    key: `closure ${JSON.stringify(asked.roots.map(({ repository, range }) => [repository, range]).sort())}`,
    mediaType: MEDIA.closureDocument,
    make: () => closureText(context, asked.roots),
  });
}

/** The document as text: each package is written once, so that its size is known as it grows. */
async function closureText(context: RegistryContext, roots: ClosureRequest['roots']): Promise<string> {
  const packages = new Map<string, string>();
  const missing = new Set<string>();
  const known = new Map<string, readonly PublishedVersion[]>();
  const followed = new Set<string>();
  const open = roots.map(({ repository, range = '*' }) => ({ repository, range }));
  const asked = new Set<string>();
  let size = 0;
  let tests = 0;
  let truncated = false;
  // The list grows while it is walked.
  for (const { repository, range } of open) {
    const question = `${repository} ${range}`;
    if (asked.has(question)) continue;
    asked.add(question);
    if (tests > CLOSURE_TESTS) {
      truncated = true;
      break;
    }
    let versions = known.get(repository);
    if (versions === undefined) {
      if (truncated || missing.has(repository)) continue;
      versions = await context.metadata.listVersions(repository);
      if (versions.length === 0) {
        missing.add(repository);
        continue;
      }
      const text = JSON.stringify(indexDocument(repository, versions));
      const bytes = Buffer.byteLength(text);
      if (size + bytes > CLOSURE_BYTES || packages.size >= CLOSURE_PACKAGES) {
        truncated = true;
        continue;
      }
      size += bytes;
      known.set(repository, versions);
      packages.set(repository, text);
    }
    for (const { extension, tag } of versions) {
      tests += 1;
      if (tests % TESTS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      const version = `${repository}:${tag}`;
      if (followed.has(version) || !covers(range, extension.version)) continue;
      followed.add(version);
      open.push(...targets(repository, extension.deps));
    }
  }
  const sorted = [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  const names = JSON.stringify([...missing].sort());
  return `{"v":1,"packages":[${sorted.join(',')}],"missing":${names},"truncated":${truncated}}`;
}

interface Wanted {
  readonly version: string;
  readonly registry?: string | undefined;
  readonly namespace?: string | undefined;
}

/** What a version depends on here; dependencies on other registries are for those to answer. */
function targets(owner: string, { dependencies, optional_dependencies: optional }: DependencyFacts) {
  const { namespace: own } = splitRepository(owner);
  const all: [string, Wanted][] = [...Object.entries(dependencies ?? {}), ...Object.entries(optional ?? {})];
  return all
    .filter(([, { registry }]) => registry === undefined)
    .map(([name, { namespace = own, version }]) => ({
      repository: namespace === '' ? name : `${namespace}/${name}`,
      range: version,
    }));
}

/** Pre-releases count by precedence, so that no policy needs more than what is sent. */
function covers(range: string, version: string): boolean {
  return range === '*' || !isRange(range) || rangeCovers(range, version);
}
