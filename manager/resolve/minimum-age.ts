import { MIN_AGE } from '#schemas';

const SECONDS = { m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** A minimum age as the resolver wants it. */
export interface AgeLimit {
  /** The newest time of publication that is old enough, to the minute. */
  readonly publishedBefore: string;
  readonly minAgeSeconds: number;
}

/** What `min_age` means now. `SOURCE_DATE_EPOCH` says what now is, so that a resolution can be repeated. */
export function ageLimit(minAge: string, env: NodeJS.ProcessEnv): AgeLimit {
  const [, count, unit] = MIN_AGE.exec(minAge)!;
  const epoch = env['SOURCE_DATE_EPOCH'];
  const now = epoch === undefined || !/^\d{1,12}$/.test(epoch) ? Date.now() / 1000 : Number(epoch);
  const minAgeSeconds = Number(count) * SECONDS[unit as keyof typeof SECONDS];
  const limit = Math.floor((now - minAgeSeconds) / 60) * 60_000;
  return { publishedBefore: new Date(limit).toISOString(), minAgeSeconds };
}

/**
 * The newest time of publication that a lock may hold. A build that says it is done in the past does not make a lock
 * of today too young.
 */
export function ageLimitNow(minAge: string, env: NodeJS.ProcessEnv): string {
  return [ageLimit(minAge, env), ageLimit(minAge, {})].map((each) => each.publishedBefore).sort()[1]!;
}
