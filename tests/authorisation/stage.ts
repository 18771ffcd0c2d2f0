import { join } from 'node:path';
import { createMailbox, type Mailbox } from '../../subgraphs/auth/tests/mailbox.js';
import type { Galaxia } from '../testkit/product/galaxia.js';
import { post, text, type GraphQLAnswer } from '../testkit/product/graphql-client.js';
import { publishImage } from '../testkit/product/publish-image.js';
import { freshUsername, playAsGuest, registerPerson, type Person } from '../testkit/product/person.js';
import type { Actor } from './actors.js';
import { appointAdmin } from './appoint.js';
import { addPasskey } from './second-factors.js';
import { until } from '../testkit/until.js';

/** What an owner has set for profile and presence. */
export const visibilities = ['EVERYONE', 'FRIENDS', 'NOBODY'] as const;
export type Visibility = (typeof visibilities)[number];

/** An owner with one thing of every kind. */
interface Owner extends Person {
  readonly passkeyId: string;
  /** A picture in the gallery. */
  readonly imageId: string;
}

/** One question of the matrix: somebody asks for what is somebody's. */
export interface Cell {
  readonly stage: Stage;
  readonly actor: Actor;
  readonly owner: Person;
  /** Null asks without a token; on oneself the owner. */
  readonly caller: Person | null;
  readonly ask: (query: string, variables?: object) => Promise<GraphQLAnswer>;
}

export interface Stage {
  readonly url: string;
  /** Every mail that was sent. */
  readonly mailbox: Mailbox;
  readonly owners: Readonly<Record<Visibility, Owner>>;
  /** Everyone but owner and anonymous. */
  readonly others: Readonly<Record<Exclude<Actor, 'owner' | 'anonymous'>, Person>>;
  /** Asks every owner to be friends, and gets no answer. */
  readonly petitioner: Person;
  cell(actor: Actor, owner?: Person): Cell;
  /** A new owner, to whom the actor stands as the name says. */
  newOwner(actor: Actor): Promise<Cell>;
  /** Somebody whom an administrator has disabled. */
  newDisabled(): Promise<Person>;
  /** Somebody who has asked to be deleted. */
  newLeaving(): Promise<Person>;
  /** A new account of one's own; a new guest; nobody. */
  newCaller(actor: Actor): Promise<Cell>;
}

/** Makes the cast, and everything that they own. */
export async function setStage(galaxia: Galaxia): Promise<Stage> {
  const { url } = galaxia;
  const newcomer = (role: string) => registerPerson(galaxia, { username: freshUsername(role) });
  const [EVERYONE, FRIENDS, NOBODY, friend, stranger, blocked, blocker, guest, moderator, admin, petitioner, mutualFriend] =
    await Promise.all([
      newcomer('open'),
      newcomer('friendly'),
      newcomer('hidden'),
      newcomer('friend'),
      newcomer('stranger'),
      newcomer('blocked'),
      newcomer('blocker'),
      playAsGuest(galaxia),
      newcomer('moderator'),
      newcomer('admin'),
      newcomer('petitioner'),
      newcomer('mutual'),
    ]);
  await appointAdmin(galaxia, admin.username);
  const adminOnDuty = await admin.signInAgain('Desk');
  await succeed(adminOnDuty, 'setUserRoles', 'SetUserRolesInput', { userId: moderator.id, roles: ['MODERATOR'] });
  const others = {
    friend,
    stranger,
    blocked,
    blocker,
    guest,
    // Their tokens carry the role only from now on.
    moderator: await moderator.signInAgain('Desk'),
    admin: adminOnDuty,
  };
  const [open, friendly, hidden] = await Promise.all([
    furnish(galaxia, EVERYONE, 'EVERYONE'),
    furnish(galaxia, FRIENDS, 'FRIENDS'),
    furnish(galaxia, NOBODY, 'NOBODY'),
  ]);
  const owners = { EVERYONE: open, FRIENDS: friendly, NOBODY: hidden };

  function cell(actor: Actor, owner: Person = owners.EVERYONE, caller = callerOf(actor, owner)): Cell {
    return {
      stage,
      actor,
      owner,
      caller,
      ask: (query, variables) => post(url, { query, token: caller?.accessToken, ...(variables === undefined ? {} : { variables }) }),
    };
  }

  function callerOf(actor: Actor, owner: Person): Person | null {
    if (actor === 'anonymous') return null;
    return actor === 'owner' ? owner : others[actor];
  }

  async function relate(actor: Actor, owner: Person): Promise<void> {
    if (actor === 'friend') await befriend(friend, owner);
    if (actor === 'blocked') await succeed(owner, 'blockUser', 'BlockInput', { userId: blocked.id });
    if (actor === 'blocker') await succeed(blocker, 'blockUser', 'BlockInput', { userId: owner.id });
  }

  const stage: Stage = {
    url,
    mailbox: createMailbox(join(galaxia.dataDir, 'outbox')),
    owners,
    others,
    petitioner,
    cell,
    async newOwner(actor) {
      const owner = await newcomer('owner');
      await untilKnown(owner);
      await relate(actor, owner);
      return cell(actor, owner);
    },
    async newDisabled() {
      const person = await newcomer('disabled');
      await succeed(adminOnDuty, 'disableUser', 'DisableUserInput', { userId: person.id });
      return person;
    },
    async newLeaving() {
      const person = await newcomer('leaving');
      await succeed(person, 'deleteAccount', 'DeleteAccountInput', { password: person.password });
      return person;
    },
    async newCaller(actor) {
      if (actor === 'anonymous') return cell(actor);
      const caller = actor === 'guest' ? await playAsGuest(galaxia) : await newcomer('self');
      return cell(actor, caller, caller);
    },
  };
  const ties = Object.values(owners).flatMap((owner) => [
    ...(['friend', 'blocked', 'blocker'] as const).map((actor) => relate(actor, owner)),
    // Somebody else, so that the stranger stays one.
    succeed(petitioner, 'requestFriend', 'FriendInput', { userId: owner.id }),
  ]);
  const mutual = [...Object.values(owners), ...Object.values(others)].map((person) => befriend(mutualFriend, person));
  await Promise.all([...ties, ...mutual]);
  await Promise.all([untilTold(open, 'EVERYONE', others), untilTold(friendly, 'FRIENDS', others), untilTold(hidden, 'NOBODY', others)]);
  return stage;
}

/** Waits until every subgraph has heard who is whose friend, who blocks whom, and who may see what. */
async function untilTold(owner: Person, visibility: Visibility, { friend, stranger, blocked, blocker }: Stage['others']): Promise<void> {
  const look = async (caller: Person) => {
    const { data } = await caller.ask('query ($id: ID!) { user(id: $id) { avatar { id } presence { availability } } }', { id: owner.id });
    const { user } = data;
    if (JSON.stringify(user) === 'null') return 'nobody';
    return `${JSON.stringify(user?.avatar) === 'null' ? 'faceless' : 'shown'} ${text(user?.presence?.availability)}`;
  };
  const hidden = 'faceless OFFLINE';
  const expected = [
    visibility === 'NOBODY' ? hidden : 'shown ONLINE',
    visibility === 'EVERYONE' ? 'shown ONLINE' : hidden,
    'nobody',
    hidden,
  ].join();
  const areTold = async () => (await Promise.all([friend, stranger, blocked, blocker].map(look))).join() === expected;
  await until(areTold, `announcements of ${owner.username}`);
}

/** Waits until the registration was announced to the subgraph that keeps relations. */
async function untilKnown(person: Person): Promise<void> {
  const query = 'query ($query: String!) { searchUsers(query: $query) { nodes { id } } }';
  const isFound = async () => JSON.stringify((await person.ask(query, { query: person.username })).data).includes(person.id);
  await until(isFound, `the registration of ${person.username}`);
}

async function befriend(asking: Person, asked: Person): Promise<void> {
  await succeed(asking, 'requestFriend', 'FriendInput', { userId: asked.id });
  await succeed(asked, 'acceptFriend', 'FriendInput', { userId: asking.id });
}

/** Runs a mutation that must not answer an error. */
export async function succeed(person: Person, mutation: string, inputType: string, input: object): Promise<GraphQLAnswer> {
  const answer = await person.ask(
    `mutation ($input: ${inputType}!) { ${mutation}(input: $input) { __typename ... on UserError { code message } } }`,
    { input },
  );
  const typename = answer.data[mutation]?.__typename;
  if (typename === undefined || text(typename).endsWith('Error')) {
    throw new Error(`${mutation} failed: ${JSON.stringify({ data: answer.data, errors: answer.errors })}`);
  }
  return answer;
}

async function furnish(galaxia: Pick<Galaxia, 'url'>, person: Person, visibility: Visibility): Promise<Owner> {
  const email = `${person.username}@example.com`;
  await succeed(person, 'changeEmail', 'ChangeEmailInput', { email, password: person.password });
  await succeed(person, 'updateProfile', 'UpdateProfileInput', {
    displayName: `The ${visibility}`,
    bio: 'About me',
    locale: 'en',
    timeZone: 'Europe/Berlin',
    profileVisibility: visibility,
  });
  // Online for as long as the stage stands, however slow the machine is.
  await (await person.watch([person])).next();
  await succeed(person, 'updatePresence', 'UpdatePresenceInput', {
    statusMessage: 'Here',
    activity: { kind: 'LOBBY', text: 'Waiting' },
    visibility,
  });
  await succeed(person, 'createSession', 'CreateSessionInput', { data: { settings: visibility } });
  const { id: imageId } = await publishImage(galaxia, person, 'GALLERY');
  const { id: avatarId } = await publishImage(galaxia, person, 'AVATAR');
  await succeed(person, 'setAvatar', 'SetAvatarInput', { imageId: avatarId });
  const { id: passkeyId } = await addPasskey(galaxia.url, person);
  return { ...person, passkeyId, imageId };
}

/** Gives somebody an address, which counts from now on. */
export async function verifyEmail(mailbox: Mailbox, person: Person): Promise<string> {
  const email = `${person.username}@example.com`;
  await succeed(person, 'changeEmail', 'ChangeEmailInput', { email, password: person.password });
  const { token } = await mailbox.next(email, 'Confirm');
  await succeed(person, 'verifyEmail', 'VerifyEmailInput', { token });
  return email;
}
