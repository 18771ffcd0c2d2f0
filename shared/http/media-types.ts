/** What a GraphQL response may be written as. Both are the same JSON. */
export const responseTypes = ['application/json', 'application/graphql-response+json'] as const;
export type ResponseType = (typeof responseTypes)[number];

/** As they stand in `content-type`. */
export const contentTypes: Readonly<Record<ResponseType, string>> = {
  'application/json': 'application/json; charset=utf-8',
  'application/graphql-response+json': 'application/graphql-response+json; charset=utf-8',
};

/** Answers in which one result follows the other. */
export type StreamType = 'text/event-stream' | 'multipart/mixed';

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * The type in which a client with this `Accept` header wants its answer (RFC 9110, 12.5.1): the one it likes best, of equals the one that it
 * names first. Undefined when it can read neither.
 */
export function negotiate(accept: string | undefined): ResponseType | undefined {
  // What nearly everybody sends.
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return 'application/json';
  const ranges = accept.split(',').map(readMediaRange).filter(isReadable);
  let best: { readonly type: ResponseType; readonly quality: number; readonly place: number } | undefined;
  for (const type of responseTypes) {
    const place = mostSpecific(ranges, type);
    const range = ranges[place];
    if (range === undefined) continue;
    const quality = qualityOf(range);
    if (quality <= 0) continue;
    if (best === undefined || quality > best.quality || (quality === best.quality && place < best.place)) best = { type, quality, place };
  }
  return best?.type;
}

/**
 * In what a client with this `Accept` header can read results that follow each other: the one that it likes best. Only what it names itself
 * counts: nobody who takes everything waits for an answer that does not end. `multipart/mixed` must name the protocol too, since it is others' as well.
 */
export function negotiateStream(accept: string | undefined): StreamType | undefined {
  // What nearly everybody sends who wants none.
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return undefined;
  const best = accept
    .split(',')
    .map(readMediaRange)
    .map((range) => ({ type: streamTypeOf(range), quality: qualityOf(range) }))
    .filter(({ type, quality }) => type !== undefined && quality > 0)
    // Of equals the one that is named first.
    .sort((one, other) => other.quality - one.quality)[0];
  return best?.type;
}

/**
 * Whether a client with this `Accept` header takes one answer in parts, and likes it as much as a whole one. `multipart/mixed` without any
 * parameter means the only protocol that there was before there were several; whoever names another, whatever it is, may not read ours.
 */
export function acceptsParts(accept: string | undefined): boolean {
  if (accept?.toLowerCase().includes('multipart/mixed') !== true) return false;
  const ranges = accept.split(',').map(readMediaRange);
  const parts = ranges.filter(isOfParts).map(qualityOf);
  const wholes = responseTypes
    .map((type) => ranges[mostSpecific(ranges, type)])
    .map((range) => (range === undefined ? 0 : qualityOf(range)));
  const best = Math.max(0, ...parts);
  return best > 0 && best >= Math.max(...wholes);
}

function isOfParts({ type, parameters }: MediaRange): boolean {
  if (type !== 'multipart/mixed') return false;
  const protocol = parameters.get('deferspec');
  return protocol === '20220824' || (protocol === undefined && [...parameters.keys()].every((name) => name === 'q'));
}

function streamTypeOf({ type, parameters }: MediaRange): StreamType | undefined {
  if (type === 'text/event-stream') return type;
  return type === 'multipart/mixed' && parameters.get('subscriptionspec') === '1.0' ? type : undefined;
}

/** Whether a body of this type is JSON in UTF-8, the only thing that is read here. */
export function isJson(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true;
  const { type, parameters } = readMediaRange(contentType ?? '');
  return type === 'application/json' && isUtf8Name(parameters.get('charset'));
}

/** Type and subtype in small letters, without parameters; empty without a header. */
export function mediaTypeOf(contentType: string | undefined): string {
  return readMediaRange(contentType ?? '').type;
}

/** Where in the list `type` is meant best: by its name, by `application/*`, by everything. */
function mostSpecific(ranges: readonly MediaRange[], type: ResponseType): number {
  for (const name of [type, 'application/*', '*/*']) {
    const place = ranges.findIndex((range) => range.type === name);
    if (place !== -1) return place;
  }
  return -1;
}

/** We write UTF-8 only. */
function isReadable({ parameters }: MediaRange): boolean {
  return isUtf8Name(parameters.get('charset'));
}

function isUtf8Name(charset: string | undefined): boolean {
  return charset === undefined || charset === 'utf-8' || charset === 'utf8';
}

function qualityOf({ parameters }: MediaRange): number {
  const quality = Number(parameters.get('q') ?? 1);
  return Number.isNaN(quality) ? 0 : quality;
}

function readMediaRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';');
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const at = parameter.indexOf('=');
    if (at === -1) continue;
    const value = parameter.slice(at + 1).trim();
    parameters.set(parameter.slice(0, at).trim().toLowerCase(), value.replace(/^"(.*)"$/, '$1').toLowerCase());
  }
  return { type: type.trim().toLowerCase(), parameters };
}
