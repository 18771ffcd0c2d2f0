import type { FieldProblem } from '../../../../shared/errors/invalid-input.js';

/** In characters (code points). */
const maximumDeviceLength = 100;

export function findDeviceProblem(device: string | null | undefined): FieldProblem | null {
  if (device === null || device === undefined || Array.from(device).length <= maximumDeviceLength) return null;
  return { path: 'device', code: 'TOO_LONG', message: `The name of a device has at most ${String(maximumDeviceLength)} characters.` };
}

/**
 * The name under which a sign-in stands in the list of sessions: what the client says, else its `User-Agent`, else null. Free of control
 * characters and lone surrogates, which Postgres refuses and terminals obey.
 */
export function deviceLabel(device: string | null | undefined, userAgent: string | undefined): string | null {
  return tidy(device ?? '') ?? tidy(userAgent ?? '');
}

function tidy(text: string): string | null {
  const clean = text
    .slice(0, 1000)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, ' ')
    .trim();
  return clean === '' ? null : Array.from(clean).slice(0, maximumDeviceLength).join('');
}
