import { ProvError } from '#base';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Reads JSON from outside. @throws SCHEMAS_WIRE_INVALID naming `what` it should have been. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw new ProvError('SCHEMAS_WIRE_INVALID', { what, reason: (error as Error).message }, { cause: error });
  }
}
