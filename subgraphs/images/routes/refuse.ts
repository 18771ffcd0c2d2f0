import type { FastifyReply } from 'fastify';
import { errorBody } from '../../../shared/http/server.js';

/** Why a request is refused. */
export interface Refusal {
  /** Of HTTP. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Stands beside the code. */
  readonly more?: object;
}

/** Answers one error, in the shape of a GraphQL error. */
export function refuse(reply: FastifyReply, { status, code, message, more = {} }: Refusal): FastifyReply {
  const { errors } = errorBody(code, message, reply.request.id);
  return reply.code(status).send({ errors: errors.map((error) => ({ ...error, extensions: { ...error.extensions, ...more } })) });
}
