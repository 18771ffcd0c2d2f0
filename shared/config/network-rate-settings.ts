import { defaultNumbers, type NumbersOf } from './number-settings.js';

const most = 1_000_000;

/**
 * What one network may do in auth, each in its own time (throttles.ts). Generous, because a school or a café is one network; what is strict is
 * counted per account. All of them times `RATE_LIMIT_SCALE`.
 */
export const networkRateSettings = {
  // More are never tried: all networks together may try 3,000.
  'wrong passwords': { variable: 'RATE_LIMIT_WRONG_PASSWORDS', otherwise: 100, most: 3_000, about: 'Wrong passwords in a minute.' },
  registrations: { variable: 'RATE_LIMIT_REGISTRATIONS', otherwise: 500, most, about: 'Registrations in an hour.' },
  refreshes: { variable: 'RATE_LIMIT_REFRESHES', otherwise: 1200, most, about: 'Refreshed sessions in a minute.' },
  'guest sign-ins': { variable: 'RATE_LIMIT_GUEST_SIGN_INS', otherwise: 300, most, about: 'Sign-ins of guests in a minute.' },
  'second factors': { variable: 'RATE_LIMIT_SECOND_FACTORS', otherwise: 100, most, about: 'Tries at second factors in a minute.' },
  'passkey sign-ins': { variable: 'RATE_LIMIT_PASSKEY_SIGN_INS', otherwise: 300, most, about: 'Sign-ins by passkey in a minute.' },
  'mail requests': { variable: 'RATE_LIMIT_MAIL_REQUESTS', otherwise: 60, most, about: 'Mails asked for in an hour.' },
  'mailed tokens': { variable: 'RATE_LIMIT_MAILED_TOKENS', otherwise: 100, most, about: 'Tries at tokens from mails in a minute.' },
  'username look-ups': {
    variable: 'RATE_LIMIT_USERNAME_LOOKUPS',
    otherwise: 120,
    most,
    about: 'Questions whether a name is free in a minute.',
  },
} as const;

export type NetworkRates = NumbersOf<typeof networkRateSettings>;

export const defaultNetworkRates: NetworkRates = defaultNumbers(networkRateSettings);
