import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { ProvError } from '#base';

export interface TlsOptions {
  readonly caFiles?: readonly string[] | undefined;
  readonly clientCert?: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly env: NodeJS.ProcessEnv;
}

const SYSTEM_BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * A TLS context that trusts the system's authorities (Node's own list where the system has none), those in
 * `SSL_CERT_FILE`, `SSL_CERT_DIR` and `NODE_EXTRA_CA_CERTS`, and those in `caFiles`.
 * @throws BASE_FILE_UNREADABLE when a file that was named cannot be read.
 */
export function createTlsContext(options: TlsOptions): SecureContext {
  const { env, caFiles = [], clientCert } = options;
  const ca = [...systemAuthorities(env)];
  if (env['NODE_EXTRA_CA_CERTS']) ca.push(...attempt(env['NODE_EXTRA_CA_CERTS']));
  ca.push(...caFiles.map(readNamed));
  const pair =
    clientCert === undefined
      ? {}
      : { cert: readNamed(clientCert.certFile), key: readNamed(clientCert.keyFile) };
  return createSecureContext({ ca, ...pair });
}

function systemAuthorities(env: NodeJS.ProcessEnv): readonly string[] {
  if (env['SSL_CERT_FILE']) return [readNamed(env['SSL_CERT_FILE'])];
  if (env['SSL_CERT_DIR']) {
    const directory = env['SSL_CERT_DIR'];
    const names = readdirSync(directory).filter((name) => /\.(?:pem|crt)$/.test(name));
    if (names.length > 0) return names.flatMap((name) => attempt(join(directory, name)));
  }
  for (const path of SYSTEM_BUNDLES) {
    const found = attempt(path);
    if (found.length > 0) return found;
  }
  return rootCertificates;
}

function attempt(path: string): string[] {
  try {
    return [readFileSync(path, 'utf8')];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) return [];
    throw error;
  }
}

function readNamed(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: (error as Error).message }, { cause: error });
  }
}

/** For people: where the trusted authorities come from, besides files that are given. */
export function authoritySources(env: NodeJS.ProcessEnv): readonly string[] {
  const extra = env['NODE_EXTRA_CA_CERTS'] ? [`NODE_EXTRA_CA_CERTS: ${env['NODE_EXTRA_CA_CERTS']}`] : [];
  if (env['SSL_CERT_FILE']) return [`SSL_CERT_FILE: ${env['SSL_CERT_FILE']}`, ...extra];
  if (env['SSL_CERT_DIR']) return [`SSL_CERT_DIR: ${env['SSL_CERT_DIR']}`, ...extra];
  const bundle = SYSTEM_BUNDLES.find((path) => existsSync(path));
  return [bundle ?? "Node's own list", ...extra];
}
