import { describe, expect, it } from '@jest/globals';
import { readAuthConfig } from './config.js';

describe('the configuration of auth', () => {
  it.each(['0', '-1', '1.5', 'four', '1025', '99999'])('refuses %s as UV_THREADPOOL_SIZE', (size) => {
    expect(() => readAuthConfig({ UV_THREADPOOL_SIZE: size })).toThrow('UV_THREADPOOL_SIZE');
  });

  it('takes 1 to 1024 threads, and none at all', () => {
    expect(readAuthConfig({ UV_THREADPOOL_SIZE: '1' })).toEqual({ threadPoolSize: 1 });
    expect(readAuthConfig({ UV_THREADPOOL_SIZE: '1024' })).toEqual({ threadPoolSize: 1024 });
    expect(readAuthConfig({})).toEqual({ threadPoolSize: undefined });
  });
});
