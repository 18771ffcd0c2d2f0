import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabases, type OpenedDatabase } from '../testkit/services/databases.js';
import { dumpDatabase, startProduct, type Product } from '../testkit/product/product.js';
import { sendHostileInput } from './hostile-input.js';
import { createTeller, liveThrough, type Teller } from './secret-life.js';

const databases = await testDatabases();

describe.each(databases)('Secrets, over the whole product on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let product: Product;
  let teller: Teller;

  beforeAll(async () => {
    opened = await open();
    product = await startProduct(opened.database);
    teller = createTeller(product);
  }, 120_000);
  afterAll(async () => {
    await product.close();
    await opened.close();
  });

  /** The secrets that stand in `where`, as they are, in a URL, or in base64. A code is six digits that stand alone. */
  function foundIn(where: string): string[] {
    return [...teller.secrets].flatMap(([what, secret]) => {
      if (/^\d{6}$/.test(secret)) return new RegExp(`(?<![\\d.:-])${secret}(?![\\d.:-])`).test(where) ? [what] : [];
      const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64url')];
      return forms.some((form) => where.includes(form)) ? [what] : [];
    });
  }

  it('SECURITY 52: stand in no log, event, error or audit event, nor in clear in any column', async () => {
    await liveThrough(teller);
    expect(teller.secrets.size).toBeGreaterThan(50);
    expect(product.logs().length).toBeGreaterThan(1000);
    expect(product.events.length).toBeGreaterThan(10);
    expect(teller.refusals.length).toBeGreaterThan(20);
    const dump = await dumpDatabase(opened.database);
    expect(dump.get('auth.audit_event')?.length).toBeGreaterThan(20);
    // Suites of auth hash at a fraction of it: this is what the product does.
    expect(dump.get('auth.credential')?.join()).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    const metrics = await fetch(`${product.url}/metrics`).then((response) => response.text());
    const places = new Map([
      ['logs', product.logs()],
      ['events', JSON.stringify(product.events)],
      ['errors', teller.refusals.join('\n')],
      ['metrics', metrics],
      ...[...dump].map(([table, rows]) => [table, rows.join('\n')] as const),
    ]);
    const leaks = [...places].flatMap(([place, content]) => foundIn(content).map((what) => `${what} in ${place}`));
    expect(leaks).toEqual([]);
  }, 60_000);

  it('SECURITY 52: stand in no log, however clients put them where they do not belong, and no line is more than one', async () => {
    const before = product.logs().length;
    await sendHostileInput(product.url, teller.mark('hostile input'));
    const logs = product.logs().slice(before);
    expect(logs.split('\n').length).toBeGreaterThan(50);
    expect(foundIn(logs)).toEqual([]);
    for (const line of logs.trimEnd().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number), msg: expect.any(String) });
      // eslint-disable-next-line no-control-regex -- what a terminal obeys
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }
  }, 60_000);
});
