import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Picture } from '../pictures/picture.js';
import { createPictureCache } from './picture-cache.js';

describe('The cache of pictures', () => {
  let time: number;
  let asked: string[];
  let published: Map<string, Picture>;

  beforeEach(() => {
    time = 0;
    asked = [];
    published = new Map(['a', 'b', 'c'].map((name) => [name, picture(name)]));
  });

  const start = (capacity?: number) =>
    createPictureCache({
      pictures: {
        find: (name) => {
          asked.push(name);
          return Promise.resolve(published.get(name) ?? null);
        },
      },
      lifetimeMs: 3000,
      ...(capacity === undefined ? {} : { capacity }),
      now: () => time,
    });

  it('knows a deleted picture for 3 seconds, and no longer, however often it is asked for', async () => {
    const cache = start();
    await cache.find('a');
    published.delete('a');
    for (time = 0; time < 3000; time += 500) expect(await cache.find('a')).not.toBeNull();
    time = 2999;
    expect(await cache.find('a')).not.toBeNull();
    expect(asked).toEqual(['a']);
    time = 3000;
    expect(await cache.find('a')).toBeNull();
  });

  it('asks once for those who ask at the same time', async () => {
    const cache = start();
    const found = await Promise.all(Array.from({ length: 10 }, () => cache.find('a')));
    expect(new Set(found)).toEqual(new Set([published.get('a')]));
    expect(asked).toEqual(['a']);
  });

  it('remembers no names that do not exist, which are without number', async () => {
    const cache = start(2);
    await cache.find('a');
    for (let index = 0; index < 10; index += 1) expect(await cache.find(`none-${index}`)).toBeNull();
    await cache.find('a');
    expect(asked.filter((name) => name === 'a')).toHaveLength(1);
    published.set('none-1', picture('none-1'));
    expect(await cache.find('none-1')).not.toBeNull();
  });

  it('forgets the one that was used the longest ago when it is full', async () => {
    const cache = start(2);
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await cache.find(name);
    expect(asked).toEqual(['a', 'b', 'c', 'b']);
  });

  it('looks again when told to', async () => {
    const cache = start();
    await cache.find('a');
    cache.forget('a');
    await cache.find('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('asks again after a failure', async () => {
    let isDown = true;
    const cache = createPictureCache({
      pictures: { find: () => (isDown ? Promise.reject(new Error('the database is away')) : Promise.resolve(picture('a'))) },
    });
    await expect(cache.find('a')).rejects.toThrow('the database is away');
    isDown = false;
    expect(await cache.find('a')).toMatchObject({ id: 'a' });
  });
});

function picture(id: string): Picture {
  return {
    id,
    objectName: id,
    contentType: 'image/webp',
    size: 1,
    width: 1,
    height: 1,
    variants: [],
    placeholder: null,
    dominantColor: null,
  };
}
