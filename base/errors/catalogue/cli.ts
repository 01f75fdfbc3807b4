import { entries } from '../entry.js';

export const cliErrors = entries({});
