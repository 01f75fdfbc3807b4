import { mkdirSync, writeFileSync } from 'node:fs';
import type { ProgramName } from '../support/programs.js';
import type { CommandLine, Site } from './on-both-registries.js';

const VERIFY = 'verify --insecure-ignore-tlog --allow-http-registry --key';

export type Answer = 'accepts' | 'refuses';
export type Judge = (site: Site, reference: string, key: string) => Promise<Answer>;

/** Whoever says yes to a signature of this key must say no to another key, or the yes is worth nothing. */
export const VERIFIERS: Readonly<Record<string, { readonly needs?: ProgramName; readonly judge: Judge }>> = {
  prov: {
    judge: async (site, reference, key) => {
      writeFileSync(site.path('policy.yaml'), policyFor(key));
      return (await ends(() => site.prov(`ext verify ${reference} --policy policy.yaml`)))
        ? 'accepts'
        : 'refuses';
    },
  },
  cosign3: { needs: 'cosign3', judge: cosign('cosign3') },
  cosign2: { needs: 'cosign2', judge: cosign('cosign2') },
  skopeo: {
    needs: 'skopeo-new',
    judge: async (site, reference, key) => {
      writeSkopeoPolicy(site, key);
      const out = `oci:copied-${key}-${Math.random().toString(36).slice(2)}:x`;
      const line: CommandLine = `skopeo-new --policy policy.json --registries.d registries.d copy --remove-signatures --src-tls-verify=false docker://${reference} ${out}`;
      return (await ends(() => site.run(line))) ? 'accepts' : 'refuses';
    },
  },
};

function cosign(program: 'cosign3' | 'cosign2'): Judge {
  return async (site, reference, key) =>
    (await ends(() => site.run(`${program} ${VERIFY} ${key}.pub ${reference}`))) ? 'accepts' : 'refuses';
}

/** Whether a command succeeds. */
export async function ends(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch {
    return false;
  }
}

/** `bind: digest` takes statements that name nothing too, as plain cosign makes them. */
function policyFor(key: string): string {
  return `apiVersion: prov.dev/trust/v1
version: 1
keys: {signer: {pem: ./${key}.pub}}
principals: {signer: {keys: [signer]}}
rules: [{match: {repository: "**"}, require: [{signature: {by: signer}}], bind: digest}]
`;
}

/** skopeo's default identity: the signature must be for this repository and tag. @see containers-policy.json(5) */
function writeSkopeoPolicy(site: Site, key: string): void {
  const rule = { type: 'sigstoreSigned', keyPath: site.path(`${key}.pub`) };
  writeFileSync(
    site.path('policy.json'),
    JSON.stringify({
      default: [{ type: 'reject' }],
      transports: { docker: { [site.registry.host]: [rule] } },
    }),
  );
  mkdirSync(site.path('registries.d'), { recursive: true });
  writeFileSync(
    site.path('registries.d', 'default.yaml'),
    `default-docker: {use-sigstore-attachments: true}\n`,
  );
}
