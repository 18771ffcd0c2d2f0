import { describe } from '@jest/globals';
import { availableWays } from '../testkit/product/galaxia.js';
import { matrixTests } from './matrix-tests.js';

// In a file of its own, so that both ways run at the same time.
const canRun = (await availableWays()).includes('distributed');

(canRun ? describe : describe.skip)('SECURITY 46: the product in five processes', () => matrixTests('distributed'));
