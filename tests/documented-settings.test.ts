import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { jwtVariables } from '../gateway/authentication/jwt-variables.js';
import { servingVariables } from '../gateway/config/serving-config.js';
import { guestVariables } from '../shared/config/guest-variables.js';
import { mailVariables } from '../shared/config/mail-variables.js';
import { passkeyVariables } from '../shared/config/passkey-variables.js';
import { passwordVariables } from '../shared/config/password-variables.js';
import { projectRoot } from '../shared/config/project-root.js';
import { tokenVariables } from '../shared/config/token-variables.js';
import { userEventsVariables } from '../shared/config/user-events-variables.js';
import { s3Variables } from '../shared/objects/create-object-store.js';
import { telemetryVariables } from '../shared/telemetry/telemetry-variables.js';

const guides = readdirSync(join(projectRoot, 'docs')).filter((file) => file.endsWith('.md'));
const texts = ['README.md', ...guides.map((file) => join('docs', file))].map((page) => readFileSync(join(projectRoot, page), 'utf8'));
const named: ReadonlySet<string> = new Set(texts.flatMap((text) => text.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []));

describe('The guides name every setting', () => {
  it.each([
    ['of the gateway', servingVariables],
    ['of the tokens of other issuers', jwtVariables],
    ['of guests', guestVariables],
    ['of mails', mailVariables],
    ['of passkeys', passkeyVariables],
    ['of passwords', passwordVariables],
    ['of tokens', tokenVariables],
    ['of events about users', userEventsVariables],
    ['of object stores', s3Variables],
    ['of metrics and traces', telemetryVariables],
  ])('%s', (_subject, variables) => {
    expect(Object.keys(variables).filter((name) => !named.has(name))).toEqual([]);
  });
});
