import { z } from 'zod';
import type { AuthHarness, RunOptions } from './auth-harness.js';

const payloadFields = `
  __typename
  ... on UserError { code message }
  ... on InvalidInputError { fields { path code message } }
  ... on AuthPayload {
    accessToken refreshToken expiresAt
    user { id username email roles mfaEnabled createdAt }
    session { id user { id } device startedAt lastSeenAt expiresAt current }
  }`;

const registerDocument = `mutation ($input: RegisterInput!) { register(input: $input) { ${payloadFields} } }`;
const loginDocument = `mutation ($input: LoginInput!) { login(input: $input) { ${payloadFields} } }`;
const refreshDocument = `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) {
  __typename ... on UserError { code message }
  ... on AuthPayload { accessToken refreshToken expiresAt user { id username email roles mfaEnabled createdAt }
    session { id user { id } device startedAt lastSeenAt expiresAt current } } } }`;
const logoutDocument = `mutation ($input: LogoutInput) { logout(input: $input) {
  __typename ... on UserError { code message } ... on LogoutPayload { sessionId } } }`;

const payload = z.object({
  __typename: z.literal('AuthPayload'),
  accessToken: z.string(),
  refreshToken: z.string(),
  expiresAt: z.string(),
  user: z.object({
    id: z.uuid(),
    username: z.string(),
    email: z.string().nullable(),
    roles: z.array(z.string()).nullable(),
    mfaEnabled: z.boolean().nullable(),
    createdAt: z.string(),
  }),
  session: z.object({
    id: z.uuid(),
    user: z.object({ id: z.uuid() }),
    device: z.string().nullable(),
    startedAt: z.string(),
    lastSeenAt: z.string(),
    expiresAt: z.string(),
    current: z.boolean(),
  }),
});
const refusal = z.object({
  __typename: z.string(),
  code: z.string().optional(),
  message: z.string().optional(),
  sessionId: z.string().optional(),
  fields: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })).optional(),
});

export type Payload = z.output<typeof payload>;
export type Answer = z.output<typeof refusal>;

export const goodPassword = 'correct horse battery staple';

/** Speaks the mutations of auth; `…` answers whatever came, `must…` only an `AuthPayload`. */
export function createAuthClient({ run }: Pick<AuthHarness, 'run'>) {
  async function send(document: string, field: string, input: unknown, options: RunOptions = {}): Promise<unknown> {
    const { data, errors } = await run(document, { ...options, variables: { input } });
    if (errors !== undefined) throw errors[0]?.originalError ?? errors[0] ?? new Error('no error');
    return data?.[field];
  }
  const register = (input: object, options?: RunOptions) =>
    send(registerDocument, 'register', { password: goodPassword, ...input }, options);
  const login = (input: object, options?: RunOptions) => send(loginDocument, 'login', { password: goodPassword, ...input }, options);
  const refresh = (refreshToken: string) => send(refreshDocument, 'refreshSession', { refreshToken });

  const mustRegister = async (input: object, options?: RunOptions): Promise<Payload> => payload.parse(await register(input, options));
  let people = 0;
  const newName = () => `person_${String((people += 1))}`;

  return {
    /** One that nobody has. */
    newName,
    newPerson: (input: object = {}): Promise<Payload> => mustRegister({ username: newName(), ...input }),
    me: (token: string) => run('{ me { id username email roles mfaEnabled } }', { token }),
    register: async (input: object, options?: RunOptions): Promise<Answer> => refusal.parse(await register(input, options)),
    mustRegister,
    login: async (input: object, options?: RunOptions): Promise<Answer> => refusal.parse(await login(input, options)),
    mustLogin: async (input: object, options?: RunOptions): Promise<Payload> => payload.parse(await login(input, options)),
    refresh: async (refreshToken: string): Promise<Answer> => refusal.parse(await refresh(refreshToken)),
    mustRefresh: async (refreshToken: string): Promise<Payload> => payload.parse(await refresh(refreshToken)),
    logout: async (input: object | null, options?: RunOptions): Promise<Answer> =>
      refusal.parse(await send(logoutDocument, 'logout', input, options)),
  };
}
