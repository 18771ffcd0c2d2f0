import { randomBytes } from 'node:crypto';
import { post, text, type GraphQLAnswer, type Json } from '../testkit/product/graphql-client.js';
import { freshUsername } from '../testkit/product/person.js';

/** One session of a person, with tokens that are always fresh enough for the process whose clock is fast. */
export interface Login {
  readonly userId: string;
  readonly sessionId: string;
  token(): Promise<string>;
  /** Sends it until it is answered without a passing fault, for `withinMs`. Answers the `data`. */
  ask(query: string, variables?: object, withinMs?: number): Promise<Json>;
}

export interface Account {
  readonly userId: string;
  readonly first: Login;
  signInAgain(device: string): Promise<Login>;
}

const payload = `__typename ... on AuthPayload { accessToken refreshToken user { id } session { id } } ... on UserError { code message }`;
const register = `mutation ($input: RegisterInput!) { answer: register(input: $input) { ${payload} } }`;
const login = `mutation ($input: LoginInput!) { answer: login(input: $input) { ${payload} } }`;
const refresh = `mutation ($input: RefreshSessionInput!) { answer: refreshSession(input: $input) { ${payload} } }`;

const freshMs = 120_000;
const patienceMs = 30_000;
/** Faults that pass; whatever else is answered is an answer. */
const passing = new Set(['UNAVAILABLE', 'INTERNAL_SERVER_ERROR', 'RATE_LIMITED']);

/** `origin` answers a gateway that is up. */
export async function registerAccount(origin: () => string, name: string): Promise<Account> {
  const password = `pass ${randomBytes(9).toString('hex')}`;
  let username: string;
  let answer: Json;
  do {
    // A busy machine may have taken the first attempt without answering in time: then the name is taken.
    username = freshUsername(name);
    answer = await askUntilAnswered(origin, { query: register, variables: { input: { username, password, device: 'first' } } });
  } while (text(answer.answer?.__typename) !== 'AuthPayload');
  const first = toLogin(origin, answer);
  return {
    userId: first.userId,
    first,
    async signInAgain(device) {
      const variables = { input: { identifier: username, password, device } };
      return toLogin(origin, await askUntilAnswered(origin, { query: login, variables }));
    },
  };
}

function toLogin(origin: () => string, data: Json): Login {
  let tokens = data.answer;
  let freshUntil = Date.now() + freshMs;
  let refreshing: Promise<void> | undefined;

  async function renew(): Promise<void> {
    const variables = { input: { refreshToken: text(tokens?.refreshToken) } };
    const renewed = await askUntilAnswered(origin, { query: refresh, variables });
    // A session that was ended has no tokens any more; whoever uses it finds out.
    if (text(renewed.answer?.__typename) === 'AuthPayload') tokens = renewed.answer;
    freshUntil = Date.now() + freshMs;
  }

  async function token(): Promise<string> {
    if (Date.now() > freshUntil) await (refreshing ??= renew().finally(() => (refreshing = undefined)));
    return text(tokens?.accessToken);
  }

  return {
    userId: text(tokens?.user?.id),
    sessionId: text(tokens?.session?.id),
    token,
    ask: async (query, variables = {}, withinMs = patienceMs) =>
      askUntilAnswered(origin, { query, variables, token: await token() }, withinMs),
  };
}

async function askUntilAnswered(
  origin: () => string,
  request: { readonly query: string; readonly variables: object; readonly token?: string },
  withinMs = patienceMs,
): Promise<Json> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer: GraphQLAnswer | Error = await post(origin(), request).catch((error: unknown) => error as Error);
    if (!(answer instanceof Error)) {
      if (answer.errors.length === 0) return answer.data;
      if (!answer.errors.some(({ extensions }) => passing.has(extensions.code))) {
        throw new Error(`${request.query} was answered with ${JSON.stringify(answer.errors)}`);
      }
    }
    if (Date.now() > deadline) {
      throw new Error(
        `${request.query} was not answered in time: ${answer instanceof Error ? String(answer) : JSON.stringify(answer.errors)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
