import { randomBytes } from 'node:crypto';
import { everyone } from '../actors.js';
import { enrollTotp } from '../second-factors.js';
import { succeed, verifyEmail } from '../stage.js';
import type { RootTable } from '../table.js';

const anotherPassword = 'a password of the matrix';

/**
 * Doors: whoever holds a credential is whose it is, already being somebody else changes nothing; without the credential the owner's
 * names and ids open nothing. Whose session it is then, says the table of payloads.
 */
export const mutationsOfSignIn: RootTable = {
  'Mutation.register': {
    given: ({ owner }) => ({ input: { username: owner.username, email: `${owner.username}@example.com`, password: anotherPassword } }),
    gets: everyone('UsernameTakenError'),
  },
  'Mutation.login': {
    owner: 'new',
    // The owner's own password, and yet not enough.
    async given({ owner }) {
      await enrollTotp(owner);
      return { input: { identifier: owner.username, password: owner.password } };
    },
    gets: everyone('MfaRequired'),
  },
  'Mutation.loginWithDevice': {
    // Somebody else's device, which is known, with a secret of one's own.
    async given({ ask }) {
      const deviceId = randomBytes(12).toString('hex');
      const signIn = 'mutation ($input: LoginWithDeviceInput!) { loginWithDevice(input: $input) { __typename } }';
      await ask(signIn, { input: { deviceId, deviceSecret: randomBytes(32).toString('hex') } });
      return { input: { deviceId, deviceSecret: randomBytes(32).toString('hex') } };
    },
    gets: everyone('InvalidCredentialsError'),
  },
  'Mutation.refreshSession': {
    owner: 'new',
    given: ({ owner }) => ({ input: { refreshToken: owner.refreshToken } }),
    gets: everyone('AuthPayload'),
  },
  'Mutation.logout': {
    owner: 'new',
    given: ({ owner }) => ({ input: { refreshToken: owner.refreshToken } }),
    gets: everyone('LogoutPayload'),
  },
  'Mutation.verifyEmail': {
    owner: 'new',
    async given({ stage, owner }) {
      const email = `${owner.username}@example.com`;
      await succeed(owner, 'changeEmail', 'ChangeEmailInput', { email, password: owner.password });
      return { input: { token: (await stage.mailbox.next(email, 'Confirm')).token } };
    },
    gets: everyone('VerifyEmailPayload'),
  },
  'Mutation.requestPasswordReset': {
    given: ({ owner }) => ({ input: { identifier: owner.username } }),
    gets: everyone('RequestPasswordResetPayload'),
  },
  'Mutation.resetPassword': {
    owner: 'new',
    async given({ stage, owner, ask }) {
      const email = await verifyEmail(stage.mailbox, owner);
      await ask('mutation ($identifier: String!) { requestPasswordReset(input: { identifier: $identifier }) { message } }', {
        identifier: owner.username,
      });
      return { input: { token: (await stage.mailbox.next(email, 'Choose a new password')).token, newPassword: anotherPassword } };
    },
    gets: everyone('ResetPasswordPayload'),
  },
};
