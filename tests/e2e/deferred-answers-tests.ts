import { expect, it } from '@jest/globals';
import type { Galaxia } from '../testkit/product/galaxia.js';
import { post } from '../testkit/product/graphql-client.js';
import { mergePart } from '../testkit/generated/merge-parts.js';
import { registerPerson } from '../testkit/product/person.js';
import { readParts } from '../testkit/gateway/read-parts.js';

export function deferredAnswersTests(product: () => Galaxia): void {
  it('are in the end what comes at once', async () => {
    const { accessToken: token } = await registerPerson(product());
    const query = `{ me { username
      ... @defer(label: "profile") { displayName presence { availability ... @defer { statusMessage } } }
      ... @defer(label: "own") { email mfaEnabled } } }`;
    const response = await fetch(`${product().url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'multipart/mixed;deferSpec=20220824, application/json',
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({ query }),
    });
    let data: unknown;
    const labels: (string | undefined)[] = [];
    for await (const part of readParts(response)) {
      data ??= part.data;
      for (const { label, path, data: given } of part.incremental ?? []) {
        data = mergePart(data, { path, data: JSON.stringify(given) });
        labels.push(label);
      }
    }
    expect(labels.filter((label) => label !== undefined).sort()).toEqual(['own', 'profile']);
    const { data: atOnce } = await post(product().url, { query, token });
    expect(data).toEqual(atOnce);
  });
}
