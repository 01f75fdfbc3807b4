import { createHash, randomUUID } from 'node:crypto';

export interface StoredManifest {
  readonly type: string;
  readonly bytes: Buffer;
}

export interface Repository {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
}

export interface Upload {
  readonly id: string;
  readonly repository: string;
  bytes: Buffer;
  /** How often its Location changed. */
  step: number;
}

/** What the registry holds. */
export class Model {
  readonly repositories = new Map<string, Repository>();
  readonly uploads = new Map<string, Upload>();

  repository(name: string): Repository {
    let found = this.repositories.get(name);
    if (found === undefined) {
      found = { blobs: new Map(), manifests: new Map(), tags: new Map() };
      this.repositories.set(name, found);
    }
    return found;
  }

  putBlob(name: string, bytes: Buffer, algorithm = 'sha256'): string {
    const digest = hash(bytes, algorithm);
    this.repository(name).blobs.set(digest, bytes);
    return digest;
  }

  putManifest(name: string, manifest: { type: string; bytes: Buffer; tag?: string }): string {
    const digest = hash(manifest.bytes);
    const repository = this.repository(name);
    repository.manifests.set(digest, { type: manifest.type, bytes: manifest.bytes });
    if (manifest.tag !== undefined) repository.tags.set(manifest.tag, digest);
    return digest;
  }

  find(name: string, reference: string): { digest: string; manifest: StoredManifest } | undefined {
    const repository = this.repository(name);
    const digest = reference.includes(':') ? reference : repository.tags.get(reference);
    const manifest = digest === undefined ? undefined : repository.manifests.get(digest);
    return digest === undefined || manifest === undefined ? undefined : { digest, manifest };
  }

  referrers(name: string, subject: string): Record<string, unknown>[] {
    const out: Record<string, unknown>[] = [];
    for (const [digest, { type, bytes }] of this.repository(name).manifests) {
      const body = JSON.parse(bytes.toString('utf8'));
      if (body.subject?.digest !== subject) continue;
      const artifactType = body.artifactType ?? body.config?.mediaType;
      out.push({ mediaType: type, digest, size: bytes.length, artifactType, annotations: body.annotations });
    }
    return out;
  }

  startUpload(repository: string): Upload {
    const upload = { id: randomUUID(), repository, bytes: Buffer.alloc(0), step: 0 };
    this.uploads.set(upload.id, upload);
    return upload;
  }
}

export function hash(bytes: Buffer, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}
