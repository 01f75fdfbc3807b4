import { entries } from '../entry.js';

export const resolverErrors = entries({});
