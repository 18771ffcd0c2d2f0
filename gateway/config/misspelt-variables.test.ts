import { describe, expect, it } from '@jest/globals';
import { gatewayVariableNames } from './gateway-config.js';
import { misspeltVariables } from './misspelt-variables.js';

const told = (environment: Readonly<Record<string, string>>) => misspeltVariables(environment, gatewayVariableNames);

describe('A variable that is no setting', () => {
  it.each([
    ['REDIS_URI', 'REDIS_URL'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['TRUSTED_PROXY', undefined],
    ['UPLOAD_MAX_FILES_BYTES', 'UPLOAD_MAX_FILE_BYTES'],
    ['OVERRIDE_LABEL', 'OVERRIDE_LABELS'],
  ])('%s is told by the setting that was meant: %s', (name, nearest) => {
    expect(told({ [name]: 'x' })).toEqual(
      nearest === undefined ? [] : [`${name}: the gateway has no such setting; did you mean ${nearest}?`],
    );
  });

  it('is somebody else’s when that setting is set as well, when it is empty, or when it is near to none', () => {
    expect(told({ REDIS_URI: 'x', REDIS_URL: 'y' })).toEqual([]);
    expect(told({ REDIS_URI: '' })).toEqual([]);
    const others = [
      'HOSTNAME',
      'HOME',
      'PATH',
      'POST',
      'NODE_ENV',
      'NODE_OPTIONS',
      'KUBERNETES_PORT',
      'REDIS_PORT',
      'AUTH_PORT',
      'USERS_SERVICE_HOST',
    ];
    expect(told(Object.fromEntries(others.map((name) => [name, 'x'])))).toEqual([]);
  });

  it('is none of those that subgraphs read', () => {
    const ofOthers = [
      'AUTH_DATABASE_URL',
      'SMTP_URL',
      'MAIL_FROM',
      'S3_ENDPOINT',
      'S3_BUCKET',
      'DATA_DIR',
      'UV_THREADPOOL_SIZE',
      'GUEST_RETENTION_DAYS',
    ];
    expect(told(Object.fromEntries(ofOthers.map((name) => [name, 'x'])))).toEqual([]);
  });
});
