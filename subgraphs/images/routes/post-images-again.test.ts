import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { formOf, useImagePosts } from '../../../tests/testkit/product/post-image.js';

describe('POST /images, when it is tried again or does not fit,', () => {
  const posts = useImagePosts();
  const { post, file } = posts;

  it('answers the same image when it is sent again with the same key, also at the same time', async () => {
    const headers = { 'idempotency-key': 'try' };
    const answers = await Promise.all([1, 2, 3].map(() => post(formOf([['file', file()]]), { headers })));
    answers.push(await post(formOf([['file', file()]]), { headers }));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await usage(posts.alice)).toMatchObject({ images: 1 });

    expect((await post(formOf([['file', file()]]), { headers, person: randomUUID() })).body.id).not.toBe(answers[0]?.body.id);
    expect((await post(formOf([['file', file()]]), { headers: { 'idempotency-key': 'another' } })).body.id).not.toBe(answers[0]?.body.id);
    expect(await post(formOf([['file', file(Buffer.concat([posts.png, posts.png]))]]), { headers })).toMatchObject({
      status: 422,
      body: { errors: [{ extensions: { code: 'BAD_USER_INPUT', fields: [{ path: 'idempotencyKey', code: 'ALREADY_USED' }] } }] },
    });
    expect(await post(formOf([['file', file()]]), { headers: { 'idempotency-key': 'x'.repeat(65) } })).toMatchObject({ status: 400 });
  });

  it('says the same no again when a refused file is sent again with the same key', async () => {
    const headers = { 'idempotency-key': 'bad' };
    const broken = () => formOf([['file', file(posts.png.subarray(0, 60))]]);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await post(broken(), { headers })).toMatchObject({ status: 422, body: { errors: [{ extensions: { code: 'CORRUPT' } }] } });
    }
  });

  it('finishes an upload that createImageUpload has opened with the same key', async () => {
    const upload = await posts.images.open(posts.alice, { contentType: 'image/png', size: posts.png.length, idempotencyKey: 'both' });
    expect((await post(formOf([['file', file()]]), { headers: { 'idempotency-key': 'both' } })).body.id).toBe(upload.id);
    const again = await posts.images.open(posts.alice, { contentType: 'image/png', size: posts.png.length, idempotencyKey: 'both' });
    expect(again.id).toBe(upload.id);
    expect((await posts.images.send(again, posts.png)).status).toBe(409);
    expect(await posts.images.complete(posts.alice, again.id)).toMatchObject({ __typename: 'ImagePayload', image: { id: upload.id } });
  });

  it('takes four more as soon as four are answered', async () => {
    const send = () => post(formOf([['file', file(Buffer.alloc(1_000_000))]]));
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(Array.from({ length: 4 }, send));
      expect(answers.map(({ status }) => status)).toEqual([415, 415, 415, 415]);
    }
  });

  it('says that an image was deleted whose form is sent again', async () => {
    const headers = { 'idempotency-key': 'gone' };
    const { body } = await post(formOf([['file', file()]]), { headers });
    await posts.images.ask(posts.alice, 'mutation ($id: ID!) { deleteImage(input: { id: $id }) { __typename } }', { id: body.id });
    expect(await post(formOf([['file', file()]]), { headers })).toMatchObject({ status: 404 });
  });

  it('says how much of the quota is used when a file does not fit, as createImageUpload does', async () => {
    const { body } = await post(formOf([['file', file()]]));
    const megabytes = (count: number) => count * 1024 * 1024;
    for (let index = 0; index < 19; index += 1) await posts.images.open(posts.alice, { contentType: 'image/png', size: megabytes(25) });
    const exceeded = { images: 20, bytes: megabytes(475) + Number(body.size), maxImages: 500, maxBytes: megabytes(500) };
    const fits = megabytes(25) - Number(body.size);

    expect(await post(formOf([['file', file(Buffer.alloc(fits + 1))]]))).toMatchObject({
      status: 409,
      body: { errors: [{ message: expect.stringContaining('500 MB'), extensions: { code: 'QUOTA_EXCEEDED', usage: exceeded } }] },
    });
    const { data } = await posts.images.ask(
      posts.alice,
      `mutation ($input: CreateImageUploadInput!) { createImageUpload(input: $input) {
        __typename ... on QuotaExceededError { code message usage { images bytes maxImages maxBytes } } } }`,
      { input: { contentType: 'image/png', size: fits + 1 } },
    );
    expect(data.createImageUpload).toMatchObject({ __typename: 'QuotaExceededError', code: 'QUOTA_EXCEEDED', usage: exceeded });
    await posts.images.open(posts.alice, { contentType: 'image/png', size: fits });
  });

  async function usage(person: string) {
    const { data } = await posts.images.ask(person, '{ imageUsage { images bytes } }');
    return data.imageUsage ?? {};
  }
});
