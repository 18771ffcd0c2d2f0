import type { QueueLoad } from '../../../../shared/background/queue-load.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { AccountRepository } from '../../data/account-repository.js';
import type { PasswordRepository } from '../../data/password-repository.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Throttles } from '../throttling/throttles.js';
import { createBreachCheck, type BreachCheckPolicy } from './breach-check.js';
import {
  createHashingQueue,
  createPasswordHasher,
  hashingConcurrency,
  type Argon2Parameters,
  type PasswordHasher,
} from './password-hasher.js';
import { createPasswordPolicy, type PasswordPolicy } from './password-policy.js';
import { createReauthentication, type Reauthentication } from './reauthentication.js';

/** A range service that knows breached passwords (`BreachCheckOptions.url`). */
export interface BreachCheckSettings {
  readonly url: string;
  readonly whenDown: BreachCheckPolicy;
}

export interface PasswordServices {
  readonly hasher: PasswordHasher;
  readonly passwordPolicy: PasswordPolicy;
  readonly reauthentication: Reauthentication;
  readonly hashingLoad: () => QueueLoad;
}

export function composePasswords({
  accounts,
  passwords,
  throttles,
  auditLog,
  threadPoolSize,
  breachCheck,
  parameters,
  logger,
  now,
}: {
  readonly accounts: AccountRepository;
  readonly passwords: PasswordRepository;
  readonly throttles: Throttles;
  readonly auditLog: AuditLog;
  readonly threadPoolSize: number | undefined;
  readonly breachCheck: BreachCheckSettings | undefined;
  readonly parameters: Argon2Parameters | undefined;
  readonly logger: Logger;
  readonly now: () => number;
}): PasswordServices {
  const queue = createHashingQueue(hashingConcurrency(threadPoolSize));
  const hasher = createPasswordHasher({
    queue,
    replaceHash: (replacement) => passwords.rehash(replacement),
    parameters,
  });
  return {
    hasher,
    hashingLoad: () => queue.load(),
    passwordPolicy: createPasswordPolicy({ breachCheck: breachCheck === undefined ? null : createBreachCheck({ ...breachCheck, logger }) }),
    reauthentication: createReauthentication({ accounts, hasher, throttles, auditLog, now }),
  };
}
