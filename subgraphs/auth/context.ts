import type DataLoader from 'dataloader';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { Audience } from '../../shared/graphql/sharing/sharing.js';
import type { AccountLifeServices } from './services/compose-account-life.js';
import type { AccountDirectory } from './services/accounts/account-directory.js';
import type { Registration } from './services/accounts/registration.js';
import type { MfaServices } from './services/mfa/compose-mfa.js';
import type { MfaStatus } from './services/mfa/mfa-status.js';
import type { OneCredentialCheck } from './services/one-credential-check.js';
import type { PasskeyServices } from './services/passkeys/compose-passkeys.js';
import type { PasswordChange } from './services/passwords/password-change.js';
import type { Reauthentication } from './services/passwords/reauthentication.js';
import type { RecoveryServices } from './services/recovery/compose-recovery.js';
import type { PasswordSignIn } from './services/sessions/password-sign-in.js';
import type { SessionEnder } from './services/sessions/session-ender.js';
import type { SessionRefresher } from './services/sessions/session-refresher.js';
import type { Throttles } from './services/throttling/throttles.js';

/** The services that live as long as the process. */
export interface AuthServices extends AccountLifeServices, MfaServices, PasskeyServices, RecoveryServices {
  readonly registration: Registration;
  readonly passwordSignIn: PasswordSignIn;
  readonly reauthentication: Reauthentication;
  readonly passwordChange: PasswordChange;
  readonly sessionRefresher: SessionRefresher;
  readonly sessionEnder: SessionEnder;
  readonly throttles: Throttles;
}

/** What the resolvers of one operation work with. */
export interface AuthContext extends AuthServices {
  /** Null for an anonymous caller. */
  readonly viewer: Viewer | null;
  readonly requestId: string;
  readonly userAgent: string | undefined;
  /** As the gateway sees it; null for a caller that tells none. */
  readonly clientIp: string | null;
  readonly accounts: AccountDirectory;
  /** For whom an account looks as it does to an anonymous caller, by its id. */
  readonly audience: DataLoader<string, Audience>;
  readonly mfaStatus: MfaStatus;
  readonly oneCredentialCheck: OneCredentialCheck;
}
