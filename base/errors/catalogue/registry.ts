import { entries } from '../entry.js';

export const registryErrors = entries({});
