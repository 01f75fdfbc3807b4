import type { Digest } from '#base';

export interface CachedManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

const MAX_BYTES = 8 * 1024 * 1024;

/** The manifests last seen, by digest: content never changes, so they need no second request. */
export class ManifestCache {
  readonly #entries = new Map<Digest, CachedManifest>();
  #bytes = 0;

  get(digest: Digest): CachedManifest | undefined {
    const found = this.#entries.get(digest);
    if (found) {
      this.#entries.delete(digest);
      this.#entries.set(digest, found);
    }
    return found;
  }

  set(digest: Digest, manifest: CachedManifest): void {
    this.delete(digest);
    this.#entries.set(digest, manifest);
    this.#bytes += manifest.bytes.byteLength;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= MAX_BYTES) return;
      this.delete(oldest);
    }
  }

  delete(digest: Digest): void {
    this.#bytes -= this.#entries.get(digest)?.bytes.byteLength ?? 0;
    this.#entries.delete(digest);
  }
}
