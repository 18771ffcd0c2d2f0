import type { Expected } from '../actors.js';

/** Who sees it of a user whose account is disabled. The owner is signed in nowhere. */
export const whenDisabled: Readonly<Record<string, Expected>> = {
  disabledAt: { moderator: 'value', admin: 'value', others: 'null' },
  deletesAt: { others: 'null' },
};

/** Who sees it of a user who is about to be deleted. */
export const whenLeaving: Readonly<Record<string, Expected>> = {
  disabledAt: { others: 'null' },
  deletesAt: { owner: 'value', others: 'null' },
};
