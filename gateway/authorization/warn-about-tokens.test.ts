import { describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { federate } from '../../tests/federation/supergraphs/federation.js';
import type { SupergraphGeneration } from '../supergraph/generation.js';
import { warnAboutTokens } from './warn-about-tokens.js';

const generationOf = (directives: string) =>
  federate([{ name: 'a', typeDefs: `type Query { open: Int mine: Int ${directives} }` }]).generation;

function watch(first: SupergraphGeneration) {
  const warnings: string[] = [];
  const listeners: ((next: SupergraphGeneration) => void)[] = [];
  const supergraph = {
    current: () => first,
    onChange(listener: (next: SupergraphGeneration) => void) {
      listeners.push(listener);
      return () => undefined;
    },
  };
  const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push((JSON.parse(line) as { msg: string }).msg) });
  warnAboutTokens(supergraph, logger);
  return {
    warnings,
    replaceBy: (next: SupergraphGeneration) =>
      listeners.forEach((listener) => {
        listener(next);
      }),
  };
}

describe('SECURITY 40: A gateway that verifies no tokens', () => {
  it('says nothing of a supergraph that protects nothing, but of one that replaces it and does', () => {
    const { warnings, replaceBy } = watch(generationOf(''));
    expect(warnings).toEqual([]);
    replaceBy(generationOf('@requiresScopes(scopes: [["a"]])'));
    expect(warnings).toEqual([expect.stringContaining('this gateway verifies no tokens')]);
  });

  it.each(['@authenticated', '@policy(policies: [["a"]])'])(
    'says at the start which settings are missing where a supergraph protects by %s',
    (directive) => {
      expect(watch(generationOf(directive)).warnings).toEqual([expect.stringContaining('Set JWT_JWKS_URL, JWT_ISSUER and JWT_AUDIENCE')]);
    },
  );
});
