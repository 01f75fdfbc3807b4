import { entries } from '../entry.js';

export const managerErrors = entries({});
