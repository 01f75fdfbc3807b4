import { test } from 'node:test';
import { soak } from './soak-rounds.js';

test('sixty rounds of faults end in the right bytes or in a named error', (t) => soak(t, 60));
