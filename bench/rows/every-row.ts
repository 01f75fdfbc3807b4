import type { Row } from '../row.js';
import type { Site } from '../site.js';
import { archiveRows } from './archive.js';
import { cliRows } from './cli.js';
import { eventLogRows } from './event-log.js';
import { eventLoopRows } from './event-loop.js';
import { lockRows } from './lock.js';
import { manyRows } from './many.js';
import { manyExtensionsRows } from './many-extensions.js';
import { resolverRows } from './resolver.js';
import { serverRows } from './server.js';
import { transferRows } from './transfer.js';
import { trustRows } from './trust.js';

/** Every row, in the order of the table; what a section needs is made when its first row is asked for. */
export async function* everyRow(site: Site): AsyncGenerator<Row> {
  yield* cliRows(site);
  yield* archiveRows(site);
  yield* transferRows(site);
  yield* manyRows(site);
  yield* manyExtensionsRows(site);
  yield* eventLoopRows(site);
  yield* serverRows(site);
  yield* await trustRows(site);
  yield* eventLogRows(site);
  yield* resolverRows(site);
  yield* lockRows(site);
}
