import { gzipSync } from 'node:zlib';
import type { RawEntry } from '../../oci/testing/raw-tar.js';
import { paxRecord, rawTarGzip } from '../../oci/testing/raw-tar.js';
import { type Attack, UNPACKING } from './attack.js';
import type { Stage } from './stage.js';

function bundleText(
  number: number,
  what: string,
  code: string,
  says: RegExp,
  change: (text: string) => string | Uint8Array,
): Attack {
  return {
    number,
    what,
    code,
    says,
    play(stage, hostile) {
      const text = stage.bundleText;
      stage.setBundle(hostile ? change(text) : text);
    },
  };
}

function policyText(
  number: number,
  what: string,
  code: string,
  says: RegExp,
  change: (text: string) => string,
): Attack {
  return {
    number,
    what,
    code,
    says,
    play(stage, hostile) {
      if (hostile) stage.policy = change(stage.policy);
    },
  };
}

/** SEQUENCE in SEQUENCE, each with its right length. */
function deepPem(): string {
  let der = Buffer.from('3000', 'hex');
  for (let depth = 0; depth < 2000; depth += 1) {
    const { byteLength: n } = der;
    const length = n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
    der = Buffer.concat([Buffer.from([0x30, ...length]), der]);
  }
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
}

/** Section D: size and parsers. */
export const parserAttacks: readonly Attack[] = [
  bundleText(41, 'more than 32 log entries in a bundle', 'bundle-malformed', /tlogEntries/, (text) =>
    text.replace(
      '"timestampVerificationData"',
      `"tlogEntries":[${'{},'.repeat(40)}{}],"timestampVerificationData"`,
    ),
  ),
  {
    number: 51,
    what: 'a key of the policy is ASN.1 nested 2,000 deep',
    code: 'TRUST_KEY_INVALID',
    says: /public key/,
    play(stage, hostile) {
      if (hostile)
        stage.policy = stage.policy.replace(
          'keys:\n',
          `keys:\n  deep: {pem: ${JSON.stringify(deepPem())}}\n`,
        );
    },
  },
  {
    number: 49,
    what: 'a bundle of more than 1 MiB',
    code: 'unsigned',
    says: /no signature/,
    play(stage, hostile) {
      const text = stage.bundleText;
      stage.setBundle(hostile ? `${text}${' '.repeat(1024 * 1024)}` : text);
    },
  },
  {
    number: 49,
    what: '300 forged bundles under the trusted hint, and no good one',
    code: 'signature-invalid',
    says: /"good"/,
    on: ['verify', 'pull'],
    async play(stage, hostile) {
      const good = stage.bundleText;
      const forged = await stage.signed(stage.statement(), {
        key: stage.other,
        hint: stage.good.publicKey.id,
      });
      stage.strip();
      for (let i = 0; i < 300; i += 1)
        stage.setBundle(
          forged.replace(
            '"timestampVerificationData":{}',
            `"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"${Buffer.from(String(i)).toString('base64')}"}]}`,
          ),
          { keep: true },
        );
      if (!hostile) stage.setBundle(good, { keep: true });
    },
  },
  {
    number: 49,
    what: 'a list of 10,000 referrers',
    code: 'BASE_LIMIT_EXCEEDED',
    says: /1000/,
    on: ['verify', 'pull', 'resolve'],
    play(stage, hostile) {
      if (!hostile) return;
      stage.registry.fault({
        path: /\/referrers\//,
        times: 99,
        does: {
          change: (planned) => {
            const body = JSON.parse(planned.body.toString());
            const [first] = body.manifests;
            body.manifests = Array.from({ length: 10_000 }, (_, i) => ({
              ...first,
              digest: `sha256:${i.toString(16).padStart(64, '0')}`,
            }));
            planned.body = Buffer.from(JSON.stringify(body));
          },
        },
      });
    },
  },
  bundleText(50, 'a bundle nested 100,000 deep', 'bundle-malformed', /deeper than 32/, (text) =>
    text.replace('{', `{"x":${'['.repeat(100_000)}`),
  ),
  bundleText(50, 'a NUL after the bundle', 'bundle-malformed', /not JSON/, (text) => `${text}\0`),
  bundleText(50, 'a byte that is not UTF-8', 'bundle-malformed', /UTF-8/, (text) =>
    Buffer.concat([Buffer.from(text), Buffer.from([0xff])]),
  ),
  bundleText(50, 'half of a surrogate pair', 'bundle-malformed', /surrogate/, (text) =>
    text.replace('"hint":"', '"hint":"\\ud800'),
  ),
  bundleText(50, 'a member twice in a bundle', 'bundle-malformed', /dsseEnvelope.*twice/, (text) =>
    text.replace('{', '{"dsse\\u0045nvelope":{},'),
  ),
  bundleText(52, 'null where a signature belongs', 'bundle-malformed', /signatures/, (text) =>
    text.replace(/"signatures":\[.*\]/, '"signatures":[null]'),
  ),
  bundleText(53, '__proto__ in a bundle', 'bundle-malformed', /__proto__/, (text) =>
    text.replace('{', '{"__proto__":{"dsseEnvelope":{}},'),
  ),
  {
    number: 53,
    what: '__proto__ in signed annotations',
    code: 'statement-malformed',
    says: /__proto__/,
    async play(stage, hostile) {
      const text = JSON.stringify(stage.statement());
      stage.setBundle(
        await stage.signed(
          hostile ? text.replace('"annotations":{', '"annotations":{"__proto__":"x",') : text,
        ),
      );
    },
  },
  {
    number: 53,
    what: '__proto__ in the manifest, signed by the trusted key',
    code: 'manifest-malformed',
    says: /__proto__/,
    play: (stage, hostile) =>
      stage.publish({ raw: (text) => (hostile ? text.replace('{', '{"__proto__":{"x":1},') : text) }),
  },
  policyText(
    53,
    '__proto__ in the policy',
    'SCHEMAS_KEY_UNKNOWN',
    /__proto__/,
    (text) => `${text}__proto__: {default: inherit}\n`,
  ),
  policyText(55, 'a policy of aliases of aliases', 'SCHEMAS_YAML_SYNTAX', /alias/i, (text) => {
    const rows = Array.from({ length: 9 }, (_, i) => `x-${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
    return `x-0: &a0 [1,1,1,1,1,1,1,1,1]\n${rows.join('\n')}\n${text}`;
  }),
  policyText(
    55,
    'a member twice in the policy',
    'SCHEMAS_KEY_DUPLICATE',
    /default/,
    (text) => `${text}default: inherit\n`,
  ),
];

const TOP: RawEntry = { path: 'redis/', type: '5', mode: 0o755 };
const GOOD: RawEntry = { path: 'redis/a.txt', content: 'a' };

/** An archive that the trusted key has signed: only the archive's own rules stand between it and the disk. */
function archive(
  number: number,
  what: string,
  says: RegExp,
  entries: readonly RawEntry[],
  code = 'OCI_UNPACK_REFUSED',
): Attack {
  return {
    number,
    what,
    code,
    says,
    on: UNPACKING,
    play: (stage, hostile) =>
      stage.publish({ layer: [TOP, manifestEntry(stage), GOOD, ...(hostile ? entries : [])] }),
  };
}

function manifestEntry(stage: Stage): RawEntry {
  const { name, type, version, description } = JSON.parse(stage.configText);
  return {
    path: 'redis/manifest.yaml',
    content: `schema: 1\nname: ${name}\ntype: ${type}\nversion: ${version}\ndescription: ${description}\n`,
  };
}

/** Section E: archives. */
export const archiveAttacks: readonly Attack[] = [
  archive(56, 'an entry that leads out', /\.\./, [{ path: 'redis/../../evil', content: 'x' }]),
  archive(56, 'an absolute path', /\/etc\/evil/, [{ path: '/etc/evil', content: 'x' }]),
  archive(56, 'a Windows drive', /C:/, [{ path: 'redis/C:\\evil', content: 'x' }]),
  archive(56, 'a UNC path', /\\/, [{ path: '\\\\server\\share', content: 'x' }]),
  archive(57, 'a symbolic link that leads out', /link/, [
    { path: 'redis/out', type: '2', link: '../../../etc' },
  ]),
  archive(57, 'a hard link that leads out', /link/, [{ path: 'redis/out', type: '1', link: '/etc/passwd' }]),
  archive(57, 'a write through a link', /link/, [
    { path: 'redis/out', type: '2', link: '/tmp' },
    { path: 'redis/out/evil', content: 'x' },
  ]),
  archive(58, 'a device', /redis\/dev/, [{ path: 'redis/dev', type: '3' }]),
  archive(58, 'a named pipe', /redis\/pipe/, [{ path: 'redis/pipe', type: '6' }]),
  archive(59, 'two names that differ in case', /A\.txt|a\.txt/, [{ path: 'redis/A.txt', content: 'x' }]),
  archive(59, 'two names that are one after normalisation', /caf/, [
    { path: 'redis/caf\u00e9', content: 'x' },
    { path: 'redis/cafe\u0301', content: 'y' },
  ]),
  archive(60, 'an entry twice', /a\.txt/, [{ path: 'redis/a.txt', content: 'b' }]),
  ...(
    [
      ['bytes after the archive', (gz) => Buffer.concat([gz, Buffer.from('trailing')]), /./],
      [
        'an archive that grows by more than the allowed ratio',
        () => gzipSync(Buffer.alloc(200 * 1024 * 1024)),
        /./,
      ],
    ] as const satisfies readonly (readonly [string, (gz: Buffer) => Buffer, RegExp])[]
  ).map(
    ([what, change, says]): Attack => ({
      number: 61,
      what,
      code: 'OCI_UNPACK_REFUSED',
      says,
      on: UNPACKING,
      play(stage, hostile) {
        const good = rawTarGzip([TOP, manifestEntry(stage), GOOD]);
        return stage.publish({ layer: hostile ? change(good) : good });
      },
    }),
  ),
  archive(62, 'a path that is too long', /./, [
    { path: 'x', type: 'x', content: paxRecord('path', `redis/${'a/'.repeat(3000)}b`) },
    { path: 'redis/x', content: 'x' },
  ]),
  archive(63, 'a PAX header that renames an entry to lead out', /\.\./, [
    { path: 'x', type: 'x', content: paxRecord('path', 'redis/../../evil') },
    { path: 'redis/x', content: 'x' },
  ]),
  {
    number: 64,
    what: 'the title of the layer leads out',
    code: 'OCI_UNPACK_REFUSED',
    says: /\.\./,
    on: UNPACKING,
    play: (stage, hostile) =>
      stage.publish({
        layer: hostile
          ? [
              { path: '../evil/', type: '5' },
              { path: '../evil/a', content: 'x' },
            ]
          : [TOP, manifestEntry(stage), GOOD],
        manifest: (manifest) => {
          const layer = manifest.layers[0]!;
          if (hostile)
            manifest.layers[0] = {
              ...layer,
              annotations: { ...layer.annotations, 'org.opencontainers.image.title': '../evil' },
            };
        },
      }),
  },
];
