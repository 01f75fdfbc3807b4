import type { Elsewhere } from './attack.js';

const KEYLESS = 'not built: certificates are not judged; every one is refused (33)';
const WITNESSES =
  'not built: log entries and timestamps are bounded (41) and count for nothing; a rule that asks for them refuses (39, 45)';
const FRESHNESS =
  'not built: there is no TUF repository; a lock pins every digest, and a first resolution can be held back';

const WHAT: Readonly<Record<number, string>> = {
  34: 'a home-made authority with the same subject',
  35: 'a certificate that is not for code signing',
  36: 'a certificate that had expired when it signed',
  38: 'no proof that the certificate was logged',
  40: 'a log entry moved between bundles',
  42: 'a checkpoint with a wrong name, or a name that is a pattern',
  43: 'a damaged tree size or index',
  44: 'a promise of another log',
  46: "a timestamp outside its authority's time",
  47: 'timestamps with one or two fraction digits',
  48: "the verifying machine's clock set back",
};

/** What the attack list has and these surfaces do not play: where it is tested instead, or what is missing. */
export const ELSEWHERE: readonly Elsewhere[] = [
  { number: 3, what: 'freeze: old metadata served for ever', missing: FRESHNESS },
  { number: 4, what: 'fast-forward to a huge version of metadata', missing: FRESHNESS },
  { number: 5, what: 'dependencies mixed from different moments', missing: FRESHNESS },
  {
    number: 13,
    what: 'a redirect to another host keeps the credentials',
    tested: [
      'oci/remote/redirect.test.ts',
      'a blob redirected to another origin is read without credentials, with its range',
    ],
  },
  {
    number: 14,
    what: 'credentials for a host that looks alike',
    tested: [
      'oci/remote/sign-in.test.ts',
      'files are searched in the documented order and the most specific key wins',
    ],
  },
  {
    number: 15,
    what: 'https answers lead to http',
    tested: ['oci/remote/redirect-wire.test.ts', 'an answer over https leads nowhere over http'],
  },
  ...[34, 35, 36, 38].map((number) => ({ number, what: WHAT[number]!, missing: KEYLESS })),
  ...[40, 42, 43, 44, 46, 47].map((number) => ({ number, what: WHAT[number]!, missing: WITNESSES })),
  {
    number: 48,
    what: WHAT[48]!,
    missing: 'not built: the clock of the machine is believed; nothing remembers the latest time seen',
  },
  {
    number: 54,
    what: 'hostile parameters of a key file',
    tested: ['trust/keys.test.ts', 'a hostile key file costs neither memory nor time'],
  },
  {
    number: 65,
    what: 'a name is looked for in another registry than its own',
    tested: [
      'resolver/resolve.test.ts',
      'two registries with one name: separate packages, never both selected',
    ],
  },
  {
    number: 68,
    what: 'a yanked version hidden or brought back',
    tested: [
      'test/manager/lifecycle.test.ts',
      'an unsigned status hides; restoring takes the key that signed, hid, or is named by the policy',
    ],
  },
  {
    number: 69,
    what: 'tricks with pre-releases and build metadata',
    tested: ['schemas/version.test.ts', 'for security lists pre-releases count by precedence'],
  },
  {
    number: 70,
    what: 'a lock edited by hand',
    tested: [
      'test/attacks/lock-edits.test.ts',
      'the edits of a lock and of installed trees that matter most, each in a use that once let it through',
    ],
  },
  {
    number: 71,
    what: 'another signer than at the locked version',
    tested: [
      'test/manager/signers-over-time.test.ts',
      'a rule that asks for it refuses a version that nobody signed who signed the locked one',
    ],
  },
  {
    number: 80,
    what: 'a change between verification and execution',
    tested: [
      'test/hostile/trust.long.test.ts',
      'an asset that was changed after it was installed is not handed to a script',
    ],
  },
  {
    number: 82,
    what: 'a bundle file with pieces missing, added or changed',
    tested: [
      'mirror/hostile-bundle.test.ts',
      'every hostile bundle is one clear error and writes nothing; its honest twin goes in',
    ],
  },
  {
    number: 83,
    what: 'a tag that moves while it is signed; secrets of the environment in provenance',
    tested: [
      'test/manager/signers-over-time.test.ts',
      'a tag that moves while it is signed moves no signature',
    ],
  },
  {
    number: 84,
    what: 'a private key that others can read, a password on the command line',
    tested: ['test/e2e/keys.test.ts', 'An unprotected private key that others can read is refused.'],
  },
];
