import { z } from 'zod';
import { evenWithProblems, httpUrl, readEnvironment } from '../../shared/config/environment.js';
import { guestVariables } from '../../shared/config/guest-variables.js';
import { mailVariables } from '../../shared/config/mail-variables.js';
import { breachCheckOf, checkPasswordVariables, passwordVariables } from '../../shared/config/password-variables.js';
import { passkeyVariables } from '../../shared/config/passkey-variables.js';
import { networkRateSettings, type NetworkRates } from '../../shared/config/network-rate-settings.js';
import { numbersOf, numberVariables } from '../../shared/config/number-settings.js';
import { tokenVariables } from '../../shared/config/token-variables.js';

export interface AuthConfig {
  /** Node's own variable: how many threads it has for hashing, signing, files and names. 4 when it is not set. */
  readonly threadPoolSize: number | undefined;
  /** Where people reach the gateway, without a trailing slash. */
  readonly publicUrl: string;
  /** Undefined writes mails into `DATA_DIR`/outbox instead of sending them. */
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string | undefined;
  /** Undefined asks nobody about new passwords. */
  readonly breachCheck: ReturnType<typeof breachCheckOf>;
  readonly signingKeyRotationDays: number;
  /** 0 keeps guests for ever. */
  readonly guestRetentionDays: number;
  readonly networkRates: NetworkRates;
  /** Undefined means the host of `publicUrl`, and it alone. */
  readonly webAuthn: { readonly id: string | undefined; readonly origins: readonly string[] | undefined };
}

const variables = z.object({
  ...guestVariables,
  ...mailVariables,
  ...passkeyVariables,
  ...passwordVariables,
  ...tokenVariables,
  ...numberVariables(networkRateSettings),
  PUBLIC_URL: httpUrl.default('http://127.0.0.1:4000'),
  UV_THREADPOOL_SIZE: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'must be a number from 1 to 1024')
    .transform(Number)
    .refine((size) => size <= 1024, 'must be a number from 1 to 1024')
    .optional(),
});

/** What auth alone reads from the environment. Throws `ConfigurationError` with all problems at once. */
export function readAuthConfig(environment: Readonly<Record<string, string | undefined>>): AuthConfig {
  const values = readEnvironment(variables.superRefine(checkPasswordVariables, evenWithProblems), environment);
  return {
    threadPoolSize: values.UV_THREADPOOL_SIZE,
    publicUrl: values.PUBLIC_URL,
    smtpUrl: values.SMTP_URL,
    mailFrom: values.MAIL_FROM,
    breachCheck: breachCheckOf(values),
    signingKeyRotationDays: values.SIGNING_KEY_ROTATION_DAYS,
    guestRetentionDays: values.GUEST_RETENTION_DAYS,
    networkRates: numbersOf(networkRateSettings, values),
    webAuthn: { id: values.WEBAUTHN_RP_ID, origins: values.WEBAUTHN_ORIGINS },
  };
}
