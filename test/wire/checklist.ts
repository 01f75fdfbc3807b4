/** One line of what a client owes a registry, and the tests that prove it. */
export interface WireLine {
  readonly line: number;
  readonly subject: Subject;
  /** In our words. */
  readonly demand: string;
  /** Test file → names of tests in it, as they stand in the source. */
  readonly tests: Readonly<Record<string, readonly string[]>>;
}

export type Subject =
  | 'names'
  | 'sign-in'
  | 'redirects'
  | 'pull'
  | 'push'
  | 'referrers'
  | 'lists'
  | 'errors'
  | 'transport';

const R = 'oci/remote/';
const PUSH_PULL = `${R}push-pull.test.ts`;
const NAMES = `${R}names.test.ts`;
const SIGN_IN = `${R}sign-in.test.ts`;
const CHALLENGE = `${R}auth/challenge.test.ts`;
const REALM = `${R}auth/realm.test.ts`;
const TOKENS = `${R}auth/tokens.test.ts`;
const REDIRECT = `${R}redirect.test.ts`;
const REDIRECT_WIRE = `${R}redirect-wire.test.ts`;
const DOWNLOAD = `${R}blob-download.test.ts`;
const DOWNLOAD_WIRE = `${R}download-wire.test.ts`;
const UPLOAD = `${R}blob-upload.test.ts`;
const UPLOAD_WIRE = `${R}upload-wire.test.ts`;
const MANIFESTS = `${R}remote-manifests.test.ts`;
const MANIFEST_WIRE = `${R}manifest-wire.test.ts`;
const REFERRERS = `${R}referrers.test.ts`;
const FAILURES = `${R}failures.test.ts`;
const HOSTILE = `${R}hostile.test.ts`;
const CONNECTIONS = `${R}http/connections.test.ts`;
const REFERENCES = 'test/wire/references.test.ts';
const COPY = 'oci/copy-graph.test.ts';

export const CHECKLIST: readonly WireLine[] = [
  {
    line: 1,
    subject: 'names',
    demand:
      'Names and tags are checked by the grammar of the specification (host and name at most 255 characters, tags at most 128); a path that is not legal never reaches the wire.',
    tests: {
      [PUSH_PULL]: ['names, tags and digests that are none never reach the wire'],
      [NAMES]: [
        'host and name together are at most 255 characters',
        'names of every legal form are sent, others are refused',
      ],
    },
  },
  {
    line: 2,
    subject: 'names',
    demand:
      'docker.io is asked at registry-1.docker.io, single names there are below library/, and its credentials are found under https://index.docker.io/v1/.',
    tests: {
      [NAMES]: [
        'docker.io is asked at registry-1.docker.io, single names under library/, by the key of docker.io',
      ],
    },
  },
  {
    line: 3,
    subject: 'names',
    demand:
      'Of name:tag@digest the digest decides; a tag is resolved once and all that follows goes by digest.',
    tests: {
      [REFERENCES]: ['of a tag and a digest the digest decides: the tag is not even asked for'],
      [NAMES]: ['a tag is resolved once; what follows goes by digest, whatever the tag does meanwhile'],
    },
  },
  {
    line: 4,
    subject: 'sign-in',
    demand: 'Nobody asks /v2/ first: the 401 of the real request is what starts a sign-in.',
    tests: {
      [NAMES]: ['the first request is the one that was meant: nobody asks /v2/ first'],
      [SIGN_IN]: ['Basic is sent after the challenge and from then on'],
    },
  },
  {
    line: 5,
    subject: 'sign-in',
    demand:
      'All challenges of all WWW-Authenticate headers are read, with quoted commas and escapes; Bearer is preferred wherever it stands.',
    tests: {
      [SIGN_IN]: ['the bearer challenge is found: ${name}', 'a kind of sign-in that is not known is named'],
      [CHALLENGE]: [
        'every challenge of every header is read, in order',
        'quotes, escapes, commas and spaces do not mislead',
        'nonsense is skipped and costs little',
      ],
    },
  },
  {
    line: 6,
    subject: 'sign-in',
    demand:
      'A token is asked for by GET with one scope parameter for each scope, or by OAuth2 POST when an identity token is held (GET again where POST is unknown); token and access_token are both read.',
    tests: {
      [TOKENS]: [
        'a mount asks for its source too, one parameter for each scope',
        'a token lives as long as it says, less ten seconds, from when it was issued',
      ],
      [SIGN_IN]: [
        'an identity token is exchanged by POST and never sent to the registry',
        'a realm without POST is asked by GET',
        'anonymous tokens are used where no credentials are',
      ],
    },
  },
  {
    line: 7,
    subject: 'sign-in',
    demand:
      'One token with pull and push serves a push; a mount adds pull for its source; scopes of one request are merged; when the scope of a mount is refused the blob is uploaded without it.',
    tests: {
      [SIGN_IN]: ['one bearer token with pull and push serves a whole push'],
      [TOKENS]: [
        'scopes of one resource are merged and sorted; a wider token covers a narrower need',
        'when the scope of a mount is refused the blob is pushed without it',
      ],
    },
  },
  {
    line: 8,
    subject: 'sign-in',
    demand:
      'Tokens are kept by registry, realm, service, scopes and credential; many requests share one token request; lifetime and issued_at count, less ten seconds; a long upload starts with a token that lasts; a 401 drops the token and the request goes out once more, with its body.',
    tests: {
      [TOKENS]: [
        'tokens are kept apart by registry, realm, service and credential',
        'a token lives as long as it says, less ten seconds, from when it was issued',
        'a long upload starts with a token that lasts, a short one with what is there',
        'a token that ends in the middle of a chunked upload is replaced, and nothing is sent from the start',
      ],
      [SIGN_IN]: [
        'many requests at once share one token request',
        'a token that is about to expire is replaced before use',
        'a token revoked in the middle of an upload is replaced and the body sent again',
      ],
    },
  },
  {
    line: 9,
    subject: 'sign-in',
    demand: 'insufficient_scope widens the token; after two rounds of sign-in a request fails.',
    tests: {
      [TOKENS]: [
        'a token that is too narrow is widened by what the registry asks for, once',
        'a right that is never given is said as such',
      ],
      [SIGN_IN]: [
        'a scope that is never granted ends after two rounds',
        'wrong credentials are one clear error and not repeated',
      ],
    },
  },
  {
    line: 10,
    subject: 'sign-in',
    demand:
      'Credentials go to no realm over http when the registry is https, to no address inside a private network that a public registry names, to no other scheme, and only to the first realm met unless another is trusted.',
    tests: {
      [REALM]: [
        'an https registry gets no tokens over http, with or without credentials',
        'addresses inside a private network are no realms of a public registry, in any notation',
        'a registry inside the network may name its own realm, and the registry its own address',
        'only http and https realms without user information are realms',
        'credentials stay with the first realm, or a trusted one after that; anonymous tokens are free',
        'a pin is written when credentials were taken, holds for the next client, and moves only when told',
        'a configured realm is the only one, a private address included',
      ],
      [SIGN_IN]: [
        'credentials stay with the first realm',
        'a public registry may not name an internal realm',
      ],
      [TOKENS]: ['a realm that fails for a moment is asked again; one that redirects is refused'],
    },
  },
  {
    line: 11,
    subject: 'sign-in',
    demand: 'Stored credentials are never sent unasked.',
    tests: { [SIGN_IN]: ['a registry that asks for nothing never sees credentials'] },
  },
  {
    line: 12,
    subject: 'redirects',
    demand:
      'Reads follow 301, 302, 303, 307 and 308, writes 307 and 308, ten at most and never in circles; another scheme, host or port gets no credentials, no own headers and no client certificate, but the range.',
    tests: {
      [REDIRECT_WIRE]: [
        '${status} is followed for reads, without credentials and own headers on another port',
        'writes follow 307 and 308 with their body, and no other redirect',
        'ten redirects are followed, eleven are not',
        'an origin is scheme, host and port, with the default port folded in',
      ],
      [REDIRECT]: [
        'a blob redirected to another origin is read without credentials, with its range',
        'redirects in circles, without end, to files or into the private network are refused',
      ],
    },
  },
  {
    line: 13,
    subject: 'redirects',
    demand: 'A 401 of somebody we were sent to never gets the credentials of the registry.',
    tests: { [REDIRECT_WIRE]: ['whoever we were sent to may ask for credentials and gets none'] },
  },
  {
    line: 14,
    subject: 'redirects',
    demand:
      'There is no way from https to http. Signed addresses are shown nowhere and used once: after a break the registry is asked again.',
    tests: {
      [REDIRECT_WIRE]: [
        'an answer over https leads nowhere over http',
        'after a break the registry itself is asked again, never the address it gave before',
        'a signed address is in no event and in no message',
      ],
      [REDIRECT]: ['a signed address that ran out is asked for again at the registry'],
    },
  },
  {
    line: 15,
    subject: 'redirects',
    demand:
      'The Location of an upload may be relative, absolute or on another host, which gets no credentials; private addresses and http are refused.',
    tests: {
      [REDIRECT]: [
        'upload addresses are followed in every form, their query byte for byte',
        'an upload address on another origin gets no credentials',
      ],
      [REDIRECT_WIRE]: [
        'uploads are not sent to addresses inside a private network that a public registry names',
      ],
    },
  },
  {
    line: 16,
    subject: 'redirects',
    demand: 'The query of a Location stays byte for byte; digest is appended.',
    tests: {
      [REDIRECT]: ['upload addresses are followed in every form, their query byte for byte'],
      [CONNECTIONS]: ['targets keep path and query byte for byte'],
    },
  },
  {
    line: 17,
    subject: 'pull',
    demand:
      'Manifests are asked for by the four types that are understood; parameters of a content type do not matter; a manifest that says of itself to be another type than it is sent as is refused.',
    tests: {
      [MANIFEST_WIRE]: [
        'manifests are asked for by every type that can be read, and by no other',
        'a manifest that says of itself to be another type than it is sent as is refused',
        'parameters and case of a content type do not matter for a manifest',
      ],
    },
  },
  {
    line: 18,
    subject: 'pull',
    demand:
      'The exact bytes are hashed and compared with what was asked for and with Docker-Content-Digest of the same algorithm; a HEAD that lacks it is completed by GET.',
    tests: {
      [MANIFESTS]: [
        'a manifest with wrong bytes or a wrong digest header is refused',
        'a HEAD that says too little is completed by GET',
      ],
      [MANIFEST_WIRE]: ['a manifest asked for by sha512 is checked by sha512, whatever header comes with it'],
      [DOWNLOAD]: ['a corrupt blob is refused before its end is given out'],
    },
  },
  {
    line: 19,
    subject: 'pull',
    demand:
      'A blob is read to its size and no further; manifests above 4 MiB are not sent, above 8 MiB not read; content inside a descriptor is used only when it hashes right.',
    tests: {
      [DOWNLOAD]: ['a blob that is too long or too short is refused'],
      [HOSTILE]: [
        'a blob without end stops at the byte after its size',
        'a body without end is cut at the limit: a manifest, a list, an error',
        'a size that is a lie is refused before the first byte',
      ],
      [MANIFEST_WIRE]: ['a manifest above 4 MiB is not sent; one that others stored is read up to 8 MiB'],
      [MANIFESTS]: ['a manifest without end is refused before it is kept'],
      [PUSH_PULL]: ['content inside a descriptor needs no request, but only when it is right'],
    },
  },
  {
    line: 20,
    subject: 'pull',
    demand:
      'The rest of a blob is asked for by Range and taken only as the range that was asked for; 200 means from the start, 416 at the end means done; identity is asked for and other encodings are refused by name.',
    tests: {
      [DOWNLOAD]: [
        'a download cut three times goes on by range and is right in the end',
        'a registry that ignores ranges is read again from the start',
        'a range other than the one asked for is refused',
        'bytes recoded on the way are noticed, a mere label is not minded',
      ],
      [DOWNLOAD_WIRE]: [
        'a partial answer with ${name} is refused',
        'a total that is not known is fine; the rest of a blob is all that is read',
        'when all bytes are at hand nothing is asked for: 416 would only say so',
        '416 for a beginning that is at hand is a refusal',
        'a beginning that was wrong is found out by the digest of the whole',
      ],
      [HOSTILE]: ['a gzip bomb instead of a ${what} is not unpacked'],
    },
  },
  {
    line: 21,
    subject: 'pull',
    demand:
      'Silence is limited, not the whole time; one new byte is progress after a cut; drips, silences and endless cuts are given up.',
    tests: {
      [DOWNLOAD]: ['a download that stops silently is taken up again', 'a slow reader is no stall'],
      [DOWNLOAD_WIRE]: [
        'one new byte is progress: many cuts do not end a download',
        'cuts that bring nothing end a download',
        'a cut after the last byte is the end',
      ],
      [HOSTILE]: [
        'a download that always stops is given up after two silences',
        'a registry that drips byte by byte is too slow, for lists and for blobs',
        'a registry that cuts after each byte is given up',
      ],
    },
  },
  {
    line: 22,
    subject: 'pull',
    demand:
      'What is not complete has a name of its own and is gone on with by the next process; wrong bytes are never under the final name.',
    tests: {
      'oci/store/content-cache-resume.test.ts': [
        'a download that breaks off goes on where it ended, with the next call',
        'a beginning that was damaged is thrown away and all of it fetched, once',
        'a download killed again and again gets done, at most one chunk is read twice',
      ],
      [DOWNLOAD_WIRE]: ['wrong bytes are never under their final name, and nothing of them is kept'],
    },
  },
  {
    line: 23,
    subject: 'pull',
    demand: 'Addresses that a layer names are not followed.',
    tests: { [MANIFEST_WIRE]: ['layers with addresses of their own are still asked of the registry only'] },
  },
  {
    line: 24,
    subject: 'push',
    demand:
      'HEAD comes first and what is there is not sent; mounts with and without a source: 201 is done, 202 is a session that is used or cancelled.',
    tests: {
      [PUSH_PULL]: [
        'a blob that is there is not sent again',
        'a mount moves no bytes',
        'a mount that becomes an upload session is cancelled',
        'a mount that is not allowed is no error',
      ],
      [UPLOAD_WIRE]: [
        'a registry that has the blob elsewhere gives it without a byte, large or small',
        'a registry that does not know mounts without a source is asked once',
        'the session that a mount without a source became is used, not thrown away',
        'whatever the cancelling of a session answers, a mount that failed is no error',
      ],
    },
  },
  {
    line: 25,
    subject: 'push',
    demand:
      'Small blobs go by POST and one PUT whose body can be sent again; 201, 204 and 202 end an upload.',
    tests: {
      [UPLOAD]: [
        'an upload survives 503, 429 and a cut, each from a new session',
        'an upload whose last answer is lost is found to be there',
      ],
      [UPLOAD_WIRE]: ['older registries end an upload with 204 or 202'],
    },
  },
  {
    line: 26,
    subject: 'push',
    demand:
      'Large blobs go in chunks: POST without a body, PATCH with Content-Range and Content-Length, each to the newest Location and after what the registry has, the smallest chunk respected, PUT at the end.',
    tests: {
      [PUSH_PULL]: ['a blob above 16 MiB goes in chunks of 8 MiB'],
      [UPLOAD]: ['the smallest chunk a registry takes is respected'],
      [UPLOAD_WIRE]: [
        'chunks say where they belong; the end of an upload has no body',
        'every answer about an upload may move it: the newest address counts',
        'a chunk that was taken in part goes on after that part',
        'a chunk that goes on in the middle still has the smallest size',
        'a chunk reader gives any part again, never less than asked for in the middle, also while another is given up',
      ],
    },
  },
  {
    line: 27,
    subject: 'push',
    demand:
      'After 416, 5xx, a reset or silence the Location is asked what is there; 0-0 is none or one byte by what was sent; an answer that is not understood means a new session.',
    tests: {
      [UPLOAD]: [
        'a chunked upload cut in the middle sends only what is missing',
        '416 leads to the offset that the registry has',
        'a session that the registry forgot is begun again',
      ],
      [UPLOAD_WIRE]: [
        'after ${name} the registry is asked what it has, and only the rest is sent',
        'a status that is not understood leads to a new session',
        '0-0 means nothing when the first chunk may not have arrived',
      ],
      [`${R}upload-death.test.ts`]: [
        'an upload killed in the middle goes on in the next process, one chunk back at most',
        'a remembered session that the registry dropped is begun again',
      ],
    },
  },
  {
    line: 28,
    subject: 'push',
    demand:
      'Quirks are known and remembered for a registry: a Range that sticks, 201 to PATCH, no status, no PATCH, chunks that are too large.',
    tests: {
      [UPLOAD]: [
        'a Range that sticks at the first chunk does not stop an upload',
        'a registry without PATCH gets the blob whole',
      ],
      [UPLOAD_WIRE]: [
        'a registry without PATCH is not asked for it again',
        'chunks that are too large for a registry become smaller, for the next blob too',
        'a registry that takes no chunk at all says so',
        'a sticky Range that was no quirk but a loss ends in the right bytes',
      ],
    },
  },
  {
    line: 29,
    subject: 'push',
    demand: 'An upload of sha512 content says so when it begins.',
    tests: {
      [PUSH_PULL]: ['sha512 blobs are announced with their algorithm'],
      [UPLOAD_WIRE]: ['a large sha512 blob is announced too'],
    },
  },
  {
    line: 30,
    subject: 'push',
    demand:
      'Blobs come before manifests, children before their index, then referrers, tags last; content that the registry does not find for a manifest is sent again, once.',
    tests: {
      [UPLOAD_WIRE]: [
        'blobs come before their manifest, children before their index, referrers after it, tags last',
        'content that the registry lost though it says that it has it is sent again, once',
        'content that the registry never finds is an error after one more try',
      ],
      [MANIFESTS]: ['a manifest whose blobs are missing is refused by name'],
    },
  },
  {
    line: 31,
    subject: 'push',
    demand:
      'Manifests go out as their exact bytes and type, and the digest that comes back is checked; several moving tags go in one request where the registry can; a tag that points there is not written.',
    tests: {
      [MANIFEST_WIRE]: [
        'a manifest goes out as its exact bytes, its type without parameters',
        'a registry that stored something else than was sent is found out',
        'several moving tags are set in one request where the registry can, one by one where it cannot',
        'a tag that the registry left out of OCI-Tag is set alone; version tags keep their condition',
      ],
      [MANIFESTS]: [
        'a tag that points there already is not written again',
        'a version tag is never moved, whether the registry knows conditions or not',
        'a refused tag is a conflict only when another manifest is there',
      ],
    },
  },
  {
    line: 32,
    subject: 'push',
    demand:
      '413 says that content is too large; deleting what is not there is fine, deleting where it is disabled is said.',
    tests: {
      [FAILURES]: ['413 says that the content is too large'],
      [PUSH_PULL]: ['deleting is idempotent, and a registry that forbids it is named'],
    },
  },
  {
    line: 33,
    subject: 'referrers',
    demand:
      'Without an OCI-Subject for its subject a referrer is put into the fallback tag: from nothing on 404, not over a foreign manifest, once, with its type and every annotation.',
    tests: {
      [MANIFEST_WIRE]: [
        'the fallback tag keeps type and every annotation of a referrer, and each one once',
        'a referrer without a type is listed by the type of its config',
        'an OCI-Subject of something else is not believed',
      ],
      [REFERRERS]: [
        'a foreign manifest under the fallback tag stops an attach',
        'a referrer that is there but not in the list is put into it by the next push',
        'a deleted referrer leaves the list',
      ],
    },
  },
  {
    line: 34,
    subject: 'referrers',
    demand:
      'The fallback tag is written on the condition of its ETag; without one it is read again and repaired; one change at a time in a process.',
    tests: {
      [REFERRERS]: [
        "nothing is lost when several attach at once, ${conditional ? 'by ETag' : 'by reading again'}",
        'an attach overwritten by another program is repaired',
        'a list that others change without end is a conflict',
      ],
    },
  },
  {
    line: 35,
    subject: 'referrers',
    demand:
      '404 means the fallback tag; 400, 403, 405, 406, 410, 501 and answers that are no index mean it too, and uncertainty, which a policy of signatures treats as a failure; 401, 429 and 5xx are never "none"; a missing repository is told.',
    tests: {
      [REFERRERS]: [
        'an answer outside the specification falls back to the tag and is uncertain',
        'an outage is never read as "no referrers"',
      ],
      [MANIFEST_WIRE]: ['a repository that is not there is told from a registry without the endpoint'],
      [REFERENCES]: ['an uncertain answer about referrers is a refusal that says so, under a policy of keys'],
      'trust/verify-artifact.test.ts': [
        'signatures that may be hidden are not called missing; what is found still counts',
      ],
    },
  },
  {
    line: 36,
    subject: 'referrers',
    demand: 'An index with a charset is an index.',
    tests: { [REFERRERS]: ['parameters of the content type do not matter'] },
  },
  {
    line: 37,
    subject: 'referrers',
    demand: 'The fallback tag of a sha512 subject is cut to what a tag may be.',
    tests: { [MANIFEST_WIRE]: ['the fallback tag of a sha512 subject is cut to what a tag may be'] },
  },
  {
    line: 38,
    subject: 'referrers',
    demand:
      'The answer of a fallback tag is a list only when it is an index and not the subject; its entries count only when they name the subject; children of an index are no referrers.',
    tests: {
      [REFERRERS]: ['a fallback tag that answers with the subject, or lists strangers, adds nothing'],
      [MANIFEST_WIRE]: ['children of an index are never its referrers'],
    },
  },
  {
    line: 39,
    subject: 'referrers',
    demand:
      'The filter by type is a hint: what comes back is filtered again, also entries without a type unless OCI-Filters-Applied says that the registry has looked.',
    tests: {
      [MANIFEST_WIRE]: [
        'a filter that the registry ignores, or entries without a type, are filtered by us',
        'a list whose OCI-Filters-Applied is "${applied}" costs ${asked} questions for the type of an entry',
      ],
      [REFERRERS]: [
        "referrers come back sorted and filtered, ${referrersApi ? 'from the API' : 'from the fallback tag'}",
      ],
    },
  },
  {
    line: 40,
    subject: 'referrers',
    demand:
      'Pages of referrers are followed on the registry only, to a limit; the answer of the API is joined with the fallback tag.',
    tests: {
      [MANIFEST_WIRE]: ['a list of referrers that continues elsewhere is refused'],
      [REFERRERS]: [
        'a registry in the middle of an upgrade gives both halves',
        'a list of referrers without end is refused',
      ],
    },
  },
  {
    line: 41,
    subject: 'referrers',
    demand:
      'Side tags of cosign are carried as content; the fallback tag is bookkeeping, never listed or copied, and made anew at the target.',
    tests: {
      [MANIFESTS]: ['tags are listed over all pages, however the Link is written'],
      [COPY]: [
        'a signature tag that both sides have is merged, so that no signature is lost',
        'copying to ${name} brings referrers, their referrers and side tags, not the fallback tag',
        'without referrers and side tags only the closure itself is copied',
      ],
    },
  },
  {
    line: 42,
    subject: 'lists',
    demand:
      'Lists are followed by Link and not by counting, absolute and relative, on the registry only, to a limit; null, empty pages and any order are fine; repetition is not.',
    tests: {
      [MANIFESTS]: [
        'tags are listed over all pages, however the Link is written',
        'pages that lead elsewhere, round in circles or are no list are refused',
      ],
      [MANIFEST_WIRE]: [
        'an empty page is not the end, null is no error, and any order will do',
        'a page that a TLS proxy made look like http stays on https; other places are refused',
      ],
      [HOSTILE]: [
        'lists whose pages bring nothing new end',
        'lists whose pages never end are cut at the limit',
      ],
    },
  },
  {
    line: 43,
    subject: 'errors',
    demand:
      'An error body may be anything: 8 KiB of it are read; code, message, request id, method and path are shown, never the query.',
    tests: {
      [FAILURES]: [
        'errors name host, method, path, code and request id, never the query',
        'an error body of any size and kind costs little',
      ],
      [SIGN_IN]: ['403 is a matter of rights and says what the registry says'],
    },
  },
  {
    line: 44,
    subject: 'errors',
    demand:
      'Retry-After is obeyed in seconds and as a date, with jitter after it, by all requests to the host, up to --max-wait; RateLimit headers are read; 408, 429, 499, 500, 502, 503, 504, 522 and resets are repeated, 501 and 505 are not.',
    tests: {
      [FAILURES]: [
        'Retry-After is obeyed in seconds and as a date, by every request to the host',
        'a wait longer than allowed fails at once and says how long',
        'what may pass is tried again, what will not is not',
        'an abort ends a wait at once, with the reason that was given',
      ],
      [MANIFEST_WIRE]: [
        '429 without Retry-After means the reset that it names',
        'a registry that takes no more requests is told once',
        'rate limits are read in every form',
      ],
      [`${R}retry-after.test.ts`]: ['Retry-After is read in seconds and in every form of a date'],
    },
  },
  {
    line: 45,
    subject: 'errors',
    demand: 'A Warning of the registry is shown once and nothing is done about it.',
    tests: { [MANIFEST_WIRE]: ['a warning of the registry is shown once, and nothing is done about it'] },
  },
  {
    line: 46,
    subject: 'transport',
    demand:
      'A host that is configured as a mirror, and no other, is told by ns= whom it mirrors; it gets credentials of its own only, what it gives is checked before it is seen, and an answer that its OCI-Namespace says is for another registry is none.',
    tests: {
      [`${R}mirrors/mirrored-repository.test.ts`]: [
        'content by digest comes from the first mirror that has it; the namespace is told to mirrors only',
        'an answer of a mirror for another registry (OCI-Namespace) is none, for tags and for content',
        '${what} from a mirror moves on to the next, and nobody sees a wrong byte',
        'referrers that a mirror lost are asked of the registry',
      ],
    },
  },
  {
    line: 47,
    subject: 'transport',
    demand:
      'Connections are kept and used again; a reset of one that was idle is repeated once, on a new one.',
    tests: {
      [DOWNLOAD_WIRE]: ['one connection serves many requests'],
      [FAILURES]: ['a connection that the server closed while it was idle is replaced without a word'],
    },
  },
  {
    line: 48,
    subject: 'transport',
    demand:
      'Proxies of the environment are used, with their password, by CONNECT for https; NO_PROXY knows networks.',
    tests: {
      [CONNECTIONS]: [
        'plain http goes through the proxy in absolute form, https through a tunnel',
        'a proxy that refuses is named',
        'NO_PROXY knows names, suffixes, ports, addresses and networks',
      ],
    },
  },
  {
    line: 49,
    subject: 'transport',
    demand:
      'Authorities of the system and of files are trusted; the client certificate is shown to the registry only; the name stays in TLS when an address is given for it.',
    tests: {
      [CONNECTIONS]: [
        'a certificate is trusted by the file that is given, and only then',
        'a certificate for another name is refused',
        'a client certificate is shown to the registry',
      ],
    },
  },
  {
    line: 50,
    subject: 'transport',
    demand:
      'The end of an upload of 50 GB may take as long as hashing it takes; a registry that never answers is given up after two limits.',
    tests: {
      [DOWNLOAD_WIRE]: ['the answer to a huge upload may take as long as hashing takes, to a small one not'],
      [UPLOAD]: ['the end of an upload may take longer than other answers'],
      [HOSTILE]: [
        'a registry that takes requests and never answers is given up after two time limits',
        'an upload that is never answered is given up after two time limits',
      ],
    },
  },
];
