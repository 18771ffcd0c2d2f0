/**
 * Whether a client would rather have AVIF than WebP, by its `Accept` (RFC 9110, 12.5.1). Only one that names AVIF: those who take
 * anything, or any image, are often too old to know it.
 */
export function prefersAvif(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const quality = new Map(accept.split(',').map(parseMediaRange));
  const avif = quality.get('image/avif') ?? 0;
  const webp = quality.get('image/webp') ?? quality.get('image/*') ?? quality.get('*/*') ?? 0;
  return avif > 0 && avif >= webp;
}

function parseMediaRange(text: string): [type: string, quality: number] {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
  // A weight that is none makes the whole range one that we do not understand.
  return [type, /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0];
}
