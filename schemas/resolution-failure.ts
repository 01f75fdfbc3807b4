import * as z from 'zod';

const origin = z.looseObject({ file: z.string(), line: z.int().positive().optional(), layer: z.string() });
const index = z.int().nonnegative();

/** `package` is an index into `packages`, `versions` are indexes into its versions. */
const term = z.looseObject({ package: index, versions: z.array(index), absent: z.boolean() });

const available = z.looseObject({
  location: z.string(),
  versions: z.array(z.string()),
  kind: z.string().optional(),
  ignoredTags: z.array(z.string()).optional(),
  offline: z.literal(true).optional(),
});

export const RESOLUTION_CAUSES = [
  'requirement',
  'dependency',
  'conflict',
  'offer',
  'choice',
  'exclusive',
  'same-name',
  'platform',
  'compatibility',
  'yanked',
  'revoked',
  'prerelease',
  'too-new',
  'age-unknown',
  'advisory',
  'locked',
  'constraint',
  'no-fallback',
  'refused',
  'malformed',
] as const;

const cause = z.looseObject({
  type: z.enum(RESOLUTION_CAUSES),
  target: z.string().optional(),
  range: z.string().optional(),
  /** Where a person wrote a requirement. */
  origin: origin.optional(),
  overridden: z.looseObject({ range: z.string(), origin }).optional(),
  /** What there is, when nothing of it fits. */
  available: available.optional(),
});

const fix = z.looseObject({
  /** To run in this order, in the workspace; empty when it is nothing that a command does. */
  commands: z.array(z.string()),
  summary: z.string(),
  /** What would be chosen: name → version, only what the proof speaks of. */
  result: z.record(z.string(), z.string()),
});

/**
 * Why there is no resolution: words for people, and a proof that `checkProof` accepts. Facts are numbered
 * from 0, steps go on after them; `left` and `right` are such numbers. The last step has no terms.
 */
export const resolutionFailureSchema = z.looseObject({
  schema: z.literal(1),
  type: z.enum(['unsatisfiable', 'budget']),
  headline: z.string(),
  lines: z.array(z.string()),
  available: z.array(z.string()),
  hints: z.array(z.string()),
  fixes: z.array(fix),
  /** Said about fixes when there are none, or when there was no time to look for all. */
  fixesNote: z.string().optional(),
  /** Whether leaving out any one fact would make a solution possible; false when there was no time to know. */
  minimal: z.boolean(),
  packages: z.array(
    z.looseObject({
      name: z.string(),
      versions: z.array(z.string()),
      role: z.enum(['extension', 'capability', 'optional']),
    }),
  ),
  facts: z.array(z.looseObject({ terms: z.array(term), cause })),
  steps: z.array(z.looseObject({ left: index, right: index, pivot: index, terms: z.array(term) })),
});
/** The JSON form of a resolution that failed. @see docs/resolver.md */
export type ResolutionFailureDocument = z.output<typeof resolutionFailureSchema>;
