export const IN_TOTO_PAYLOAD = 'application/vnd.in-toto+json';

/** The bytes a DSSE signature covers. @see DSSE v1.0.2 protocol.md, "PAE" */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `),
    payload,
  ]);
}
