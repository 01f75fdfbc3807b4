import type { IncomingMessage } from 'node:http';
import { ProvError } from '#base';
import { receiveBytes } from './receive-body.js';

/** What a schema says of a value; the shape that zod's results have. */
interface Schema<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { path: readonly PropertyKey[]; message: string }[] };
      };
}

/** The JSON body of a request, checked. @throws REGISTRY_REQUEST_INVALID, BASE_LIMIT_EXCEEDED */
export async function readJson<T>(request: IncomingMessage, schema: Schema<T>, maxBytes: number): Promise<T> {
  const bytes = await receiveBytes(request, maxBytes, 'the request');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ProvError('REGISTRY_REQUEST_INVALID', { reason: 'the body is not JSON' }, { cause: error });
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0]!;
  throw new ProvError('REGISTRY_REQUEST_INVALID', { reason: `${path.join('.') || 'body'}: ${message}` });
}
