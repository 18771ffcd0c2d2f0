import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabases, type OpenedDatabase } from '../testkit/services/databases.js';
import { post, text, type Json } from '../testkit/product/graphql-client.js';
import { dumpDatabase, startProduct, type Product } from '../testkit/product/product.js';
import { publishImage } from '../testkit/product/publish-image.js';
import { openInitialisedSocket } from '../testkit/gateway/socket.js';

const databases = await testDatabases();
const password = 'correct horse battery staple';
const sevenDaysMs = 7 * 24 * 60 * 60_000;

interface Person {
  readonly id: string;
  readonly username: string;
  readonly token: string;
}

describe.each(databases)('The end of an account, over the whole product on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let product: Product;

  beforeAll(async () => {
    opened = await open();
    product = await startProduct(opened.database);
  }, 120_000);
  afterAll(async () => {
    await product.close();
    await opened.close();
  });

  async function ask(person: Person | null, query: string, input?: unknown): Promise<Json> {
    const variables = input === undefined ? {} : { input };
    const answer = await post(product.url, { query, variables, token: person?.token });
    if (answer.errors.length > 0) throw new Error(JSON.stringify(answer.errors));
    return answer.data;
  }

  async function register(username: string, email: string): Promise<Person> {
    const { register: payload } = await ask(
      null,
      `mutation ($input: RegisterInput!) { register(input: $input) { ... on AuthPayload { accessToken user { id } } } }`,
      { username, email, password, device: `The telescope of ${username}` },
    );
    return { id: text(payload?.user?.id), username, token: text(payload?.accessToken) };
  }

  async function signInAgain({ id, username }: Person): Promise<Person> {
    const { login } = await ask(null, `mutation ($input: LoginInput!) { login(input: $input) { ... on AuthPayload { accessToken } } }`, {
      identifier: username,
      password,
      device: `The second telescope of ${username}`,
    });
    return { id, username, token: text(login?.accessToken) };
  }

  async function publish(person: Person, purpose: 'AVATAR' | 'GALLERY'): Promise<string> {
    const asking = { ask: (query: string, variables: object) => post(product.url, { query, variables, token: person.token }) };
    return (await publishImage(product, asking, purpose)).id;
  }

  /** Somebody who has left traces everywhere. */
  async function leaveTraces(person: Person, friend: Person, stranger: Person): Promise<void> {
    await ask(person, `mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { __typename } }`, {
      displayName: `Countess ${person.username}`,
      bio: `The bio of ${person.username}`,
    });
    const avatar = await publish(person, 'AVATAR');
    await publish(person, 'GALLERY');
    await ask(person, `mutation ($input: SetAvatarInput!) { setAvatar(input: $input) { __typename } }`, { imageId: avatar });
    // One that is promised and never sent.
    await ask(person, `mutation ($input: CreateImageUploadInput!) { createImageUpload(input: $input) { __typename } }`, {
      contentType: 'image/png',
      size: 1000,
      purpose: 'GALLERY',
    });
    await ask(person, `mutation ($input: FriendInput!) { requestFriend(input: $input) { __typename } }`, { userId: friend.id });
    await ask(friend, `mutation ($input: FriendInput!) { acceptFriend(input: $input) { __typename } }`, { userId: person.id });
    await ask(stranger, `mutation ($input: BlockInput!) { blockUser(input: $input) { __typename } }`, { userId: person.id });
    await ask(person, `mutation ($input: UpdatePresenceInput!) { updatePresence(input: $input) { __typename } }`, {
      statusMessage: `The status of ${person.username}`,
    });
    await ask(person, `mutation ($input: CreateSessionInput!) { createSession(input: $input) { __typename } }`, {
      data: { settings: `The settings of ${person.username}` },
    });
    await ask(person, `mutation { presenceHeartbeat { __typename } }`);
  }

  it('SECURITY 51: exportAccount gathers what every subgraph keeps, and shows nobody that of another', async () => {
    const ada = await register('Ada_Export', 'ada.export@example.org');
    const bob = await register('Bob_Export', 'bob.export@example.org');
    const eve = await register('Eve_Export', 'eve.export@example.org');
    await product.untilSettled();
    await leaveTraces(ada, bob, eve);
    await product.untilSettled();
    const { exportAccount } = await ask(
      ada,
      `mutation ($input: ExportAccountInput!) { exportAccount(input: $input) { ... on AccountExport { userId createdAt account profile sessions images } } }`,
      { password },
    );
    expect(exportAccount).toMatchObject({
      userId: ada.id,
      account: { username: 'Ada_Export', email: 'ada.export@example.org' },
      profile: { profile: { displayName: 'Countess Ada_Export' }, friends: [{ userId: bob.id }], blocked: [] },
      sessions: {
        sessions: [{ device: 'The telescope of Ada_Export', data: { settings: 'The settings of Ada_Export' }, version: 1 }],
        presence: { statusMessage: 'The status of Ada_Export' },
      },
      images: { images: [{ purpose: 'AVATAR' }, { purpose: 'GALLERY' }], avatarId: expect.any(String) },
    });
    expect(JSON.stringify(exportAccount)).not.toContain(eve.id);
  });

  it('SECURITY 51: deleteAccount leaves nothing personal in any table, nor any byte of an image', async () => {
    const bob = await register('Bob_Erasure', 'bob.erasure@example.org');
    const eve = await register('Eve_Erasure', 'eve.erasure@example.org');
    await product.untilSettled();
    const objectsBefore = await product.objects();
    const ada = await register('Ada_Erasure', 'ada.erasure@example.org');
    await product.untilSettled();
    await leaveTraces(ada, bob, eve);
    await signInAgain(ada);
    await product.untilSettled();
    const traces = ['ada_erasure', 'ada.erasure@example.org', 'countess ada_erasure', ada.id];
    const found = (lines: readonly string[]) => traces.filter((trace) => lines.some((line) => line.toLowerCase().includes(trace)));
    expect(found([...(await dumpDatabase(opened.database)).values()].flat())).toEqual(traces);
    expect((await product.objects()).size).toBeGreaterThan(objectsBefore.size);

    const { deleteAccount } = await ask(
      ada,
      `mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { __typename ... on AccountDeletion { deletesAt } } }`,
      { password },
    );
    expect(deleteAccount?.__typename).toBe('AccountDeletion');
    product.advance(sevenDaysMs + 1000);
    const friend = await signInAgain(bob);
    // Signed in and online at the very end.
    const last = await signInAgain(ada);
    await ask(last, `mutation { presenceHeartbeat { __typename } }`);
    const [following, own] = await Promise.all([friend, last].map(({ token }) => openInitialisedSocket(product.url, token)));
    if (following === undefined || own === undefined) throw new Error('two sockets were opened');
    const query = `subscription ($userIds: [ID!]) { presence(input: { userIds: $userIds }) { __typename
      ... on PresenceSnapshot { entries { availability user { username } } } ... on PresenceRemoved { reason user { id } } } }`;
    following.send({ type: 'subscribe', id: 'ada', payload: { query, variables: { userIds: [ada.id] } } });
    const online = { entries: [{ availability: 'ONLINE', user: { username: 'Ada_Erasure' } }] };
    expect((await following.next()).payload?.data?.presence).toMatchObject(online);
    await product.untilSettled();
    await expect(product.carryOutDeletions()).resolves.toBe(1);
    expect((await following.next()).payload).toEqual({
      data: { presence: { __typename: 'PresenceRemoved', reason: 'DELETED', user: { id: ada.id } } },
    });
    await expect(own.closed()).resolves.toMatchObject({ code: 4403 });
    await product.untilSettled(() => product.events.some(({ type, key }) => type === 'user.deleted' && key === ada.id));
    const isNew = (name: string) => !objectsBefore.has(name);
    expect([...(await product.objects()).keys()].filter(isNew)).toEqual([]);

    expect((await ask(friend, `{ userByUsername(username: "Ada_Erasure") { id } }`)).userByUsername).toBeNull();
    expect(await ask(friend, `{ searchUsers(query: "ada_erasure") { nodes { id } } friends { nodes { id } } }`)).toEqual({
      searchUsers: { nodes: [] },
      friends: { nodes: [] },
    });
    const refused = await post(product.url, { query: '{ me { id } }', token: last.token });
    expect(refused.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');

    expect(following.pending()).toEqual([]);
    following.ws.terminate();

    // Forgets what has been announced, as its next round does; the end of the process writes whatever waits to be written.
    await product.carryOutDeletions();
    await product.close();
    const rows = await dumpDatabase(opened.database);
    const left = [...rows].flatMap(([table, lines]) => lines.filter((line) => found([line]).length > 0).map((line) => ({ table, line })));
    expect(left).toEqual([]);
    product = await startProduct(opened.database);
  });
});
