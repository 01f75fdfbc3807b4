import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { signReference } from '#manager';
import { parseReference, type RemoteReference } from '#schemas';
import { newKey } from './site.js';

/** What one worker is told to sign, with keys of its own. */
export interface Signing {
  readonly registry: string;
  readonly namespace: string;
  readonly signers: number;
  readonly folder: string;
}

const { registry, namespace, signers, folder } = workerData as Signing;
const home = join(folder, 'home');
const context = {
  provVersion: '0.1.0',
  env: { PATH: process.env['PATH'], HOME: home, PROVISIONING_HOME: home },
  cwd: folder,
};
const reference = parseReference('redis:1.0.0', { registry, namespace }) as RemoteReference;
const pems = await Promise.all(
  Array.from({ length: signers }, async () => {
    const { signer, publicKey } = await newKey();
    await signReference({ reference, signer }, context);
    return publicKey.pem;
  }),
);
parentPort!.postMessage(pems);
