import { entries } from '../entry.js';

export const ociErrors = entries({});
