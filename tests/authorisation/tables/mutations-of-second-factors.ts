import { createAuthenticator } from '../../testkit/product/authenticator.js';
import { everyone, signedIn } from '../actors.js';
import {
  addPasskey,
  beginPasskey,
  beginPasskeyConfirmation,
  beginPasskeySignIn,
  beginTotp,
  codeOf,
  enrollTotp,
  mfaTokenOf,
  passwordOf,
} from '../second-factors.js';
import type { RootTable } from '../table.js';

/** Setting up is for oneself; a second step is for who holds the token of the first one and the factor. */
export const mutationsOfSecondFactors: RootTable = {
  'Mutation.beginTotpEnrollment': {
    owner: 'the caller',
    given: ({ caller }) => ({ input: passwordOf(caller) }),
    gets: signedIn('TotpEnrollment'),
  },
  'Mutation.confirmTotpEnrollment': {
    owner: 'the caller',
    given: async ({ caller }) => ({ input: { code: caller === null ? '123456' : await codeOf(await beginTotp(caller)) } }),
    gets: signedIn('TotpEnabled'),
  },
  'Mutation.disableTotp': {
    owner: 'the caller',
    async given({ caller }) {
      const [code = '123456'] = caller === null ? [] : (await enrollTotp(caller)).recoveryCodes;
      return { input: { ...passwordOf(caller), code } };
    },
    gets: signedIn('DisableTotpPayload'),
  },
  'Mutation.regenerateRecoveryCodes': {
    owner: 'new',
    // With the owner's passkey, which they were asked for: whoever else sends their answer gets no codes, of nobody.
    async given({ stage, owner, caller }) {
      const { authenticator } = await addPasskey(stage.url, owner);
      const { ceremonyId, options } = await beginPasskeyConfirmation(owner);
      return { input: { ...passwordOf(caller), passkey: { ceremonyId, response: authenticator.signIn(options) } } };
    },
    gets: signedIn('InvalidPasskeyError', { owner: 'RecoveryCodes' }),
  },
  'Mutation.verifyMfa': {
    owner: 'new',
    async given({ stage, owner }) {
      const { recoveryCodes } = await enrollTotp(owner);
      return { input: { mfaToken: await mfaTokenOf(stage.url, owner), code: recoveryCodes[0] } };
    },
    gets: everyone('AuthPayload'),
  },
  'Mutation.beginPasskeyConfirmation': {
    owner: 'the caller',
    async given({ stage, caller }) {
      if (caller !== null) await addPasskey(stage.url, caller);
      return {};
    },
    gets: signedIn('PasskeyCeremony'),
  },
  'Mutation.beginPasskeyRegistration': {
    owner: 'the caller',
    given: ({ caller }) => ({ input: passwordOf(caller) }),
    gets: signedIn('PasskeyCeremony'),
  },
  'Mutation.finishPasskeyRegistration': {
    owner: 'new',
    // A ceremony that the owner has begun: nobody else can put a key of theirs into it.
    async given({ stage, owner }) {
      const { ceremonyId, options } = await beginPasskey(owner);
      return { input: { ceremonyId, response: createAuthenticator(stage.url).register(options) } };
    },
    gets: signedIn('InvalidPasskeyError', { owner: 'FinishPasskeyRegistrationPayload' }),
  },
  'Mutation.beginPasskeyLogin': {
    owner: 'new',
    async given({ stage, owner }) {
      await addPasskey(stage.url, owner);
      return { input: { mfaToken: await mfaTokenOf(stage.url, owner) } };
    },
    gets: everyone('PasskeyCeremony'),
  },
  'Mutation.finishPasskeyLogin': {
    owner: 'new',
    async given({ stage, owner }) {
      const { authenticator } = await addPasskey(stage.url, owner);
      const { ceremonyId, options } = await beginPasskeySignIn(stage.url);
      return { input: { ceremonyId, response: authenticator.signIn(options) } };
    },
    gets: everyone('AuthPayload'),
  },
  'Mutation.removePasskey': {
    owner: 'new',
    given: async ({ stage, owner, caller }) => ({ input: { id: (await addPasskey(stage.url, owner)).id, ...passwordOf(caller) } }),
    gets: signedIn('PasskeyNotFoundError', { owner: 'RemovePasskeyPayload' }),
  },
};
