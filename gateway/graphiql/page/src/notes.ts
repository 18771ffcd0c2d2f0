/** Values that an example asks for as placeholders, and that the page takes from the answers before it. */
export interface Notes {
  /** The latest answer's access token; kept for as long as this browser tab is open. */
  accessToken: string | null;
  userId: string | null;
  uploadId: string | null;
  imageId: string | null;
}

export const placeholders = {
  userId: '<id from FindPeople>',
  uploadId: '<id from CreateImageUpload>',
  imageId: '<id from CompleteImageUpload>',
} as const;

export interface Notebook {
  readonly get: () => Notes;
  /** Takes down what later examples need from an answer to `register`, `login`, `refreshSession`, `userByUsername` and the uploads. */
  readonly read: (answer: unknown) => void;
  readonly forgetToken: () => void;
  readonly subscribe: (listener: () => void) => () => void;
  /** `text` of the Headers tab with the latest token where there is none, or one that this page put there before. */
  readonly fillHeaders: (text: string) => string;
  /** `text` of the Variables tab with every known placeholder replaced. */
  readonly fillVariables: (text: string) => string;
}

const storageKey = 'galaxia:access-token';

/** `storage` should end with the browser tab (`sessionStorage`): two tabs can then be two people. */
export function createNotebook(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): Notebook {
  let notes: Notes = { accessToken: storage.getItem(storageKey), userId: null, uploadId: null, imageId: null };
  const ownTokens = new Set(notes.accessToken === null ? [] : [notes.accessToken]);
  const listeners = new Set<() => void>();

  function change(changes: Partial<Notes>): void {
    notes = { ...notes, ...changes };
    if (notes.accessToken === null) storage.removeItem(storageKey);
    else {
      ownTokens.add(notes.accessToken);
      storage.setItem(storageKey, notes.accessToken);
    }
    for (const listener of listeners) listener();
  }

  return {
    get: () => notes,
    read(answer) {
      const data = at(answer, 'data');
      const fields = typeof data === 'object' && data !== null ? Object.values(data) : [];
      const accessToken = fields.map((field) => textAt(field, 'accessToken')).find((token) => token !== null);
      const found: Partial<Notes> = {
        ...(accessToken && { accessToken }),
        ...pick('userId', textAt(data, 'userByUsername', 'id')),
        ...pick('uploadId', textAt(data, 'createImageUpload', 'id')),
        ...pick('imageId', textAt(data, 'completeImageUpload', 'image', 'id')),
      };
      if (Object.keys(found).length > 0) change(found);
    },
    forgetToken: () => change({ accessToken: null }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    fillHeaders: (text) =>
      text.replace(/("authorization"\s*:\s*"Bearer) *([^"]*)"/i, (whole, start: string, token: string) =>
        token === '' || ownTokens.has(token) ? `${start} ${notes.accessToken ?? ''}"` : whole,
      ),
    fillVariables: (text) =>
      Object.entries(placeholders).reduce(
        (filled, [name, placeholder]) => filled.replaceAll(placeholder, notes[name as keyof typeof placeholders] ?? placeholder),
        text,
      ),
  };
}

/** Who a JWT speaks of and until when (ms); for showing only, nothing is verified. Null when it is no JWT. */
export function claimsOf(token: string): { username: string; expiresAt: number } | null {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const claims: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (char) => char.charCodeAt(0))));
    const expires = at(claims, 'exp');
    return typeof expires === 'number' ? { username: textAt(claims, 'username') ?? 'someone', expiresAt: expires * 1000 } : null;
  } catch {
    return null;
  }
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (here, key) => (typeof here === 'object' && here !== null ? Object.getOwnPropertyDescriptor(here, key)?.value : undefined),
    value,
  );
}

function textAt(value: unknown, ...path: string[]): string | null {
  const found = at(value, ...path);
  return typeof found === 'string' && found !== '' ? found : null;
}

function pick(name: keyof Notes, value: string | null): Partial<Notes> {
  return value === null ? {} : { [name]: value };
}
