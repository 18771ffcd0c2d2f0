/** A subgraph of your own that hangs on Galaxia's User. `node server.mjs`, with GALAXIA, PORT and GATEWAY_SECRET if these are not the usual ones. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, GraphQLError, parse } from 'graphql';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { GALAXIA = 'http://127.0.0.1:4000', PORT = '4005', GATEWAY_SECRET } = process.env;
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', GALAXIA));
const all = [
  { id: 'first-blood', title: 'The first victory' },
  { id: 'night-owl', title: 'Playing after midnight' },
];
const unlocked = new Map();

const resolvers = {
  Query: { achievements: () => all },
  Mutation: {
    unlockAchievement(_, { id }, { userId }) {
      if (userId === null) throw new GraphQLError('Sign in first.', { extensions: { code: 'UNAUTHENTICATED' } });
      const achievement = all.find((each) => each.id === id);
      if (achievement === undefined) throw new GraphQLError('There is no such achievement.', { extensions: { code: 'NOT_FOUND' } });
      const own = unlocked.get(userId) ?? [];
      if (!own.includes(achievement)) unlocked.set(userId, [...own, achievement]);
      return { id: userId };
    },
  },
  User: {
    // The gateway asks for many users at once, and only by their ids.
    __resolveReference: ({ id }) => ({ id }),
    achievements: ({ id }) => unlocked.get(id) ?? [],
  },
};
const schema = buildSubgraphSchema({ typeDefs: parse(readFileSync(join(import.meta.dirname, 'schema.graphql'), 'utf8')), resolvers });

/** Nobody but the gateway may ask, where the two share a secret. */
function isGateway(headers) {
  if (GATEWAY_SECRET === undefined) return true;
  const digest = (text) => createHash('sha256').update(String(text)).digest();
  return timingSafeEqual(digest(headers['x-gateway-secret']), digest(GATEWAY_SECRET));
}

/** Who asks, by the token alone: everything else could be anybody's word. Null without one. */
async function userIdOf({ authorization }) {
  if (authorization === undefined) return null;
  try {
    const { payload } = await jwtVerify(authorization.replace(/^Bearer +/i, ''), keys, {
      algorithms: ['EdDSA'],
      issuer: 'urn:galaxia',
      audience: 'galaxia',
      typ: 'at+jwt',
    });
    return payload.sub;
  } catch {
    throw new GraphQLError('The access token is not valid: sign in again.', { extensions: { code: 'UNAUTHENTICATED' } });
  }
}

async function answer(request) {
  if (!isGateway(request.headers)) return { status: 403 };
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  try {
    const { query, variables, operationName } = JSON.parse(body);
    const contextValue = { userId: await userIdOf(request.headers) };
    return { status: 200, result: await graphql({ schema, source: query, variableValues: variables, operationName, contextValue }) };
  } catch (error) {
    return error instanceof GraphQLError ? { status: 200, result: { data: null, errors: [error] } } : { status: 400 };
  }
}

createServer(async (request, response) => {
  const { status, result } = await answer(request);
  response.writeHead(status, { 'content-type': 'application/json' }).end(result && JSON.stringify(result));
}).listen(Number(PORT), '127.0.0.1');
