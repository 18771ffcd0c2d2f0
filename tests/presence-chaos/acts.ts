import { text } from '../testkit/product/graphql-client.js';
import type { Dice } from './dice.js';
import type { Device } from './device.js';
import type { Changing, Person, Visibility, World } from './world.js';

/** How long a connection counts after its client has left in such a way, and some time for the sweep, in ms. */
const lingering = { ordered: 3_000, cut: 15_000, 'not us': 46_000 } as const;

export interface Acts {
  /** Something that somebody does now. Rejects when an answer is not one that may come. */
  next(): Promise<void>;
  befriend(one: Person, other: Person): Promise<void>;
  /** Nothing is asked for and not answered yet. */
  idle(): Promise<void>;
}

export interface ActsOptions {
  readonly world: World;
  readonly dice: Dice;
  /** Signs the person in on one more device. */
  readonly addDevice: (person: Person) => Promise<Device>;
  /** While true nobody leaves and no relation changes: what a fault takes with it could not be told from what a person did. */
  readonly isHeld: () => boolean;
  readonly isBroken: () => boolean;
  readonly log: (what: string) => void;
}

export function createActs({ world, dice, addDevice, isHeld, isBroken, log }: ActsOptions): Acts {
  const underWay = new Set<Promise<void>>();
  const departing = new Set<Device>();
  const roaming = () => world.people.filter(({ isLeftAlone }) => !isLeftAlone);

  /** What a device that leaves now leaves behind, sockets of before included. */
  function linger(person: Person, device: Device, kind: 'ordered' | 'cut'): void {
    const own = Date.now() + lingering[isBroken() ? 'not us' : kind];
    person.mayLingerUntil = Math.max(person.mayLingerUntil, own, ...device.closings.map(({ at, by }) => at + lingering[by]));
  }

  async function change<Value>(
    get: () => Changing<Value>,
    set: (changing: Changing<Value>) => void,
    value: Value,
    ask: () => Promise<unknown>,
  ) {
    if (get().isChanging) return;
    set({ ...get(), isChanging: true });
    await ask();
    set({ value, isChanging: false, since: Date.now() });
  }

  /** One that is never ended. */
  const anyLogin = (person: Person) => person.account.first;

  async function relate(
    one: Person,
    other: Person,
    mutations: readonly (readonly [Person, string])[],
    to: 'friends' | 'strangers' | 'blocked',
  ) {
    await change(
      () => world.standing(one.id, other.id),
      (standing) => world.setStanding(one.id, other.id, standing),
      to === 'blocked' ? { kind: to, by: one.id } : { kind: to },
      async () => {
        for (const [by, mutation] of mutations) {
          const target = by === one ? other : one;
          const input = mutation.includes('lock') ? 'BlockInput' : 'FriendInput';
          const query = `mutation ($input: ${input}!) { answer: ${mutation}(input: $input) { __typename } }`;
          const data = await anyLogin(by).ask(query, { input: { userId: target.id } });
          log(`${by.name} ${mutation} ${target.name}: ${text(data.answer?.__typename)}`);
        }
      },
    );
  }

  const befriend = (one: Person, other: Person) =>
    relate(
      one,
      other,
      [
        [one, 'requestFriend'],
        [other, 'requestFriend'],
      ],
      'friends',
    );

  async function changeRelation(): Promise<void> {
    const [one, other] = dice.shuffled(roaming());
    if (one === undefined || other === undefined) return;
    const { value, isChanging } = world.standing(one.id, other.id);
    if (isChanging) return;
    if (value.kind === 'blocked') {
      const [by, of] = value.by === one.id ? [one, other] : [other, one];
      await relate(by, of, [[by, 'unblockUser']], 'strangers');
    } else if (dice.isHit(0.3)) await relate(one, other, [[one, 'blockUser']], 'blocked');
    else if (value.kind === 'friends') await relate(one, other, [[one, 'removeFriend']], 'strangers');
    else await befriend(one, other);
  }

  async function updatePresence(person: Person): Promise<void> {
    const update = (input: object) => async () => {
      await anyLogin(person).ask('mutation ($input: UpdatePresenceInput!) { updatePresence(input: $input) { __typename } }', { input });
      log(`${person.name} updatePresence ${JSON.stringify(input)}`);
    };
    if (dice.isHit(0.4)) {
      const visibility: Visibility = dice.oneOf(['EVERYONE', 'FRIENDS', 'NOBODY'] as const) ?? 'EVERYONE';
      const set = (changed: Changing<Visibility>) => void (person.visibility = changed);
      await change(() => person.visibility, set, visibility, update({ visibility }));
    } else {
      const isBusy = dice.isHit(0.5);
      const input = { availability: isBusy ? 'BUSY' : null, statusMessage: `status ${String(dice.below(1_000))}` };
      await change(
        () => person.isBusy,
        (changed) => void (person.isBusy = changed),
        isBusy,
        update(input),
      );
    }
  }

  async function goOffline(person: Person, device: Device): Promise<void> {
    device.closeInOrder();
    linger(person, device, 'ordered');
    // Nobody connects it before that is answered: a session that goes offline takes a socket with it that was opened meanwhile.
    departing.add(device);
    try {
      await device.login.ask('mutation { goOffline { __typename } }');
    } finally {
      departing.delete(device);
    }
    log(`${device.name} goOffline`);
  }

  async function endSession(person: Person, device: Device): Promise<void> {
    const others = person.devices.filter((other) => other !== device);
    const by = dice.oneOf(others)?.login;
    if (by === undefined) return;
    const wasLive = device.liveSince() !== null;
    person.devices.splice(person.devices.indexOf(device), 1);
    const { sessionId } = device.login;
    // Other services may hear of it before the gateway closes its socket.
    device.expectEnd();
    await by.ask('mutation ($id: ID!) { answer: endSession(input: { id: $id }) { __typename } }', { id: sessionId });
    log(`${device.name} is ended`);
    device.stayAway();
    if (wasLive) linger(person, device, 'ordered');
    const fresh = await addDevice(person);
    if (dice.isHit(0.7)) fresh.connect();
  }

  async function act(): Promise<void> {
    const person = dice.oneOf(roaming());
    const device = dice.oneOf(person?.devices ?? []);
    if (person === undefined || device === undefined || departing.has(device)) return;
    if (!device.isWanted()) {
      device.connect();
      return;
    }
    const kind = dice.below(10);
    if (kind < 2) device.cut(true);
    else if (kind < 4) await updatePresence(person);
    else if (isHeld()) return;
    else if (kind < 7) await changeRelation();
    else if (kind === 7 && dice.isHit(0.5)) {
      device.cut(false);
      linger(person, device, 'cut');
    } else if (kind === 7) {
      device.closeInOrder();
      linger(person, device, 'ordered');
    } else if (kind === 8) await goOffline(person, device);
    else await endSession(person, device);
  }

  function watch(work: Promise<void>): Promise<void> {
    underWay.add(work);
    const done = () => void underWay.delete(work);
    work.then(done, done);
    return work;
  }

  return {
    next: () => watch(act()),
    befriend: (one, other) => watch(befriend(one, other)),
    async idle() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}
