import { type Digest, isDigest, ProvError } from '#base';
import { isTag } from '#schemas';
import { repositoryScope } from './auth/scope.js';
import type { Call, RegistryClient, Reply } from './registry-client.js';

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const MAX_NAME_LENGTH = 255;

export type RepositoryCall = Omit<Call, 'target' | 'scopes' | 'repository'> & {
  /** Below `/v2/<name>/`, or where a `Location` led. */
  readonly target: Call['target'];
  /** What the token must allow. */
  readonly allow: 'pull' | 'push' | 'delete';
};

const ACTIONS = { pull: ['pull'], push: ['pull', 'push'], delete: ['delete', 'pull', 'push'] } as const;

/** One repository of a registry, as calls see it: its paths, scopes and name in messages. */
export class RepositoryAccess {
  readonly client: RegistryClient;
  /** As the user wrote it. */
  readonly name: string;
  /** `registry/namespace/name`, for messages. */
  readonly label: string;
  /** As the registry knows it. */
  readonly wireName: string;
  /** Blobs the registry did not find for a manifest though it may say that it has them. */
  readonly doubtful = new Set<string>();

  /** @throws SCHEMAS_NAME_INVALID */
  constructor(client: RegistryClient, name: string) {
    const { registry, dockerHub } = client.settings;
    this.label = `${registry}/${name}`;
    if (!NAME.test(name) || this.label.length > MAX_NAME_LENGTH) {
      const suggestion =
        'Write lower-case letters, digits and single . _ - between them, segments joined by /.';
      throw new ProvError('SCHEMAS_NAME_INVALID', { value: name, what: 'repository name', suggestion });
    }
    this.client = client;
    this.name = name;
    this.wireName = dockerHub && !name.includes('/') ? `library/${name}` : name;
  }

  call(call: RepositoryCall): Promise<Reply> {
    return this.client.call(this.complete(call));
  }

  complete({ target, allow, ...rest }: RepositoryCall, ...further: readonly string[]): Call {
    return {
      ...rest,
      target: typeof target === 'string' ? this.#pathTo(target) : target,
      scopes: [repositoryScope(this.wireName, ...ACTIONS[allow]), ...further],
      repository: this.name,
    };
  }

  /** @see OCI distribution-spec 1.1, "Registry Proxying" */
  #pathTo(target: string): string {
    const { mirrorOf } = this.client.settings;
    const path = `/v2/${this.wireName}/${target}`;
    if (mirrorOf === undefined) return path;
    return `${path}${path.includes('?') ? '&' : '?'}ns=${encodeURIComponent(mirrorOf)}`;
  }

  /** @throws SCHEMAS_REFERENCE_INVALID when it is neither a tag nor a digest. */
  checkReference(value: string): string {
    if (isDigest(value) || isTag(value)) return value;
    throw new ProvError('SCHEMAS_REFERENCE_INVALID', { value, reason: 'it is neither a tag nor a digest' });
  }

  missing(digest: Digest): ProvError {
    return new ProvError('OCI_CONTENT_MISSING', { digest, where: this.label });
  }
}
