import { defaultNumbers, type NumbersOf } from '../../shared/config/number-settings.js';

export const httpSettings = {
  maxBodyBytes: {
    variable: 'MAX_BODY_BYTES',
    otherwise: 1024 * 1024,
    most: 1_000_000_000,
    about: 'Bytes of the body of a request, its files excepted.',
  },
} as const;

export type HttpLimits = NumbersOf<typeof httpSettings>;

export const defaultHttpLimits: HttpLimits = defaultNumbers(httpSettings);
