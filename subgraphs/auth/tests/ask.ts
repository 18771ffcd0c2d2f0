import type { Json } from '../../../tests/testkit/product/graphql-client.js';
import type { AuthHarness, RunOptions } from './auth-harness.js';

/** The first field of the answer to an operation. Throws the error, as the service threw it, when there is one. */
export async function ask(
  harness: Pick<AuthHarness, 'run'>,
  source: string,
  variables: Record<string, unknown> = {},
  options: Omit<RunOptions, 'variables'> = {},
): Promise<Json> {
  const { data, errors } = await harness.run(source, { ...options, variables });
  const [error] = errors ?? [];
  if (error !== undefined) throw error.originalError ?? error;
  const [field] = Object.values((data ?? {}) as Record<string, Json>);
  if (field === undefined) throw new Error('no field was answered');
  return field;
}

const userFields = 'id username email emailVerified roles guest disabledAt deletesAt';
const refusals = '__typename ... on UserError { code message }';
const refusedFields = `${refusals} ... on InvalidInputError { fields { path code } }`;
const authPayload = `... on AuthPayload { accessToken refreshToken user { ${userFields} } session { id } }`;

/** Mutations of an account's life, each with everything that a test may look at. */
export const operations = {
  me: `{ me { ${userFields} } }`,
  login: `mutation ($input: LoginInput!) { login(input: $input) { ${refusals} ... on AuthPayload { accessToken } } }`,
  loginWithDevice: `mutation ($input: LoginWithDeviceInput!) { loginWithDevice(input: $input) { ${refusedFields} ${authPayload} } }`,
  linkCredentials: `mutation ($input: LinkCredentialsInput!) { linkCredentials(input: $input) {
    ${refusedFields} ... on LinkCredentialsPayload { user { ${userFields} } } } }`,
  changeUsername: `mutation ($input: ChangeUsernameInput!) { changeUsername(input: $input) {
    ${refusedFields} ... on UsernameCooldownError { retryAt } ... on ChangeUsernamePayload { user { ${userFields} } } } }`,
  changePassword: `mutation ($input: ChangePasswordInput!) { changePassword(input: $input) {
    ${refusedFields} ... on ChangePasswordPayload { endedSessions } } }`,
  availability: `query ($username: String!) { usernameAvailability(username: $username) { available code message } }`,
  disableUser: `mutation ($input: DisableUserInput!) { disableUser(input: $input) {
    ${refusals} ... on UserStatePayload { user { ${userFields} } } } }`,
  enableUser: `mutation ($input: EnableUserInput!) { enableUser(input: $input) {
    ${refusals} ... on UserStatePayload { user { ${userFields} } } } }`,
  endUserSessions: `mutation ($input: EndUserSessionsInput!) { endUserSessions(input: $input) {
    ${refusals} ... on EndUserSessionsPayload { endedSessions } } }`,
  setUserRoles: `mutation ($input: SetUserRolesInput!) { setUserRoles(input: $input) {
    ${refusals} ... on UserStatePayload { user { ${userFields} } } } }`,
  exportAccount: `mutation ($input: ExportAccountInput!) { exportAccount(input: $input) {
    ${refusals} ... on AccountExport { userId createdAt account } } }`,
  deleteAccount: `mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) {
    ${refusals} ... on AccountDeletion { deletesAt } } }`,
  cancelAccountDeletion: `mutation { cancelAccountDeletion { user { ${userFields} } } }`,
  auditLog: `query ($userId: ID, $first: Int, $after: String) { auditLog(userId: $userId, first: $first, after: $after) {
    nodes { id action occurredAt user { id } actor { id } sessionId details } pageInfo { hasNextPage endCursor } } }`,
} as const;
