import { describe, expect, it } from '@jest/globals';
import { emptyHeaders } from './headers.js';
import { claimsOf, createNotebook, placeholders } from './notes.js';

function memoryStorage() {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

const signIn = (accessToken: string) => ({ data: { login: { accessToken } } });

describe('The notebook', () => {
  it.each([
    null,
    'text',
    {},
    { data: null },
    { data: { me: null } },
    { data: { login: { accessToken: 7 } } },
    { errors: [{ message: 'no' }] },
  ])('learns nothing from %j', (answer) => {
    const notebook = createNotebook(memoryStorage());
    notebook.read(answer);
    expect(notebook.fillHeaders(emptyHeaders)).toBe(emptyHeaders);
  });

  it('never touches a token that somebody typed', () => {
    const notebook = createNotebook(memoryStorage());
    notebook.read(signIn('mine'));
    expect(notebook.fillHeaders('{"Authorization": "Bearer typed"}')).toBe('{"Authorization": "Bearer typed"}');
  });

  it('puts the latest token where there was none, or its own earlier one, and takes it away again', () => {
    const notebook = createNotebook(memoryStorage());
    notebook.read(signIn('first'));
    const filled = notebook.fillHeaders('{"x-a": "1", "authorization": "Bearer "}');
    expect(filled).toBe('{"x-a": "1", "authorization": "Bearer first"}');
    notebook.read(signIn('second'));
    expect(notebook.fillHeaders(filled)).toBe('{"x-a": "1", "authorization": "Bearer second"}');
    notebook.forgetToken();
    expect(notebook.fillHeaders(filled)).toBe('{"x-a": "1", "authorization": "Bearer "}');
  });

  it('remembers the token over a reload, and forgets it when told', () => {
    const storage = memoryStorage();
    createNotebook(storage).read(signIn('kept'));
    expect(createNotebook(storage).get().accessToken).toBe('kept');
    createNotebook(storage).forgetToken();
    expect(createNotebook(storage).get().accessToken).toBeNull();
  });

  it('replaces only the placeholders that it knows an id for', () => {
    const notebook = createNotebook(memoryStorage());
    notebook.read({ data: { userByUsername: { id: 'user-1' } } });
    expect(notebook.fillVariables(JSON.stringify(placeholders))).toBe(JSON.stringify({ ...placeholders, userId: 'user-1' }));
    notebook.read({ data: { completeImageUpload: { image: { id: 'image-1' } } } });
    expect(notebook.fillVariables(placeholders.imageId)).toBe('image-1');
  });

  it('tells its listeners of every change until they leave', () => {
    const notebook = createNotebook(memoryStorage());
    const tokens: (string | null)[] = [];
    const leave = notebook.subscribe(() => tokens.push(notebook.get().accessToken));
    notebook.read(signIn('one'));
    leave();
    notebook.read(signIn('two'));
    expect(tokens).toEqual(['one']);
  });
});

describe('Claims for showing', () => {
  it.each(['', 'no-jwt', 'a.b.c', `a.${btoa('{"sub":"1"}')}.c`])('are none in "%s"', (token) => {
    expect(claimsOf(token)).toBeNull();
  });

  it('are the name and the expiry in milliseconds, in any script', () => {
    const payload = Buffer.from(JSON.stringify({ username: 'Zoë', exp: 1_800_000_000 })).toString('base64url');
    expect(claimsOf(`e30.${payload}.sig`)).toEqual({ username: 'Zoë', expiresAt: 1_800_000_000_000 });
  });
});
