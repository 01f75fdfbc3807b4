import { createHash } from 'node:crypto';
import { canonicalJson } from '#base';
import { ANNOTATION, configBlob, dependencyFacts, extensionManifestSchema, MEDIA } from '#schemas';

export const PACKAGES = 850;
export const NAMESPACE = 'bench-lock';
const VERSIONS = 5;
/** Requests in flight while it is published. */
const PUBLISHERS = 16;
const ARCHIVE = Buffer.from('archive');

export interface GraphPackage {
  readonly name: string;
  readonly versions: readonly string[];
  /** Of every version: name → range. */
  readonly dependencies: Readonly<Record<string, string>>;
}

/** 850 packages of five versions, all reached from `p0`, each depending on up to three later ones. */
export function lockGraph(): GraphPackage[] {
  return Array.from({ length: PACKAGES }, (_, i) => ({
    name: `p${i}`,
    versions: Array.from({ length: VERSIONS }, (_, minor) => `1.${minor}.0`),
    dependencies: Object.fromEntries(
      [2 * i + 1, 2 * i + 2, i + 7].filter((to) => to < PACKAGES).map((to) => [`p${to}`, '^1.0.0']),
    ),
  }));
}

/** Pushes the graph to a registry as extensions, by plain requests. */
export async function publishGraph(host: string): Promise<void> {
  const left = lockGraph();
  const worker = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await publish(host, next);
  };
  await Promise.all(Array.from({ length: PUBLISHERS }, worker));
}

async function publish(host: string, { name, versions, dependencies }: GraphPackage): Promise<void> {
  const base = `http://${host}/v2/${NAMESPACE}/${name}`;
  await send(`${base}/blobs/uploads/?digest=${digest(ARCHIVE)}`, 'POST', ARCHIVE);
  for (const version of versions) {
    const extension = extensionManifestSchema.parse({
      schema: 1,
      name,
      type: 'taskserv',
      version,
      description: 'A part of a graph.',
      dependencies,
    });
    const config = Buffer.from(configBlob(extension));
    await send(`${base}/blobs/uploads/?digest=${digest(config)}`, 'POST', config);
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA.ociManifest,
      artifactType: MEDIA.extension,
      config: { mediaType: MEDIA.extensionConfig, digest: digest(config), size: config.byteLength },
      layers: [{ mediaType: MEDIA.ociLayerTarGzip, digest: digest(ARCHIVE), size: ARCHIVE.byteLength }],
      annotations: {
        [ANNOTATION.name]: name,
        [ANNOTATION.kind]: 'taskserv',
        [ANNOTATION.version]: version,
        [ANNOTATION.deps]: canonicalJson(dependencyFacts(extension)),
      },
    };
    await send(
      `${base}/manifests/${version}`,
      'PUT',
      Buffer.from(JSON.stringify(manifest)),
      MEDIA.ociManifest,
    );
  }
}

async function send(
  url: string,
  method: string,
  body: Uint8Array<ArrayBuffer>,
  type = 'application/octet-stream',
): Promise<void> {
  const answer = await fetch(url, { method, body, headers: { 'content-type': type } });
  await answer.arrayBuffer();
  if (answer.status !== 201) throw new Error(`${method} ${url}: ${answer.status}`);
}

function digest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
