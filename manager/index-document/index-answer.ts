import type { IndexDocument } from '#schemas';

export interface ReadIndexOptions {
  /** ETag of an index that the caller has kept. */
  readonly etag?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The index of a package, or that the one the caller has kept is still right. */
export type IndexAnswer =
  | {
      readonly from: 'endpoint' | 'artifact';
      readonly unchanged: false;
      readonly document: IndexDocument;
      readonly etag?: string | undefined;
    }
  | { readonly from: 'endpoint'; readonly unchanged: true; readonly etag: string };
