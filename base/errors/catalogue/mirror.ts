import { entries } from '../entry.js';

export const mirrorErrors = entries({});
