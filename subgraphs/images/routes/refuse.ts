import type { FastifyReply } from 'fastify';
import { errorBody } from '../../../shared/http/server.js';

/** Answers one error, in the shape of a GraphQL error; `more` stands beside its code. */
export function refuse(reply: FastifyReply, status: number, code: string, message: string, more: object = {}): FastifyReply {
  const { errors } = errorBody(code, message, reply.request.id);
  return reply.code(status).send({ errors: errors.map((error) => ({ ...error, extensions: { ...error.extensions, ...more } })) });
}
