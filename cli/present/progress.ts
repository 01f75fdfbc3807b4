/** Something that happened during a command; `event` names it, the rest is plain data. */
export interface ProgressEvent {
  readonly event: string;
  readonly message?: string;
  readonly [key: string]: unknown;
}
