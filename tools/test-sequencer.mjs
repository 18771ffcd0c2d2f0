import { statSync } from 'node:fs';

/** Small files that take long: they begin first, or one of them would be all that the machine does at the end. */
const longest = /sign-in-timing|sign-in-flood|key-revocation|session-cleaning|presence-chaos|gateway-chaos|e2e.product/;

/** For Jest, which on a fresh clone knows no more of suites than how large their files are. Nothing is remembered from run to run. */
export default class TestSequencer {
  sort(tests) {
    const weights = new Map(tests.map((test) => [test, longest.test(test.path) ? Infinity : statSync(test.path).size]));
    const weightOf = (test) => weights.get(test) ?? 0;
    return [...tests].sort((a, b) => (weightOf(a) === weightOf(b) ? a.path.localeCompare(b.path) : weightOf(b) - weightOf(a)));
  }

  shard(tests) {
    return tests;
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {
    return undefined;
  }
}
