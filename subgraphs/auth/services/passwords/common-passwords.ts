/** Used a lot where the list below was not collected: keyboards and words of other languages, letters written as signs. In lower case. */
const more = [
  'p@ssword',
  'p@ssw0rd',
  'pa$$word',
  'pa$$w0rd',
  'passwort',
  'hasło',
  'пароль',
  'йцукенг',
  'qwertzui',
  'qwertzuiop',
  'azertyuiop',
];

export interface CommonPasswords {
  /** `password` in lower case. */
  has(password: string): boolean;
}

/**
 * The 49,000 passwords that people choose most, of `@zxcvbn-ts/language-common`. Read at the first question (about 40 ms, 6 MB), since
 * most processes never ask.
 */
export function createCommonPasswords(): () => Promise<CommonPasswords> {
  let loading: Promise<CommonPasswords> | undefined;
  return () => {
    loading ??= load();
    return loading;
  };
}

async function load(): Promise<CommonPasswords> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set([...dictionary['passwords-common'].map((password) => password.toLowerCase()), ...more]);
}
