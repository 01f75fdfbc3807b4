import { test } from 'node:test';
import { soak } from './soak-rounds.js';

test('whatever goes wrong, a push and a pull end in the right bytes or in a named error', (t) => soak(t, 6));
