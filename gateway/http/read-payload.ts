import { isUtf8 } from 'node:buffer';
import type { OperationPayload } from '../operations/accept-operation.js';
import { refuseRequest, type RequestRefusal } from './request-refusal.js';

export type ReadPayload = { readonly kind: 'payload'; readonly payload: OperationPayload } | RequestRefusal;

const parameterNames = ['query', 'documentId', 'id', 'operationName', 'variables', 'extensions'] as const;

/** What the body of a POST asks for, or a part of it that is called `name` in messages. */
export function readBodyPayload(body: Buffer, name = 'The body'): ReadPayload {
  if (body.length === 0) return badRequest(`${name} is empty: send a JSON object with a "query".`);
  // Replaced characters would make another value of what was sent.
  if (!isUtf8(body)) return badRequest(`${name} is not valid UTF-8.`);
  const text = body.toString('utf8');
  const parsed = parseJson(text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text);
  if (parsed.kind === 'invalid') return badRequest(`${name} is not valid JSON.`);
  const { value } = parsed;
  if (Array.isArray(value)) return badRequest('Lists of operations are not accepted: send each in a request of its own.');
  if (!isObject(value)) return badRequest(`${name} must be a JSON object with a "query".`);
  return readShape(value);
}

/** What the search part of a URL (empty, or with its `?`) asks for. */
export function readUrlPayload(search: string): ReadPayload {
  const parameters = new URLSearchParams(search);
  const given: Record<string, unknown> = {};
  for (const name of parameterNames) {
    const [value, another] = parameters.getAll(name);
    if (another !== undefined) return badRequest(`The parameter "${name}" stands in the URL more than once.`);
    // An empty parameter means the same as none (GraphQL over HTTP, 5.3).
    if (value === undefined || value === '') continue;
    if (name !== 'variables' && name !== 'extensions') {
      given[name] = value;
      continue;
    }
    const parsed = parseJson(value);
    if (parsed.kind === 'invalid') return badRequest(`The parameter "${name}" is not valid JSON.`);
    given[name] = parsed.value;
  }
  // Some clients of persisted documents call it so in URLs.
  return readShape({ ...given, documentId: given.documentId ?? given.id });
}

const byteOrderMark = 0xfeff;

function readShape({ query, documentId, operationName, variables, extensions }: Readonly<Record<string, unknown>>): ReadPayload {
  if (!isAbsent(query) && typeof query !== 'string') return wrongShape('query', 'a string');
  if (!isAbsent(documentId) && typeof documentId !== 'string') return wrongShape('documentId', 'a string');
  if (!isAbsent(operationName) && typeof operationName !== 'string') return wrongShape('operationName', 'a string or null');
  if (!isAbsent(variables) && !isObject(variables)) {
    return wrongShape('variables', typeof variables === 'string' ? 'an object or null, not JSON in a string' : 'an object or null');
  }
  if (!isAbsent(extensions) && !isObject(extensions)) return wrongShape('extensions', 'an object or null');
  return {
    kind: 'payload',
    payload: {
      query: query ?? undefined,
      documentId: documentId ?? undefined,
      operationName: operationName === '' ? undefined : (operationName ?? undefined),
      variables: variables ?? undefined,
      extensions: extensions ?? undefined,
    },
  };
}

function wrongShape(name: string, expected: string): RequestRefusal {
  return badRequest(`"${name}" must be ${expected}.`);
}

function badRequest(message: string): RequestRefusal {
  return refuseRequest(400, message);
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'invalid' } {
  try {
    return { kind: 'value', value: JSON.parse(text) as unknown };
  } catch {
    return { kind: 'invalid' };
  }
}
