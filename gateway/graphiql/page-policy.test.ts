import { describe, expect, it } from '@jest/globals';
import { pagePolicy } from './page-policy.js';

function directive(policy: string, name: string): string | undefined {
  return policy.split('; ').find((line) => line.startsWith(`${name} `));
}

describe('The page', () => {
  it('may talk to this server alone', () => {
    const policy = pagePolicy(undefined);
    expect(directive(policy, 'default-src')).toBe("default-src 'none'");
    expect(directive(policy, 'connect-src')).toBe("connect-src 'self'");
    expect(directive(policy, 'script-src')).toBe("script-src 'self'");
  });

  it('may send uploads to the store that clients reach, and show what is there, and nothing more', () => {
    const policy = pagePolicy('http://objects.example:9000/some/path');
    expect(directive(policy, 'connect-src')).toBe("connect-src 'self' http://objects.example:9000");
    expect(directive(policy, 'img-src')).toBe("img-src 'self' data: blob: https: http://objects.example:9000");
    expect(policy.split('; ').filter((line) => line.includes('objects.example'))).toHaveLength(2);
  });
});
