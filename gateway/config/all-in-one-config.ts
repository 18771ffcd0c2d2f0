import { resolve } from 'node:path';
import { z } from 'zod';
import { evenWithProblems, readEnvironment } from '../../shared/config/environment.js';
import { guestVariables } from '../../shared/config/guest-variables.js';
import { imageQuotaSettings, type ImageQuota } from '../../shared/config/image-quota-settings.js';
import { mailVariables } from '../../shared/config/mail-variables.js';
import { breachCheckOf, checkPasswordVariables, passwordVariables } from '../../shared/config/password-variables.js';
import { networkRateSettings, type NetworkRates } from '../../shared/config/network-rate-settings.js';
import { numbersOf, numberVariables } from '../../shared/config/number-settings.js';
import { passkeyVariables } from '../../shared/config/passkey-variables.js';
import { tokenVariables } from '../../shared/config/token-variables.js';
import { databaseUrl, logLevel, subgraphNames, type SubgraphName } from '../../shared/config/subgraph-environment.js';
import { userEventsVariables } from '../../shared/config/user-events-variables.js';
import { checkS3Variables, readS3Options, s3Variables } from '../../shared/objects/create-object-store.js';
import type { S3Options } from '../../shared/objects/s3-object-store.js';
import { workersVariable } from '../cluster/workers-variable.js';
import { checkPolicyVariables } from '../policy/policy-variables.js';
import { ownSupergraphPath } from './gateway-config.js';
import { servingVariables, toServingConfig, type ServingConfig } from './serving-config.js';
import { checkSettingsTogether } from './settings-together.js';

export interface AllInOneConfig extends ServingConfig {
  /** Absolute. */
  readonly dataDir: string;
  /** Postgres servers; subgraphs without one share the embedded database. */
  readonly databaseUrls: Readonly<Partial<Record<SubgraphName, string>>>;
  readonly redisUrl: string | undefined;
  /** About how many events the stream `user.events` keeps, when there is a Redis. */
  readonly userEventsMaxLength: number;
  /** Multiplies every rate limit. */
  readonly rateLimitScale: number;
  /** Null keeps objects as files in the data folder. */
  readonly s3: S3Options | null;
  /** Sent to subgraphs of others; undefined when they know none. */
  readonly gatewaySecret: string | undefined;
  readonly threadPoolSize: number | undefined;
  /** Undefined asks nobody about new passwords. */
  readonly breachCheck: ReturnType<typeof breachCheckOf>;
  readonly signingKeyRotationDays: number;
  /** 0 keeps guests for ever. */
  readonly guestRetentionDays: number;
  readonly networkRates: NetworkRates;
  readonly imageQuota: ImageQuota;
  /** Undefined means the host of the public address, and it alone. */
  readonly webAuthn: { readonly id: string | undefined; readonly origins: readonly string[] | undefined };
  /** Undefined writes mails into `dataDir`/outbox instead of sending them. */
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string | undefined;
}

const schema = z.object({
  ...guestVariables,
  ...servingVariables,
  ...s3Variables,
  ...mailVariables,
  ...userEventsVariables,
  ...passkeyVariables,
  ...passwordVariables,
  ...tokenVariables,
  ...numberVariables(networkRateSettings),
  ...numberVariables(imageQuotaSettings),
  WORKERS: workersVariable.WORKERS.refine((count) => count === 1, {
    message:
      'everything in one process stays one: its database and its events are in there. Run the subgraphs as processes of their own, and the gateway with WORKERS (npm run start:gateway)',
  }),
  LOG_LEVEL: logLevel.default('warn'),
  DATA_DIR: z.string().default('.data'),
  SUPERGRAPH_PATH: z.string().default(ownSupergraphPath),
  AUTH_DATABASE_URL: databaseUrl.optional(),
  USERS_DATABASE_URL: databaseUrl.optional(),
  SESSIONS_DATABASE_URL: databaseUrl.optional(),
  IMAGES_DATABASE_URL: databaseUrl.optional(),
  GATEWAY_SECRET: z.string().optional(),
  UV_THREADPOOL_SIZE: z.coerce.number().int().min(1).max(1024).optional(),
});

/** Configuration of everything in one process, for which nothing has to be set. Throws `ConfigurationError` with all problems at once. */
export function readAllInOneConfig(environment: Readonly<Record<string, string | undefined>>): AllInOneConfig {
  const values = readEnvironment(
    schema
      .superRefine(checkS3Variables, evenWithProblems)
      .superRefine(checkPolicyVariables, evenWithProblems)
      .superRefine(checkPasswordVariables, evenWithProblems)
      .superRefine(checkSettingsTogether(environment), evenWithProblems),
    environment,
  );
  const given = {
    auth: values.AUTH_DATABASE_URL,
    users: values.USERS_DATABASE_URL,
    sessions: values.SESSIONS_DATABASE_URL,
    images: values.IMAGES_DATABASE_URL,
  };
  const databaseUrls: Partial<Record<SubgraphName, string>> = {};
  for (const name of subgraphNames) {
    const url = given[name];
    if (url !== undefined) databaseUrls[name] = url;
  }
  return {
    ...toServingConfig(values),
    dataDir: resolve(values.DATA_DIR),
    databaseUrls,
    redisUrl: values.REDIS_URL,
    userEventsMaxLength: values.USER_EVENTS_MAX_LENGTH,
    rateLimitScale: values.RATE_LIMIT_SCALE,
    s3: readS3Options(values),
    gatewaySecret: values.GATEWAY_SECRET,
    threadPoolSize: values.UV_THREADPOOL_SIZE,
    breachCheck: breachCheckOf(values),
    signingKeyRotationDays: values.SIGNING_KEY_ROTATION_DAYS,
    guestRetentionDays: values.GUEST_RETENTION_DAYS,
    networkRates: numbersOf(networkRateSettings, values),
    imageQuota: numbersOf(imageQuotaSettings, values),
    webAuthn: { id: values.WEBAUTHN_RP_ID, origins: values.WEBAUTHN_ORIGINS },
    smtpUrl: values.SMTP_URL,
    mailFrom: values.MAIL_FROM,
  };
}
