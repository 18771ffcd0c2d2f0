import { ConfigurationError } from '../config/environment.js';
import { DataDirInUseError } from '../database/embedded/data-dir-lock.js';

/** What the operator can mend of a failed start, in a sentence; undefined for anything else. */
export function explainStart(error: unknown): string | undefined {
  if (error instanceof ConfigurationError || error instanceof DataDirInUseError) return error.message;
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const [port, address, host] = [textOf(error, 'port'), textOf(error, 'address'), textOf(error, 'hostname')];
  switch (error.code) {
    case 'EADDRINUSE':
      return port && `Port ${port} is in use: stop the program that has it, or set PORT to another one.`;
    case 'EACCES':
      return port && `Port ${port} may not be used by this user: set PORT to one above 1023.`;
    case 'EADDRNOTAVAIL':
      return textOf(error, 'syscall') === 'listen'
        ? `${address} is no address of this machine: set HOST to one that is, or to 0.0.0.0 for all.`
        : undefined;
    case 'ENOTFOUND':
      return host && `No machine is known by the name "${host}": look at the setting that has it, such as HOST.`;
    default:
      return undefined;
  }
}

function textOf(error: object, name: string): string | undefined {
  const value = (error as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
