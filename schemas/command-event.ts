import * as z from 'zod';

const version = z.literal(1);
const operation = z.enum(['push', 'pull', 'copy', 'export', 'import', 'install']);
const bytes = z.int().nonnegative();
const content = { operation, digest: z.string(), name: z.string().optional(), size: bytes };

/** One line of `--out ndjson`. Readers ignore members and events they do not know. @see docs/spec/events.md */
export const commandEventSchema = z.union([
  z.looseObject({ v: version, event: z.literal('transfer.plan'), operation, items: bytes, bytes }),
  z.looseObject({
    v: version,
    event: z.literal('transfer.progress'),
    ...content,
    done: bytes,
    resumed: bytes,
  }),
  z.looseObject({
    v: version,
    event: z.literal('transfer.item'),
    ...content,
    outcome: z.enum(['copied', 'skipped', 'mounted', 'cached']),
  }),
  z.looseObject({
    v: version,
    event: z.literal('transfer.tag'),
    operation,
    tag: z.string(),
    digest: z.string(),
  }),
  z.looseObject({ v: version, event: z.literal('done'), ok: z.literal(true), data: z.unknown() }),
  z.looseObject({
    v: version,
    event: z.literal('done'),
    ok: z.literal(false),
    error: z.looseObject({ code: z.string(), message: z.string(), exit: z.int() }),
  }),
  z.looseObject({
    v: version,
    event: z.string().regex(/^(?!transfer\.|done$)[a-z]+(?:[.-][a-z]+)*$/),
    message: z.string().optional(),
  }),
]);
export type CommandEvent = z.output<typeof commandEventSchema>;
