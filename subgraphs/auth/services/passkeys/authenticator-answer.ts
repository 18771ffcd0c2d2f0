import { z } from 'zod';

/** More than any authenticator has to say: an attestation with its certificates takes some 5,000. */
const maximumLength = 65_536;
const text = z.string().max(maximumLength);
const base64url = text.regex(/^[\w-]+$/);
const common = {
  id: base64url.max(1_400),
  rawId: base64url.max(1_400),
  type: z.literal('public-key'),
};

const registration = z.object({
  ...common,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z.array(z.string().max(32)).max(10).optional(),
  }),
});

const login = z.object({
  ...common,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.nullish(),
  }),
});

/** A credential as `PublicKeyCredential.toJSON()` writes it, without what nobody here reads. */
export type RegistrationAnswer = z.output<typeof registration>;
export type LoginAnswer = z.output<typeof login>;

/** Null when `value` is nothing of the kind. */
export function parseRegistrationAnswer(value: unknown): RegistrationAnswer | null {
  return registration.safeParse(value).data ?? null;
}

export function parseLoginAnswer(value: unknown): LoginAnswer | null {
  return login.safeParse(value).data ?? null;
}
