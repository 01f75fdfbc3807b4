import { entries } from '../entry.js';

export const runtimeErrors = entries({});
