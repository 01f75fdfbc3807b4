import { entries } from '../entry.js';

export const dbErrors = entries({});
