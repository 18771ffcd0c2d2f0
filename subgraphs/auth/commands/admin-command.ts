import { parseArgs } from 'node:util';
import { roles as everyRole, type Role } from '../../../shared/auth/role.js';
import { createModerationRepository } from '../data/moderation-repository.js';
import { toAuditRow } from '../services/audit/audit-log.js';
import type { ModerationRepository, Standing } from '../services/moderation/moderation-repository.js';
import { rolesChange } from '../services/moderation/moderation.js';
import { withAuthData, type AuthData } from './auth-data.js';
import type { CommandResult } from './run-command.js';

const usage = `Says who may administer and moderate. The first administrator is made here; further ones can be made in the product.
Works on the Postgres of AUTH_DATABASE_URL, beside a server that runs, or on the database in DATA_DIR, while none does.

  npm run admin -- grant <username> [ADMIN|MODERATOR]     ADMIN when left out
  npm run admin -- revoke <username> [ADMIN|MODERATOR]    never from the last administrator
  npm run admin -- list
  npm run admin -- --help

Whoever is signed in gets a new role with the next refresh of their access token, within 10 minutes. Taking a role away signs them out
everywhere, within seconds.`;

type Parsed = { readonly kind: 'help' } | { readonly kind: 'wrong'; readonly problem: string } | { readonly kind: 'list' } | RoleOrder;

interface RoleOrder {
  readonly kind: 'grant' | 'revoke';
  readonly username: string;
  readonly role: Role;
}

/** `openData` is called only when the command line is right. Throws what that throws. */
export async function runAdminCommand(
  args: readonly string[],
  openData: () => Promise<Pick<AuthData, 'database' | 'close'>>,
  now: () => number = Date.now,
): Promise<CommandResult> {
  const parsed = parse(args);
  if (parsed.kind === 'help') return { status: 0, output: usage };
  if (parsed.kind === 'wrong') return { status: 2, output: `${parsed.problem}\n\n${usage}` };
  return withAuthData(openData, (prisma) => {
    const repository = createModerationRepository(prisma);
    return parsed.kind === 'list' ? list(repository) : change(repository, parsed, now);
  });
}

function parse(args: readonly string[]): Parsed {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options: { help: { type: 'boolean', short: 'h' } } });
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) };
  }
  if (parsed.values.help === true) return { kind: 'help' };
  const [command, username, roleName = 'ADMIN', ...rest] = parsed.positionals;
  if (command === 'list' && username === undefined) return { kind: 'list' };
  if ((command !== 'grant' && command !== 'revoke') || username === undefined || rest.length > 0) {
    return { kind: 'wrong', problem: 'Say "grant" or "revoke" and a username, or "list".' };
  }
  const role = everyRole.find((each) => each === roleName.toUpperCase());
  if (role === undefined || role === 'USER')
    return { kind: 'wrong', problem: `"${roleName}" is no role that can be given: ADMIN or MODERATOR.` };
  return { kind: command, username, role };
}

async function list(repository: ModerationRepository): Promise<CommandResult> {
  const people = await repository.listWithRoles();
  if (people.length === 0)
    return { status: 0, output: 'There is no administrator and no moderator yet: npm run admin -- grant <username>' };
  const width = Math.max(...people.map(({ username }) => username.length));
  const lines = people.map(
    ({ username, roles, disabledAt }) =>
      `${username.padEnd(width)}  ${roles.filter((role) => role !== 'USER').join(', ')}${disabledAt === null ? '' : '  (disabled)'}`,
  );
  return { status: 0, output: lines.join('\n') };
}

async function change(repository: ModerationRepository, order: RoleOrder, now: () => number): Promise<CommandResult> {
  const { username } = order;
  const found = await repository.findByUsername(username);
  if (found === null) return { status: 1, output: `There is no user "${username}". Register the account first.` };
  const { verdict } = await repository.act<CommandResult>(
    { actorId: found.id, targetId: found.id, at: new Date(now()), lockAdmins: true },
    ({ target, admins }) => {
      if (target === null) return { verdict: { status: 1, output: `The user "${username}" was deleted just now.` }, change: null };
      const refusal = findRefusal(order, target, admins);
      if (refusal !== null) return { verdict: refusal, change: null };
      const { kind, role } = order;
      const roles = everyRole.filter((each) => (each === role ? kind === 'grant' : target.roles.includes(each)));
      const details = { from: target.roles, to: roles, by: 'command line' };
      const audit = [toAuditRow({ action: 'ROLES_CHANGED', accountId: target.id, details }, now)];
      return {
        verdict: { status: 0, output: `${target.username} ${kind === 'grant' ? 'has' : 'no longer has'} the role ${role}.` },
        change: { ...rolesChange(target, roles), audit },
      };
    },
  );
  return verdict;
}

/** Why nothing is to be changed; null when something is. */
function findRefusal({ kind, role }: RoleOrder, { username, roles, disabledAt }: Standing, admins: number): CommandResult | null {
  const has = roles.includes(role);
  if (has && kind === 'grant') return { status: 0, output: `${username} has the role ${role} already.` };
  if (!has && kind === 'revoke') return { status: 0, output: `${username} does not have the role ${role}.` };
  if (kind === 'revoke' && role === 'ADMIN' && admins === 1 && disabledAt === null) {
    return { status: 1, output: `${username} is the last administrator: make somebody else one first.` };
  }
  return null;
}
