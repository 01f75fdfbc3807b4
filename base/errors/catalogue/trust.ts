import { entries } from '../entry.js';

export const trustErrors = entries({});
