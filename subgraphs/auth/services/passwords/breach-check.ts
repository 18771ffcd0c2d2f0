import { createHash } from 'node:crypto';
import { AppError } from '../../../../shared/errors/app-error.js';
import type { Logger } from '../../../../shared/logging/logger.js';

/** What happens to a new password while the service that knows breached ones does not answer. */
export type BreachCheckPolicy = 'accept' | 'refuse';

export interface BreachCheck {
  /** Throws an `UNAVAILABLE` `AppError` when the service is down and the policy is to refuse then. */
  isKnown(password: string): Promise<boolean>;
}

export interface BreachCheckOptions {
  /** Of a range service: `GET <url>/<first five hex digits of the SHA-1>` answers lines of `<the other 35>:<how often>`. */
  readonly url: string;
  readonly whenDown: BreachCheckPolicy;
  readonly logger: Logger;
  readonly timeoutMs?: number;
}

const prefixLength = 5;
/** The longest answers of the public service are about 80 KB. */
const maximumAnswer = 1_000_000;

/** Asks a range service whether a password was in a breach. It learns five digits of a hash, which hundreds of others share (k-anonymity). */
export function createBreachCheck({ url, whenDown, logger, timeoutMs = 2_000 }: BreachCheckOptions): BreachCheck {
  async function ask(prefix: string): Promise<string> {
    const answer = await fetch(`${url}/${prefix}`, {
      // Padded with made-up entries, so that not even the length of the answer tells which range was asked for.
      headers: { 'add-padding': 'true', 'user-agent': 'galaxia' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await answer.text();
    if (!answer.ok || text.length > maximumAnswer) throw new Error(`The breach check answered ${String(answer.status)}`);
    return text;
  }

  return {
    async isKnown(password) {
      const hash = createHash('sha1').update(password).digest('hex').toUpperCase();
      const rest = hash.slice(prefixLength);
      try {
        const lines = (await ask(hash.slice(0, prefixLength))).split('\n');
        // A padding entry has the count 0.
        return lines.some((line) => line.slice(0, rest.length).toUpperCase() === rest && Number(line.slice(rest.length + 1)) > 0);
      } catch (error) {
        logger.warn({ err: error, whenDown }, 'the service that knows breached passwords does not answer');
        if (whenDown === 'accept') return false;
        throw new AppError('UNAVAILABLE', 'New passwords cannot be checked right now. Try again shortly.', {
          retryAfter: 30,
          cause: error,
        });
      }
    },
  };
}
