import type { Supergraph } from '../supergraph/supergraph.js';
import type { Logger } from '../../shared/logging/logger.js';

/** Says that nobody can have what directives protect, of this supergraph and of each later one, while the gateway verifies no tokens. */
export function warnAboutTokens(supergraph: Pick<Supergraph, 'current' | 'onChange'>, logger: Logger): void {
  const warn = ({ authorization }: ReturnType<Supergraph['current']>): void => {
    if (authorization === undefined) return;
    logger.warn(
      'the supergraph protects fields by @authenticated, @requiresScopes or @policy, and this gateway verifies no tokens: everybody is anonymous to these directives and gets UNAUTHENTICATED for what they protect. Set JWT_JWKS_URL, JWT_ISSUER and JWT_AUDIENCE.',
    );
  };
  warn(supergraph.current());
  supergraph.onChange(warn);
}
