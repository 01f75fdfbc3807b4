import type { Digest } from '#base';
import { SharedWork } from './shared-work.js';

/** What several copies to one target, made at once or one after the other, know of its blobs. */
export class BlobTraffic {
  /** Those on their way. */
  readonly work = new SharedWork();
  /** Those that were found there or brought: they need not be asked for again. */
  readonly here = new Set<Digest>();
}
