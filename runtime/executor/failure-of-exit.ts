import { SCRIPT_EXIT } from '#schemas';
import type { FailureClass } from '../event-log/events.js';

const CLASSES: ReadonlyMap<number, FailureClass> = new Map<number, FailureClass>([
  [SCRIPT_EXIT.transient, 'transient'],
  [SCRIPT_EXIT.temporary, 'transient'],
  [SCRIPT_EXIT.throttled, 'throttled'],
  [SCRIPT_EXIT.authentication, 'authentication'],
  [SCRIPT_EXIT.invalid, 'invalid'],
  [SCRIPT_EXIT.conflict, 'conflict'],
  [SCRIPT_EXIT.quota, 'quota'],
  [SCRIPT_EXIT.cancelled, 'cancelled'],
]);

/** The class of a script's exit code; a code without one is an ordinary failure. @see docs/spec/scripts.md */
export function failureOfExit(exit: number): FailureClass {
  return CLASSES.get(exit) ?? 'failed';
}
