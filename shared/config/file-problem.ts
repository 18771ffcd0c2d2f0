/** Why a file cannot be read, in words for who named it. */
export function fileProblem(error: unknown): string {
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; message?: unknown };
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a folder, not a file';
    case 'EACCES':
    case 'EPERM':
      return 'the user of this process may not read it';
    default:
      return typeof message === 'string' ? message : String(error);
  }
}
