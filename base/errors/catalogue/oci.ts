import { entries } from '../entry.js';

export const ociErrors = entries({
  OCI_CONTENT_MISSING: {
    message: '{digest} is not in {where}',
    hint: 'It was deleted, or never pushed completely. Push or copy it again.',
    exit: 'notFound',
    http: 404,
  },
  OCI_DIGEST_MISMATCH: {
    message: 'content from {where} has digest {actual}, expected {expected}',
    hint: 'The content was damaged or tampered with; nothing of it was kept. Fetch it again, or from another place.',
    exit: 'refused',
    http: 400,
  },
  OCI_SIZE_MISMATCH: {
    message: 'content {digest} from {where} has {actual} bytes, expected {expected}',
    hint: 'The content was cut off, damaged or tampered with; nothing of it was kept. Fetch it again, or from another place.',
    exit: 'refused',
    http: 400,
  },
  OCI_REFERENCE_NOT_FOUND: {
    message: '{reference} is not in {where}',
    hint: 'Check the name and the tag; tags are listed by prov ext versions.',
    exit: 'notFound',
    http: 404,
  },
  OCI_TAG_CONFLICT: {
    message: 'the tag {tag} in {where} already points to {existing}, not to {digest}',
    hint: 'Version tags are immutable: raise the version, or push unchanged content.',
    exit: 'conflict',
    http: 409,
  },
});
