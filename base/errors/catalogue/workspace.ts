import { entries } from '../entry.js';

export const workspaceErrors = entries({});
