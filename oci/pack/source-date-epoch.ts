import { ProvError } from '#base';

/** 2242: the largest time that a tar header holds in eleven octal digits. */
const MAX_EPOCH = 0o77777777777;

/**
 * The build time set by `SOURCE_DATE_EPOCH`, in seconds since 1970, or undefined when it is not set.
 * @see reproducible-builds.org, "SOURCE_DATE_EPOCH specification"
 */
export function sourceDateEpoch(env: NodeJS.ProcessEnv): number | undefined {
  const text = env['SOURCE_DATE_EPOCH'];
  if (text === undefined || text === '') return undefined;
  const value = /^\d{1,11}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= MAX_EPOCH) return value;
  throw new ProvError('OCI_PACK_REFUSED', {
    path: 'SOURCE_DATE_EPOCH',
    reason: 'its value is not a number of seconds',
    hint: 'Set it to seconds since 1970, or unset it.',
  });
}
