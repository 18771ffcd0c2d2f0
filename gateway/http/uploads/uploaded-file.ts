/** Stands for a file of a form where it is meant in the variables of an operation; its bytes are told apart by it. A class for its identity. */
export class UploadedFile {
  /** Of its field in the form, as the client says. */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** What the protocol has in the place of a file. */
  toJSON(): null {
    return null;
  }
}

/** Where each file is in `variables`, as paths that begin with the name of a variable. */
export function findFiles(variables: Readonly<Record<string, unknown>>): ReadonlyMap<UploadedFile, readonly string[]> {
  const found = new Map<UploadedFile, string[]>();
  const find = (value: unknown, path: string): void => {
    if (value instanceof UploadedFile) {
      const paths = found.get(value);
      if (paths === undefined) found.set(value, [path]);
      else paths.push(path);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) find(item, `${path}.${key}`);
    }
  };
  for (const [name, value] of Object.entries(variables)) find(value, name);
  return found;
}
