import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Cleanup, temporaryDirectory } from './temporary-directory.js';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate for `name`, signed by itself; undefined where there is no openssl. */
export function createCertificate(t: Cleanup, name = 'registry.example'): Certificate | undefined {
  const directory = temporaryDirectory(t);
  const files = { certFile: join(directory, 'cert.pem'), keyFile: join(directory, 'key.pem') };
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    files.keyFile,
  ];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  try {
    execFileSync('openssl', ['req', '-x509', ...key, '-out', files.certFile, '-days', '2', ...subject], {
      stdio: 'ignore',
    });
    return files;
  } catch {
    return undefined;
  }
}
