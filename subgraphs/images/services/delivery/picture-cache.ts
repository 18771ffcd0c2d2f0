import type { PublishedPictures } from '../pictures/picture-repository.js';
import type { Picture } from '../pictures/picture.js';

export interface PictureCache extends PublishedPictures {
  /** Makes the next `find` look again. */
  forget(imageName: string): void;
}

export interface PictureCacheOptions {
  readonly pictures: PublishedPictures;
  /** For how long an answer is good, in ms: a deleted image is gone after that. */
  readonly lifetimeMs?: number;
  /** How many images are remembered, about 1 kB each. */
  readonly capacity?: number;
  readonly now?: () => number;
}

interface Entry {
  readonly found: Promise<Picture | null>;
  readonly goodUntil: number;
}

/** Remembers the pictures asked for last, so that a popular one costs a query every few seconds and not one for each of its viewers. */
export function createPictureCache({ pictures, lifetimeMs = 3000, capacity = 5000, now = Date.now }: PictureCacheOptions): PictureCache {
  // In the order of their last use: a Map keeps that of insertion.
  const entries = new Map<string, Entry>();

  function remember(imageName: string, entry: Entry): void {
    entries.delete(imageName);
    entries.set(imageName, entry);
    if (entries.size <= capacity) return;
    for (const oldest of entries.keys()) {
      entries.delete(oldest);
      return;
    }
  }

  function look(imageName: string): Entry {
    // As of the question: the answer may be as old as that.
    const entry: Entry = { found: pictures.find(imageName), goodUntil: now() + lifetimeMs };
    const drop = () => {
      if (entries.get(imageName) === entry) entries.delete(imageName);
    };
    // Names that do not exist are without number, and whoever invents them must not push out those that do.
    entry.found.then((picture) => {
      if (picture === null) drop();
    }, drop);
    return entry;
  }

  return {
    find(imageName) {
      const known = entries.get(imageName);
      const entry = known !== undefined && known.goodUntil > now() ? known : look(imageName);
      remember(imageName, entry);
      return entry.found;
    },
    forget(imageName) {
      entries.delete(imageName);
    },
  };
}
