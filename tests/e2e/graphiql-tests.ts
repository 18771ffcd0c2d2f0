import { beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Galaxia } from '../testkit/product/galaxia.js';
import { visitGraphiql, type GraphiqlVisitor } from '../testkit/product/graphiql-visitor.js';
import { freshUsername } from '../testkit/product/person.js';

export function graphiqlTests(product: () => Galaxia, browser: Browser): void {
  let galaxia: Galaxia;
  beforeAll(() => {
    galaxia = product();
  });

  function visit(): Promise<GraphiqlVisitor> {
    return visitGraphiql(browser, `${galaxia.url}/`);
  }

  async function register(visitor: GraphiqlVisitor, username: string): Promise<void> {
    await visitor.openTab('Register');
    await visitor.type('Variables', JSON.stringify({ input: { username, password: 'correct horse battery staple' } }));
    await visitor.pressPlay();
    await visitor.untilAnswerShows('accessToken');
  }

  async function find(visitor: GraphiqlVisitor, username: string): Promise<void> {
    await visitor.openTab('FindPeople');
    await visitor.type('Variables', JSON.stringify({ name: username.toUpperCase() }));
    await visitor.pressPlay();
    await visitor.untilAnswerShows(`"username": "${username}"`);
  }

  it('shows the main job as tabs on the first visit, under a strict content security policy', async () => {
    const answer = await fetch(`${galaxia.url}/`);
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'");
    const visitor = await visit();
    expect(await visitor.tabs()).toEqual(['Register', 'Login', 'Me', 'UpdateProfile', 'FindPeople', 'WatchPresence', 'CreateImageUpload']);
    expect(visitor.troubles()).toEqual([]);
    await visitor.leave();
  }, 60_000);

  it('runs queries with the token of the sign-in, and shows over a subscription how somebody comes online and leaves', async () => {
    const [alice, bob] = [freshUsername('alice'), freshUsername('bob')];
    const atAlices = await visit();
    const atBobs = await visit();
    await register(atAlices, alice);
    await register(atBobs, bob);

    await atAlices.openTab('Me');
    await atAlices.pressPlay();
    await atAlices.untilAnswerShows(`"username": "${alice}"`);

    await find(atAlices, bob);
    await atAlices.openTab('WatchPresence');
    await atAlices.pressPlay();
    await atAlices.untilAnswerShows('"PresenceSnapshot"');
    await atAlices.untilAnswerShows(`"username": "${bob}"`);
    await atAlices.untilAnswerShows('"availability": "OFFLINE"');

    await find(atBobs, alice);
    await atBobs.openTab('WatchPresence');
    await atBobs.pressPlay();
    await atBobs.untilAnswerShows('"availability": "ONLINE"');
    await atAlices.untilAnswerShows('"availability": "ONLINE"');

    await atBobs.pressPlay();
    await atAlices.untilAnswerShows('"availability": "OFFLINE"');

    expect(atAlices.troubles()).toEqual([]);
    expect(atBobs.troubles()).toEqual([]);
    await atAlices.leave();
    await atBobs.leave();
  }, 90_000);

  it('says what to do when the token of a subscription is revoked', async () => {
    const visitor = await visit();
    const carol = freshUsername('carol');
    await register(visitor, carol);
    await find(visitor, carol);
    await visitor.openTab('WatchPresence');
    await visitor.pressPlay();
    await visitor.untilAnswerShows('"availability": "ONLINE"');
    const token = await visitor.page.evaluate(`sessionStorage.getItem('galaxia:access-token')`);
    const answer = await fetch(`${galaxia.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${String(token)}` },
      body: JSON.stringify({ query: 'mutation { logout { __typename } }' }),
    });
    expect(await answer.json()).toEqual({ data: { logout: { __typename: 'LogoutPayload' } } });
    await visitor.untilAnswerShows('Token expired or revoked: refresh and run again');
    await visitor.leave();
  }, 60_000);
}
